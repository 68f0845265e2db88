//! Reading a registration's JSON by hand: one odd member must not cost a client its registration, and
//! unknown or privileged ones (`tenant_id`, `trusted`, …) have nowhere to go.

use serde_json::{Map, Value};

use super::{RegistrationError, RegistrationRequest};

const MAX_DEPTH: usize = 32;
const MAX_LIST: usize = 32;
const MAX_TEXT_BYTES: usize = 2048;

impl RegistrationRequest {
    /// Reads a body, whatever its Content-Type said.
    pub fn parse(body: &[u8]) -> Result<Self, RegistrationError> {
        if is_deeper_than(body, MAX_DEPTH) {
            return Err(RegistrationError::NotAnObject);
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Self::from_members(&members),
            _ => Err(RegistrationError::NotAnObject),
        }
    }

    pub fn from_members(members: &Map<String, Value>) -> Result<Self, RegistrationError> {
        Ok(Self {
            redirect_uris: list(members, "redirect_uris")
                .map_err(|_| RegistrationError::RedirectUrisMissing)?,
            grant_types: list(members, "grant_types")?,
            response_types: list(members, "response_types")?,
            token_endpoint_auth_method: text(members, "token_endpoint_auth_method")?,
            application_type: text(members, "application_type")?,
            client_name: text(members, "client_name")?,
            client_uri: text(members, "client_uri")?,
            logo_uri: text(members, "logo_uri")?,
            policy_uri: text(members, "policy_uri")?,
            tos_uri: text(members, "tos_uri")?,
            scope: text(members, "scope")?,
            software_id: text(members, "software_id")?,
            software_version: text(members, "software_version")?,
            jwks: members
                .get("jwks")
                .filter(|value| !value.is_null())
                .cloned(),
            jwks_uri: text(members, "jwks_uri")?,
            has_client_secret: text(members, "client_secret")?.is_some(),
        })
    }
}

fn text(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, RegistrationError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.len() <= MAX_TEXT_BYTES && !text.contains('\0') => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(RegistrationError::WrongType(name)),
    }
}

fn list(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Vec<String>>, RegistrationError> {
    let wrong = RegistrationError::WrongType(name);
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) if values.len() <= MAX_LIST => {
            let texts = values
                .iter()
                .map(|value| value.as_str().map(ToOwned::to_owned));
            texts.collect::<Option<Vec<_>>>().map(Some).ok_or(wrong)
        }
        Some(_) => Err(wrong),
    }
}

/// Row R1: counts nesting before the parser recurses into it.
fn is_deeper_than(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut is_in_string, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            b'{' | b'[' if !is_in_string => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !is_in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}
