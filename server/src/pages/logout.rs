//! The views of the page that asks whether to sign out (`templates/logout.html`), and of the one that says how
//! it ended (`templates/logout_done.html`).
//!
//! Not here: who is asked, and where the browser may go (`protocol::openid::logout`).

use askama::Template;

use super::Frame;

#[derive(Debug, Template)]
#[template(path = "logout.html")]
pub struct LogoutPage {
    pub frame: Frame,
    /// Where the form goes: our own `{issuer}/logout`.
    pub action: String,
    /// What was asked, sealed for this session.
    pub pending: String,
    pub username: String,
    /// The application that asks, where one says so.
    pub asking: Option<AskingView>,
    /// Why the application will not get its person back, for whoever builds it.
    pub problem: Option<String>,
}

#[derive(Debug, Clone)]
pub struct AskingView {
    pub client_name: String,
    pub is_unverified: bool,
}

#[derive(Debug, Template)]
#[template(path = "logout_done.html")]
pub struct LogoutDonePage {
    pub frame: Frame,
    pub is_signed_out: bool,
    pub problem: Option<String>,
    pub back: Option<BackView>,
}

/// The way back to the application, which the person takes or leaves.
#[derive(Debug, Clone)]
pub struct BackView {
    pub href: String,
    pub client_name: String,
    pub host: String,
}
