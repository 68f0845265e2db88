//! The view of the sign-in page (`templates/login.html`).
//!
//! Not here: checking a password (`authorize/login.rs`). To show one more thing: a field here, a
//! line in the template.

use askama::Template;

use super::Frame;

#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub frame: Frame,
    /// Where the form goes: our own `{issuer}/login`.
    pub action: String,
    /// The sealed pending authorization.
    pub pending: String,
    pub client_name: String,
    /// Nobody knows the client: it registered itself, or points at a document that is not in the catalogue.
    pub is_unverified: bool,
    /// Nowhere, where a device waits for the answer.
    pub returns_to: Option<ReturnsTo>,
    /// What was typed before, or the client's `login_hint`.
    pub username: String,
    pub failure: Option<Failure>,
}

/// Where the answer goes, as a person reads it.
#[derive(Debug, Clone)]
pub struct ReturnsTo {
    pub host: String,
    pub is_loopback: bool,
}

/// Why a form is shown again. The words never tell which of the fields was wrong (M1).
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    pub title: &'static str,
    pub advice: &'static str,
}
