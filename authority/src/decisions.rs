//! Where the flows ask the policies, and what they make of the answer.
//!
//! What it is: a question put together from what a flow has at hand (`question`), the answer made into what may be
//! had (`settled`), and a trace of it that an administrator finds by the request's `error_id` (`trace`, `recorder`).
//! What the rules of OAuth refuse before leaves a trace as well (`refused`).
//! `explain` asks the same without issuing anything, `simulate` asks again what was asked before.
//!
//! What it is not: the policies themselves (`policy`), the rules of OAuth that narrow before them (`protocol::scope`),
//! or the audit: what is here goes after a while, and is lost before a request waits for it.
//!
//! To add one more point of decision: a function beside [`Authority::decide_authorization`] that asks and records,
//! its caller, a row in docs/policies.md.

mod authorization;
mod explain;
mod facts;
mod issue;
mod question;
mod recorder;
mod refused;
mod registration;
mod settled;
mod simulate;
mod trace;

pub use authorization::AuthorizationQuestion;
pub use explain::{Check, CheckResult, Explanation, WhatIf};
pub use recorder::DecisionRecorder;
pub use refused::RuleRefusal;
pub use registration::RegistrationGround;
pub use settled::{Settled, Settlement};
pub use simulate::{
    Difference, MAX_SIMULATED, ScopeDifference, Simulation, SimulationPlace, Simulations,
};
pub use trace::{PolicyCheck, TraceCheck};

pub(crate) use authorization::lost_at_token;
pub(crate) use issue::IssueQuestion;

use protocol::ErrorCode;
use protocol::error_code::ProtocolError;

/// The policies of the tenant stand against it. Never `invalid_grant`: the grant is as good as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    #[error(
        "the policies of this tenant do not allow it; its administrator finds out why by the reference {reference}"
    )]
    Denied { reference: String },
    /// Nobody is there who could: a new authorization begins with a sign-in.
    #[error(
        "the policies of this tenant ask for a new sign-in first; begin a new authorization (reference {reference})"
    )]
    SignInNeeded { reference: String },
}

impl ProtocolError for PolicyRefusal {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Denied { .. } | Self::SignInNeeded { .. } => ErrorCode::AccessDenied,
        }
    }
}
