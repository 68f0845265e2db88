//! The OAuth rules of Writ, pure: what a request means, what it may get, and which error it deserves.
//!
//! Not here: clocks, random numbers, HTTP, SQL, signatures. Every rule takes what it needs as values
//! (`now`, what was read) and answers with a decision; the rooms above read before and write after.
//!
//! To add a rule: one file named after the thing (the same word in `store`, `server` and `tests`), its
//! own precise error enum with an exhaustive `code()`, its tests beside it, a row in `docs/conformance.md`.

pub mod admin;
pub mod authorization;
pub mod bearer;
pub mod client;
pub mod clock;
pub mod device;
pub mod domain;
pub mod dpop;
pub mod error_code;
pub mod folding;
pub mod ids;
pub mod introspection;
pub mod issuer;
pub mod issuer_host;
pub mod mcp;
pub mod metadata;
pub mod openid;
pub mod parameters;
pub mod pkce;
pub mod random;
pub mod redirect_uri;
pub mod resource;
pub mod revocation;
pub mod revocation_feed;
pub mod scope;
pub mod secret;
pub mod signing_algorithm;
pub mod signing_key_schedule;
pub mod strict_json;
pub mod token;
pub mod user;
pub mod webhook;

#[cfg(test)]
mod test_support;

pub use admin::{AdminObject, AdminRole, AdminScope, AdminScopes};
pub use clock::{Clock, Timestamp};
pub use dpop::JwkThumbprint;
pub use error_code::{ErrorCode, OAuthError};
pub use ids::{
    AdminKeyId, ClientId, ClientKey, CredentialId, DecisionId, EventId, FamilyId, GrantId,
    IssuerHostId, MembershipId, PendingId, RefusedIndicatorId, ResourceId, SessionId, Slug,
    Subject, TenantId, TokenId, UserId, WebhookId,
};
pub use issuer::{Issuer, IssuerLocation};
pub use parameters::Parameters;
pub use random::Random;
pub use scope::ScopeSet;
pub use secret::SecretText;
pub use signing_algorithm::SigningAlgorithm;
pub use user::{AttributeValue, GroupName, UserAttributes};
