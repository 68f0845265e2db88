//! Where the answer of a sign-in goes: to an address of the client, by a redirect, or to a device that waits
//! for it at the token endpoint (RFC 8628).

use crate::device::DeviceRequest;
use crate::redirect_uri::{RedirectUri, VerifiedRedirectUri};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    Redirect(VerifiedRedirectUri),
    Device(DeviceRequest),
}

impl Destination {
    pub fn redirect_uri(&self) -> Option<&VerifiedRedirectUri> {
        match self {
            Self::Redirect(redirect_uri) => Some(redirect_uri),
            Self::Device(_) => None,
        }
    }

    /// The registered redirect URI that the request's one matched. A device has none, which is why nothing
    /// proves whose it is.
    pub fn registered(&self) -> Option<&RedirectUri> {
        self.redirect_uri().map(VerifiedRedirectUri::registered)
    }

    pub const fn is_device(&self) -> bool {
        matches!(self, Self::Device(_))
    }
}
