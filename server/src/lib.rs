//! The authorization server over HTTP, and the one binary `writ`.
//!
//! What it is: URLs, headers, bodies, pages, logs. A request walks through these rooms in order:
//! `application` (sockets) → `dispatch` (one request from outside to answer) → `routes` (which
//! endpoint) → `tenancy` (whose) → the endpoint's own file.
//!
//! What it is not: rules of OAuth (`protocol`), decisions (`authority`), SQL (`store`). A handler
//! reads a request, makes one call, and turns the outcome into an answer.
//!
//! How to add one more endpoint: what the head of [`routes`] names, a file named after the feature
//! with its handler and its OpenAPI description, a line in [`openapi`], a test over HTTP, a row in `docs/conformance.md`.

pub mod application;
pub mod authorize;
pub mod cli;
mod client_logo;
mod clock_skew;
pub mod config;
mod device_authorization;
mod discovery;
mod dispatch;
mod health;
pub mod http;
mod index;
mod introspection;
mod isolation;
pub mod jobs;
mod jwks;
mod metrics;
pub mod openapi;
pub mod pages;
mod pushed_request;
mod registration;
mod resource_jwks;
mod resource_metadata;
mod revocation;
mod revocation_feed;
pub mod routes;
pub mod state;
pub mod telemetry;
pub mod tenancy;
mod token;
mod userinfo;

pub use application::{
    Application, ApplicationHandle, ApplicationSettings, BuildError, TlsSettings,
};
pub use state::AppState;
