//! The views of the device page (`templates/device.html`), where a person types the code that a device shows, and
//! of the page that says how it ended (`templates/device_done.html`).
//!
//! Not here: finding the request (`authorize/device.rs`); what is asked stands on the consent page.

use askama::Template;

use super::Frame;
use super::login::Failure;

#[derive(Debug, Template)]
#[template(path = "device.html")]
pub struct DevicePage {
    pub frame: Frame,
    /// Where the form goes: our own `{issuer}/device`.
    pub action: String,
    /// What the link of the device said, or what was typed before.
    pub user_code: String,
    pub failure: Option<Failure>,
}

#[derive(Debug, Template)]
#[template(path = "device_done.html")]
pub struct DeviceDonePage {
    pub frame: Frame,
    pub client_name: String,
    pub is_approved: bool,
    /// Where it was not the person who refused.
    pub error_id: Option<String>,
}
