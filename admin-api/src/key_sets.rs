//! Public keys that an operator enters: a client's, a resource server's, a vendor's.
//!
//! The rules are protocol's, the same as for a client that registers itself. Here: which member a
//! refusal is about.

use protocol::client::AuthMethod;
use protocol::client::keys::{ClientKeys, KeysError, MAX_INLINE_BYTES, clean_set, client_keys};
use serde_json::Value;

use crate::problem::Faults;

/// A JWK set as it is kept: the keys and members that can be used.
pub fn clean(faults: &mut Faults, field: &str, jwks: &Value) -> Option<Value> {
    if jwks.to_string().len() > MAX_INLINE_BYTES {
        faults.add(field, KeysError::NotASet.to_string());
        return None;
    }
    faults.take(field, clean_set(jwks))
}

/// Keys that somebody is to be verified with, one way or the other.
pub fn required(
    faults: &mut Faults,
    jwks: Option<&Value>,
    jwks_uri: Option<&str>,
) -> Option<ClientKeys> {
    client_keys(AuthMethod::PrivateKeyJwt, jwks, jwks_uri)
        .map_err(|error| faults.add(field_of(error), error.to_string()))
        .ok()
}

pub const fn field_of(error: KeysError) -> &'static str {
    match error {
        KeysError::UriNotHttps => "jwks_uri",
        KeysError::TwoSources
        | KeysError::Missing
        | KeysError::NotASet
        | KeysError::NotPublic
        | KeysError::NoUsableKey => "jwks",
    }
}
