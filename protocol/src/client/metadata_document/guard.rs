//! What a person's consent to a document client hangs on (row K13): where codes go, and who may redeem
//! them. A key that rotates behind the same `jwks_uri` is routine and no change.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::Client;
use crate::redirect_uri::RedirectUri;

/// The same for the same redirect URIs, method and keys, in whatever order they stand.
pub fn guard_digest(client: &Client) -> [u8; 32] {
    let mut redirect_uris: Vec<&str> = client
        .redirect_uris
        .iter()
        .map(RedirectUri::as_str)
        .collect();
    redirect_uris.sort_unstable();
    let guarded = json!([
        "writ client document guard 1",
        redirect_uris,
        client.auth_method.as_str(),
        client.keys.uri(),
        client.keys.inline().map(plain),
    ]);
    Sha256::digest(guarded.to_string()).into()
}

/// One text per value: members and keys in order, since neither order means anything.
fn plain(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut texts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), plain(value)))
                .collect();
            texts.sort_unstable();
            format!("{{{}}}", texts.join(","))
        }
        Value::Array(values) => {
            let mut texts: Vec<String> = values.iter().map(plain).collect();
            texts.sort_unstable();
            format!("[{}]", texts.join(","))
        }
        other => other.to_string(),
    }
}
