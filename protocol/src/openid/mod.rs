//! OpenID Connect: who the person is, told to a client (Core 1.0), and that they have gone (RP-Initiated
//! Logout 1.0, Back-Channel Logout 1.0).
//!
//! Not here: the sign-in itself (`authorization`), and signatures (`crypto`). To tell a client one more thing
//! of a person: a member of [`UserinfoClaims`], the scope that asks for it, its name in [`CLAIMS`].

pub mod id_token;
pub mod logout;
pub mod logout_token;
pub mod userinfo;

pub use id_token::{ID_TOKEN_TYP, IdTokenClaims, NewIdToken};
pub use logout::{
    LogoutDestination, LogoutHint, LogoutRequest, LogoutRequestError, LogoutStep, OpenSession,
};
pub use logout_token::{LOGOUT_TOKEN_TYP, LogoutTokenClaims, NewLogoutToken};
pub use userinfo::{Person, UserinfoClaims, UserinfoError};

/// How a person signs in here: with a password, over a protected connection (SAML authentication context
/// classes, which OpenID providers use as well). An absolute URI, as OpenID Connect Core §2 wants it.
pub const PASSWORD_ACR: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

/// `acr_values` is voluntary (OpenID Connect Core §3.1.2.1): a client reads what it got.
pub const ACR_VALUES: &[&str] = &[PASSWORD_ACR];

/// Of ID tokens and of userinfo.
pub const CLAIMS: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "at_hash",
    "sid",
    "name",
    "preferred_username",
    "updated_at",
    "email",
];
