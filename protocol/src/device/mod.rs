//! Device authorization (RFC 8628): a device without a browser asks, a person answers in a browser elsewhere.
//!
//! `request` is what it may ask for, `user_code` what the person types, `polling` what the device hears while it waits. What the person
//! decides is a sign-in like any other (`authorization`), whose answer goes to a row instead of a redirect URI.
//!
//! Not here: who may ask ([`crate::client::DeviceAuthorizationMode`]), the rows (`store`), the pages (`server`).

mod polling;
pub mod request;
mod user_code;

use std::net::IpAddr;
use std::time::Duration;

pub use polling::{DeviceAuthorization, DeviceCodeError, DeviceState, Polled};
pub use request::{AskedByDevice, DeviceRequestError};
pub use user_code::{InvalidUserCode, UserCode};

use crate::clock::Timestamp;

/// How long a person has for finding a browser (RFC 8628 §3.2).
pub const LIFETIME: Duration = Duration::from_mins(10);

/// Between two questions of a device, and what is added where it asks too soon (RFC 8628 §3.5).
pub const INTERVAL: Duration = Duration::from_secs(5);

/// Where and when a device asked: whoever is to decide should know that it was theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    pub requested_from: IpAddr,
    pub requested_at: Timestamp,
}
