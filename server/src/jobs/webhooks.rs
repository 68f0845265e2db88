//! Webhooks that are due to be told of what happened.

use std::time::Duration;

use authority::Authority;
use store::{DueWorkKind, StoreError};

use super::told_elsewhere::{self, Telling};

/// Whoever automates something waits for this.
pub const INTERVAL: Duration = Duration::from_secs(2);

const TELLING: Telling = Telling {
    kind: DueWorkKind::WebhookDeliveries,
    // Each takes half a minute at most.
    lease: Duration::from_mins(3),
    failure: "no webhook could be told of anything",
};

pub async fn run(authority: &Authority) -> Result<(), StoreError> {
    told_elsewhere::run(authority, &TELLING, Authority::deliver_webhooks).await
}
