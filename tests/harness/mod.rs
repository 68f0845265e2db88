//! The vocabulary of the tests: an application, its tenants, the people and clients that use it.
//!
//! Everything goes over HTTP, as it would in the world; a helper that does not is called `db_*`. A test
//! reads as one story: `TestApp::start` → `app.tenant` → `acme.public_client` → `client.authorize` →
//! `client.redeem`. `whole_flow.rs` is the tour.
//!
//! What it is not: a place for assertions about one feature; those belong to the feature's own file.
//!
//! To add a persona: a method on [`TestTenant`] that makes it through the admin API.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![expect(dead_code, reason = "a vocabulary is larger than what the tests say so far")]

mod admin;
mod answer;
mod app;
mod browser;
mod clock;
mod cookies;
mod database;
mod forms;
mod oauth_client;
mod resource_server;
mod tenant;
mod wire;

pub use admin::AdminApi;
pub use answer::Answer;
pub use app::{Replica, TestApp, TestAppOptions};
pub use browser::{Browser, Decision, Page};
pub use clock::TestClock;
pub use cookies::Cookie;
pub use database::TestDatabase;
pub use forms::Form;
pub use oauth_client::{
    AuthorizationRequest, Authorized, ClientAuthentication, IssuedCode, OAuthClient, Tokens,
};
pub use resource_server::ResourceServer;
pub use tenant::{TestResource, TestTenant, TestUser};
pub use wire::Wire;
