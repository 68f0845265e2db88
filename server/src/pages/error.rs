//! The view of the error page (`templates/error.html`): what happened, what to do, whom to tell,
//! and the reference that the log line carries too.
//!
//! Not here: which error goes on a page and which goes back to the client (`authorize/mod.rs`).
//! To add an error: fill in this view where it arises.

use askama::Template;

use super::Frame;

#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub frame: Frame,
    /// The heading: what happened.
    pub what: String,
    /// The same in one sentence more.
    pub why: String,
    /// What the person can do now.
    pub advice: String,
    /// Who can help: "an administrator of Acme".
    pub contact: String,
    /// The reference; the log line of this answer has the same.
    pub error_id: String,
    /// The OAuth error code, for whoever builds the client; empty where there is none.
    pub code: String,
    /// A sentence for whoever builds the client; empty where there is none.
    pub detail: String,
    /// The host of the application that has the problem, where one can be named.
    pub application: Option<String>,
    pub note: Option<DeveloperNote>,
    pub back: Option<BackButton>,
    /// A path of ours that begins again.
    pub retry: Option<String>,
}

/// What only whoever builds the application can act on.
#[derive(Debug, Clone)]
pub struct DeveloperNote {
    pub client_id: String,
    pub code: String,
    /// The member of the metadata document that is at fault; empty where there is none.
    pub member: String,
    pub reason: String,
}

/// The way back to the application with the error, which the person takes or leaves: for clients
/// that nobody vouches for we do not redirect by ourselves (A7).
#[derive(Debug, Clone)]
pub struct BackButton {
    pub href: String,
    pub client_name: String,
    pub host: String,
}
