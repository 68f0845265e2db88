//! The management API over HTTP: what an operator scripts against, on a port of its own.
//!
//! What it is: `/admin/v1/…` as a library that the server mounts. Each operation is one file: what
//! can go wrong, the handler, its description. Who may call it is the type of the handler's first
//! argument (`principal`); routes and OpenAPI document come from one list (`routes`).
//!
//! What it is not: rules of OAuth (`protocol`), SQL (`store`), or anything the public port serves.
//!
//! How to add one more operation: CONTRIBUTING.md, "Add an admin endpoint".

mod admin_keys;
mod api;
mod audit;
mod audit_events;
mod change;
mod client_secrets;
mod clients;
mod consents;
mod docs;
mod document;
mod grants;
mod initial_access_tokens;
mod installation;
mod key_sets;
mod known_clients;
mod names;
mod operation;
mod page;
mod principal;
mod problem;
mod refused_resources;
mod request;
mod resource_credentials;
mod resources;
mod routes;
mod secret;
mod signing_keys;
mod tenants;
#[cfg(test)]
mod testing;
mod token_reuses;
mod users;
mod wire;

pub use api::{AdminApiSettings, Api};
pub use audit::RequestId;
pub use document::{openapi, openapi_json};
pub use routes::configure;
