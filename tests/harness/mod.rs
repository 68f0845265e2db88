//! The vocabulary of the tests: an application, its tenants, the people and clients that use it.
//!
//! Everything goes over HTTP, as it would in the world; a helper that does not is called `db_*`. A test
//! reads as one story: `TestApp::start` → `app.tenant` → `acme.public_client` → `client.authorize` →
//! `client.redeem`. `whole_flow.rs` is the tour.
//!
//! What it is not: a place for assertions about one feature; those belong to the feature's own file.
//!
//! To add a persona: a method on [`TestTenant`] that makes it through the admin API.

mod admin;
mod answer;
mod app;
mod audit;
mod browser;
mod client_key;
mod clock;
mod cookies;
mod database;
mod database_link;
mod deed;
mod device;
mod dpop;
mod dump;
mod eventually;
mod faults;
mod forms;
mod held;
mod leaks;
mod oauth_client;
mod outbound;
mod pooler;
mod program;
mod pushed;
mod redis;
mod resource_server;
mod rows;
mod secrets;
mod sizes;
mod tenant;
mod wire;

pub use self::{
    admin::AdminApi,
    answer::Answer,
    app::{ADMIN_URL, Replica, TestApp, TestAppOptions},
    browser::{Browser, Decision, Page},
    client_key::{ASSERTION_TYPE, AssertionSigner, ClientKey},
    clock::TestClock,
    database::TestDatabase,
    database_link::DatabaseLink,
    deed::Deed,
    device::{DEVICE_CODE_GRANT, DeviceCodes},
    dpop::DpopSigner,
    dump::pg_dump,
    eventually::{with_the_next_batch, within_a_second},
    forms::Form,
    leaks::find_leaks,
    oauth_client::{
        AuthorizationRequest, Authorized, ClientAuthentication, IssuedCode, OAuthClient, Tokens,
        VERIFIER, basic, challenge, jwt_part,
    },
    outbound::{Posted, Served, TestInternet},
    pooler::Pooler,
    program::{Said, program, writ},
    redis::{MISTYPED_PASSWORD, RedisServer},
    resource_server::ResourceServer,
    rows::Rows,
    secrets::Secrets,
    tenant::{PASSWORD_CANARY, TestResource, TestTenant, TestUser},
    wire::Wire,
};
