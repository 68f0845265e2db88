//! Client assertions (RFC 7523 §2.2, `private_key_jwt`): what one must say, once its form was read.
//!
//! Reading the JWT strictly and verifying its signature is `crypto`'s; that one is used once is the
//! store's. To let one more thing pass on purpose: a [`Tolerance`] and its place in [`AssertionRules`].

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::ClientId;

use super::{Tolerance, wire_enum};

wire_enum! {
    /// What an assertion may be signed with: asymmetric only.
    AssertionAlgorithm { Rs256 = "RS256", Ps256 = "PS256", Es256 = "ES256", EdDsa = "EdDSA" }
}

/// The value of `client_assertion_type` (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Row E10: what `typ` may say; absent is fine, since hardly any client sends it.
pub const ASSERTION_TOKEN_TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];
/// How far clocks may be apart.
pub const MAX_SKEW: Duration = Duration::from_mins(1);
/// Row E8: SDKs make assertions for 5 min.
pub const MAX_LIFETIME: Duration = Duration::from_mins(10);
const TOLERATED_LIFETIME: Duration = Duration::from_hours(1);
const MAX_JTI_BYTES: usize = 256;

/// What an assertion is held against.
#[derive(Clone, Copy, Debug)]
pub struct AssertionRules<'a> {
    pub issuer: &'a str,
    pub client_id: &'a ClientId,
    /// Every URL of the token endpoint, where it passes for the audience.
    pub token_endpoints: Option<&'a [String]>,
    pub is_long_tolerated: bool,
    pub now: Timestamp,
}

/// An assertion whose claims are right; whether the signature is, and whether it is new, is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightClaims {
    pub jti: String,
    /// Until when the `jti` must be remembered (row E9).
    pub remembered_until: Timestamp,
    /// What was let pass.
    pub tolerances: Vec<Tolerance>,
}

/// Why an assertion proves nothing. Each sentence says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    #[error(
        "the client assertion is not a signed JWT that we can read: {0}; sign it with RS256, PS256, ES256 \
         or EdDSA and leave typ out or send client-authentication+jwt"
    )]
    Unreadable(String),
    #[error("iss and sub of the client assertion must both be the client_id")]
    OtherParty,
    #[error("aud of the client assertion must be {0}, alone")]
    OtherAudience(String),
    #[error(
        "exp, iat and nbf of the client assertion must be numbers: seconds since 1970; exp is required"
    )]
    Time,
    #[error("the client assertion has expired; make a new one for each request")]
    Expired,
    #[error("exp of the client assertion must be at most {} minutes ahead", .0.as_secs() / 60)]
    TooLong(Duration),
    #[error("iat or nbf of the client assertion is in the future; set the client's clock")]
    NotYetValid,
    #[error("the client assertion needs a jti, a string of 1 to 256 bytes")]
    NoTokenId,
    #[error("this client's assertions must be signed with {0}")]
    OtherAlgorithm(AssertionAlgorithm),
    #[error(
        "the client assertion names no key of the client; put the key into the client's jwks and its kid \
         into the header"
    )]
    UnknownKey,
    #[error("the signature of the client assertion is wrong")]
    Signature,
    #[error("this client assertion was used before; make a new one for each request")]
    Replayed,
    #[error(
        "the client's jwks_uri did not give a usable key set; it must answer 200 with a JWK set as JSON"
    )]
    UnusableKeySet,
}

impl AssertionError {
    /// A word for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable(_) | Self::OtherAlgorithm(_) => "assertion_form",
            Self::OtherParty
            | Self::OtherAudience(_)
            | Self::Time
            | Self::Expired
            | Self::TooLong(_)
            | Self::NotYetValid
            | Self::NoTokenId => "assertion_claims",
            Self::UnknownKey | Self::UnusableKeySet => "assertion_key",
            Self::Signature => "assertion_signature",
            Self::Replayed => "assertion_replayed",
        }
    }
}

impl ProtocolError for AssertionError {
    /// RFC 7521 §4.2.1.
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidClient
    }
}

/// Rows E7, E8: whether these claims would prove who the client is.
pub fn check_claims(
    claims: &Map<String, Value>,
    rules: &AssertionRules<'_>,
) -> Result<RightClaims, AssertionError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let client_id = Some(rules.client_id.as_str());
    if text("iss") != client_id || text("sub") != client_id {
        return Err(AssertionError::OtherParty);
    }
    let mut tolerances = Vec::new();
    tolerances.extend(check_audience(claims, rules)?);
    let (expires_at, tolerance) = check_times(claims, rules)?;
    tolerances.extend(tolerance);
    let jti = text("jti")
        .filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()))
        .ok_or(AssertionError::NoTokenId)?;
    Ok(RightClaims {
        jti: jti.to_owned(),
        remembered_until: expires_at + MAX_SKEW,
        tolerances,
    })
}

/// The update of RFC 7523: our issuer alone, so that nobody can pass an assertion on to another server.
fn check_audience(
    claims: &Map<String, Value>,
    rules: &AssertionRules<'_>,
) -> Result<Option<Tolerance>, AssertionError> {
    let only = match claims.get("aud") {
        Some(Value::String(only)) => Some(only.as_str()),
        Some(Value::Array(all)) if all.len() == 1 => all[0].as_str(),
        _ => None,
    };
    match (only, rules.token_endpoints) {
        (Some(audience), _) if audience == rules.issuer => Ok(None),
        (Some(audience), Some(endpoints)) if endpoints.iter().any(|one| one == audience) => {
            Ok(Some(Tolerance::TokenEndpointAudience))
        }
        _ => Err(AssertionError::OtherAudience(rules.issuer.to_owned())),
    }
}

fn check_times(
    claims: &Map<String, Value>,
    rules: &AssertionRules<'_>,
) -> Result<(Timestamp, Option<Tolerance>), AssertionError> {
    let time = |name| read_time(claims, name);
    let expires_at = time("exp")?.ok_or(AssertionError::Time)?;
    let latest_start = rules.now + MAX_SKEW;
    if expires_at + MAX_SKEW <= rules.now {
        return Err(AssertionError::Expired);
    }
    for start in [time("iat")?, time("nbf")?].into_iter().flatten() {
        if start > latest_start {
            return Err(AssertionError::NotYetValid);
        }
    }
    if expires_at <= latest_start + MAX_LIFETIME {
        Ok((expires_at, None))
    } else if rules.is_long_tolerated && expires_at <= latest_start + TOLERATED_LIFETIME {
        Ok((expires_at, Some(Tolerance::LongAssertion)))
    } else {
        Err(AssertionError::TooLong(MAX_LIFETIME))
    }
}

fn read_time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, AssertionError> {
    claims
        .get(name)
        .map(|value| Timestamp::from_numeric_date(value).ok_or(AssertionError::Time))
        .transpose()
}

/// Whom an assertion speaks of, read before anything is believed: `client_id` may be left out beside
/// an assertion (RFC 7521 §4.2), and a client must be found before its keys can be.
pub(super) fn claimed_client(assertion: &str) -> Option<ClientId> {
    let payload = assertion.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    ClientId::parse(claims.get("sub")?.as_str()?).ok()
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
