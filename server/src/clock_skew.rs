//! How far our clock is from PostgreSQL's. Codes, tokens and what is removed as ended all go by the clock, on
//! every replica: two that disagree would undo one another (rows D5, F7).

use std::time::Duration;

use authority::Authority;
use store::StoreError;

pub(crate) async fn read(authority: &Authority) -> Result<Duration, StoreError> {
    let theirs = authority.database().read_clock().await?;
    let ours = authority.now();
    Ok(ours
        .saturating_since(theirs)
        .max(theirs.saturating_since(ours)))
}
