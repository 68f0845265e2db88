//! What Writ knows and decides at run time: fresh caches, the key ring, who may do what, and the
//! issuing and verifying of tokens.
//!
//! What it is: the rules of `protocol` joined with the rows of `store` and the keys of `crypto`.
//! An operation here reads, lets a pure rule decide, and writes once, guarded; the HTTP rooms above
//! turn a request into a call and an error into an answer, and nothing more.
//!
//! What it is not: HTTP, SQL, Redis commands or the way out to other hosts (`outbound`). Time and randomness come in
//! through [`Authority`]'s clock and random.
//!
//! How to add one more operation: the rule in `protocol`, the statement in `store`, one file here
//! with the error enum, then the function, then its tests.

pub mod audit;
mod authority;
mod batches;
pub mod browser_sessions;
pub mod client_authentication;
pub mod client_documents;
mod client_keys;
pub mod decisions;
pub mod device;
pub mod digests;
pub mod directory;
pub mod dpop;
pub mod freshness;
pub mod grants;
pub mod issue;
pub mod issuer_hosts;
pub mod key_ring;
pub mod limits;
pub mod login;
pub mod logout;
pub mod mcp_tools;
pub mod metrics;
pub mod policy;
pub mod published;
mod refused_resources;
pub mod revocation_feed;
pub mod revocations;
mod sightings;
pub mod signing_key_rotation;
pub mod system_tenant;
pub mod tokens;
mod tolerances;
pub mod userinfo;
pub mod verify;
pub mod webhooks;

pub use authority::{Authority, AuthorityError, AuthoritySettings};
