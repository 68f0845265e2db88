//! What a change says besides its path and its body: that it is only tried, which version it means, and that it may
//! be a repetition.
//!
//! Each is read here once, for every operation that writes; [`crate::mutation`] acts on it.

use crate::etag::Condition;
use crate::idempotency::IdempotentCall;
use crate::problem::Problem;
use crate::request::Incoming;

/// Nothing said: done at once, whatever the version.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// `?dry_run=true`: everything is done, and undone.
    pub is_dry_run: bool,
    pub if_match: Option<Condition>,
    /// None in a dry run: nothing of it is kept.
    pub idempotent: Option<IdempotentCall>,
}

impl Call {
    pub async fn read(incoming: &mut Incoming) -> Result<Self, Problem> {
        let is_dry_run = incoming.take_dry_run()?;
        let if_match = Condition::if_match(&incoming.http)?;
        let idempotent = match IdempotentCall::read(incoming).await? {
            Some(call) if !is_dry_run => Some(call),
            _ => None,
        };
        Ok(Self {
            is_dry_run,
            if_match,
            idempotent,
        })
    }
}
