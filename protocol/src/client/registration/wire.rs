//! Reading a registration's JSON by hand: one odd member must not cost a client its registration, and
//! unknown or privileged ones (`tenant_id`, `trusted`, …) have nowhere to go.

use serde_json::{Map, Value};

use crate::secret::SecretText;

use super::{RegistrationError, RegistrationRequest};

const MAX_DEPTH: usize = 32;
const MAX_LIST: usize = 32;
const MAX_TEXT_BYTES: usize = 2048;

const STATEMENT_MEMBER: &str = "software_statement";
/// A signed copy of the other members.
const MAX_STATEMENT_BYTES: usize = 8 * 1024;
/// What a software statement may say about a client. Never its id or a secret.
const STATED_MEMBERS: [&str; 22] = [
    "redirect_uris",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "application_type",
    "client_name",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "scope",
    "software_id",
    "software_version",
    "jwks",
    "jwks_uri",
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "id_token_signed_response_alg",
];

/// A body as it came; nothing in it is believed yet. No `Debug`: it may carry a secret.
pub struct RegistrationBody(Map<String, Value>);

impl RegistrationBody {
    /// Reads a body, whatever its Content-Type said.
    pub fn parse(body: &[u8]) -> Result<Self, RegistrationError> {
        if is_deeper_than(body, MAX_DEPTH) {
            return Err(RegistrationError::NotAnObject);
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            _ => Err(RegistrationError::NotAnObject),
        }
    }

    /// RFC 7591 §2.3: a JWT.
    pub fn software_statement(&self) -> Result<Option<&str>, RegistrationError> {
        match self.0.get(STATEMENT_MEMBER) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() <= MAX_STATEMENT_BYTES => Ok(Some(text)),
            Some(_) => Err(RegistrationError::WrongType(STATEMENT_MEMBER)),
        }
    }

    /// RFC 7592 §2.2: an update says whose it is.
    pub fn client_id(&self) -> Option<&str> {
        self.0.get("client_id").and_then(Value::as_str)
    }

    /// RFC 7592 §2.2: an update may say the secret again, but cannot choose one.
    pub fn client_secret(&self) -> Result<Option<SecretText>, RegistrationError> {
        Ok(text(&self.0, "client_secret")?.map(SecretText::new))
    }

    /// RFC 7591 §2.3: what a trusted statement says wins over what the client says.
    #[must_use]
    pub fn with_statement(mut self, claims: &Map<String, Value>) -> Self {
        for name in STATED_MEMBERS {
            if let Some(value) = claims.get(name) {
                self.0.insert(name.to_owned(), value.clone());
            }
        }
        self
    }

    pub fn to_request(&self) -> Result<RegistrationRequest, RegistrationError> {
        RegistrationRequest::from_members(&self.0)
    }
}

impl RegistrationRequest {
    /// A body without a software statement.
    pub fn parse(body: &[u8]) -> Result<Self, RegistrationError> {
        RegistrationBody::parse(body)?.to_request()
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
            token_endpoint_auth_signing_alg: text(members, "token_endpoint_auth_signing_alg")?,
            dpop_bound_access_tokens: flag(members, "dpop_bound_access_tokens")?,
            require_pushed_authorization_requests: flag(
                members,
                "require_pushed_authorization_requests",
            )?,
            post_logout_redirect_uris: list(members, "post_logout_redirect_uris")?,
            backchannel_logout_uri: text(members, "backchannel_logout_uri")?,
            backchannel_logout_session_required: flag(
                members,
                "backchannel_logout_session_required",
            )?,
            id_token_signed_response_alg: text(members, "id_token_signed_response_alg")?,
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

fn flag(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<bool>, RegistrationError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(is_set)) => Ok(Some(*is_set)),
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
