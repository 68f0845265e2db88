//! The authorization endpoint: from a request to a code.
//!
//! `checks` is the ordered list that a request goes through, `pending` what a valid one becomes,
//! `next_step` the one dispatcher between its steps, `placement` the table of where an error is shown,
//! `destination` where the answer goes, `pushed` a request that came by RFC 9126, `consent` what must be asked, `authorization_code` the rule of redeeming, `proof` what that takes beside
//! the code, `step_up` whether asking for more gains anything.

pub mod authorization_code;
pub mod checks;
pub mod consent;
pub mod destination;
pub mod next_step;
pub mod pending;
pub mod placement;
mod proof;
pub mod pushed_request;
pub mod request;
pub mod response;
pub mod step_up;

pub use authorization_code::{AuthorizationCode, RedeemError, Redemption};
pub use checks::{AuthorizationContext, AuthorizeError, PageError, RedirectError, check};
pub use destination::Destination;
pub use next_step::{BrowserState, NextStep, SignedIn, next_step};
pub use pending::{ConsentOutcome, PendingAuthorization, Refusal};
pub use placement::{Placement, place};
pub use proof::ProofOfPossession;
pub use pushed_request::PushedRequest;
pub use request::{AuthorizationRequest, Prompts};
pub use response::AuthorizationResponse;
