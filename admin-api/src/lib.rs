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
mod answer;
mod api;
mod audit;
mod audit_events;
mod call;
mod change;
mod client_secrets;
mod clients;
mod consents;
mod decisions;
mod docs;
mod document;
mod etag;
mod grants;
mod groups;
mod guard_rails;
mod idempotency;
mod initial_access_tokens;
mod installation;
mod issuer_hosts;
mod key_sets;
mod known_clients;
mod memberships;
mod mutation;
mod names;
mod nearest;
mod objects;
mod operation;
mod page;
mod policies;
mod principal;
mod problem;
mod quotas;
mod reading;
mod refused_resources;
mod request;
mod resource_credentials;
mod resource_tools;
mod resources;
mod routes;
mod secret;
mod sign_in;
mod signing_keys;
mod tenant_admin_keys;
mod tenant_documents;
mod tenant_memberships;
mod tenant_names;
mod tenants;
#[cfg(test)]
mod testing;
mod text;
mod token_reuses;
mod user_sessions;
mod users;
mod webhook_deliveries;
mod webhooks;
mod wire;

pub use api::{AdminApiSettings, Api};
pub use audit::RequestId;
pub use document::{openapi, openapi_json};
pub use nearest::to as nearest_name;
pub use routes::configure;
