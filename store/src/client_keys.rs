//! How the keys of a client or a resource server are kept: the set itself, or where it is.
//!
//! It has no table: the columns are those of `clients` and `resource_credentials`, whose files use it.

use protocol::client::ClientKeys;
use serde_json::Value;

use crate::error::StoreError;

/// The columns `jwks` and `jwks_uri`.
pub(crate) struct KeyColumns<'a> {
    pub jwks: Option<&'a Value>,
    pub jwks_uri: Option<&'a str>,
}

pub(crate) fn key_columns(keys: &ClientKeys) -> KeyColumns<'_> {
    KeyColumns {
        jwks: keys.inline(),
        jwks_uri: keys.uri(),
    }
}

pub(crate) fn keys_from_columns(
    jwks: Option<Value>,
    jwks_uri: Option<String>,
) -> Result<ClientKeys, StoreError> {
    match (jwks, jwks_uri) {
        (None, None) => Ok(ClientKeys::None),
        (Some(jwks), None) => Ok(ClientKeys::Inline(jwks)),
        (None, Some(uri)) => Ok(ClientKeys::Uri(uri)),
        (Some(_), Some(_)) => Err(StoreError::corrupt("two places of keys")),
    }
}
