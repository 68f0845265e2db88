//! The audit: what authenticated parties did, as rows.
//!
//! Sign-ins, consents, revocations, reuse and everything of the admin API are rows in the
//! transaction of the thing itself. Tokens that are issued go through the batcher, so that a grant
//! of client credentials needs no transaction of its own.
//!
//! What it is not: a log of errors. What happens before anybody authenticated is not recorded here.
//!
//! To add one more event: a variant of [`EventType`] with its name, an [`AuditEvent`] where it happens.

mod batcher;
pub mod erasure;
mod event;
mod origin;

pub use batcher::AuditBatcher;
pub use event::{Actor, AuditEvent, EventType, Target};
pub use origin::Origin;
