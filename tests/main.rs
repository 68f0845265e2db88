//! Black-box tests: everything over HTTP, against the application as `writ serve` starts it.
//!
//! One file per feature, named after it as everywhere else; test names are sentences of the rule, and
//! the doc comment cites its section and its row in `docs/conformance.md`. Begin with `whole_flow.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod access_token;
mod admin_api;
mod admin_schema;
mod authorization_code;
mod authorization_request;
mod browser_session;
mod cli;
mod client_assertion;
mod client_authentication;
mod client_credentials;
mod client_documents;
mod clients_page;
mod compatibility;
mod conformance_page;
mod consent;
mod cors;
mod device;
mod discovery;
mod dpop;
mod ended_grants;
mod ended_meanwhile;
mod error_placement;
mod error_responses;
mod freshness;
mod harness;
mod health;
mod introspection;
mod introspection_jwt;
mod issuers;
mod known_clients;
mod limits;
mod login;
mod login_limits;
mod logs;
mod ninety_days;
mod observability;
mod openapi;
mod openid;
mod operations_page;
mod outage;
mod pages;
mod pending_authorization;
mod pkce;
mod policies;
mod posted_request;
mod prompt;
mod proxies;
mod pushed_request;
mod races;
mod redirect_uri;
mod redirect_uri_registration;
mod refresh_grace;
mod refresh_kept;
mod refresh_token;
mod refused_resources;
mod registration;
mod remembered_consent;
mod requested_rights;
mod resource;
mod resource_jwks;
mod resource_metadata;
mod resource_tools;
mod reuse_timeline;
mod revocation;
mod revocation_feed;
mod scope;
mod seed_wire;
mod shown_client;
mod signing_key_rotation;
mod step_up;
mod stored_secrets;
mod tenant_isolation;
mod token_request;
mod torture;
mod webhooks;
mod whole_flow;
