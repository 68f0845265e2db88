//! Clients that are due to be told of an ended session.

use std::time::Duration;

use authority::Authority;
use store::{DueWorkKind, StoreError};

use super::told_elsewhere::{self, Telling};

/// A person who has signed out should not find themselves signed in elsewhere for long.
pub const INTERVAL: Duration = Duration::from_secs(5);

const TELLING: Telling = Telling {
    kind: DueWorkKind::LogoutNotices,
    // Each takes some seconds at most.
    lease: Duration::from_mins(1),
    failure: "no client could be told of a sign-out",
};

pub async fn run(authority: &Authority) -> Result<(), StoreError> {
    told_elsewhere::run(authority, &TELLING, Authority::deliver_logout_notices).await
}
