//! The one place that believes a JWT: shape, header, key, signature, claims, in this order; what a later
//! step reads, an earlier one has checked. RFC 8725 §3, RFC 9068 §4, rows G6, G7, P4.

use std::time::Duration;

use protocol::clock::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::header::{self, Header, UnknownMembers};
use super::provider;
use crate::signing_algorithm;
use crate::verification_key::VerificationKey;

/// Ours are below 2 KB; nobody's are above 8 (RFC 8725 §3.14).
pub const MAX_TOKEN_BYTES: usize = 8 * 1_024;
/// The most that clocks may differ; a caller asking for more gets this.
pub const MAX_LEEWAY: Duration = Duration::from_mins(1);

/// The last second of the year 9999: a later `exp` is a mistake or an attack (`1e300`).
const LAST_SECOND: u64 = 253_402_300_799;

/// What a token must be to be believed here.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    /// `typ`, such as `at+jwt`: one kind of token is never taken for another (G5).
    pub token_type: &'a str,
    /// `None` where whoever asks decides by the audience afterwards (introspection, revocation).
    pub audience: Option<&'a str>,
    pub now: Timestamp,
    pub leeway: Duration,
}

/// Why a token is not believed. For logs and tests: clients see one answer for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("longer than 8 KB")]
    TooLong,
    #[error("not three base64url parts")]
    Malformed,
    #[error("the header is not one JSON object of known members")]
    Header,
    #[error("the header demands an extension (crit, b64, zip, enc)")]
    Extension,
    #[error("the header brings its own key")]
    ForeignKey,
    #[error("the algorithm is not the key's")]
    Algorithm,
    #[error("another kind of token")]
    TokenType,
    #[error("no key of that name")]
    UnknownKey,
    #[error("the signature is wrong")]
    Signature,
    #[error("the claims are not one JSON object without duplicates")]
    Claims,
    #[error("another issuer")]
    Issuer,
    #[error("another audience, or not exactly one")]
    Audience,
    #[error("no subject")]
    Subject,
    #[error("a time is missing or not a whole number of seconds")]
    Time,
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYetValid,
    #[error("another JWT provider was installed first")]
    NotInstalled,
}

/// A token that was believed at `now`. Whoever keeps it compares `expires_at` with the time again.
#[derive(Clone, Debug)]
pub struct VerifiedToken {
    kid: String,
    expires_at: Timestamp,
    claims: Map<String, Value>,
}

impl VerifiedToken {
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The claims in the caller's own type.
    pub fn into_claims<Claims: DeserializeOwned>(self) -> Result<Claims, VerifyError> {
        serde_json::from_value(Value::Object(self.claims)).map_err(|_| VerifyError::Claims)
    }
}

/// Believes a token signed by one of `keys`, or says why not. Nothing is fetched, ever.
pub fn verify(
    token: &str,
    keys: &[VerificationKey],
    expected: &Expected<'_>,
) -> Result<VerifiedToken, VerifyError> {
    let verified = verify_ended(token, keys, expected)?;
    // RFC 7519 §4.1.4: on or after `exp` the token is not accepted.
    if verified.expires_at + expected.leeway.min(MAX_LEEWAY) <= expected.now {
        return Err(VerifyError::Expired);
    }
    Ok(verified)
}

/// The same of a token that may have expired, but must say when: an `id_token_hint`, which names somebody
/// and entitles to nothing (OpenID Connect RP-Initiated Logout §2).
pub fn verify_ended(
    token: &str,
    keys: &[VerificationKey],
    expected: &Expected<'_>,
) -> Result<VerifiedToken, VerifyError> {
    let (encoded_header, _) = header::check_shape(token)?;
    let header = Header::read(encoded_header, UnknownMembers::Refuse)?;
    let key = find_key(&header, keys, expected.token_type)?;
    let claims = check_signature(token, key)?;
    check_parties(&claims, expected)?;
    let expires_at = check_times(&claims, expected)?;
    Ok(VerifiedToken {
        kid: key.kid().to_owned(),
        expires_at,
        claims,
    })
}

/// Finds the key by `kid` and lets the header decide nothing else: the algorithm is the key's.
fn find_key<'keys>(
    header: &Header,
    keys: &'keys [VerificationKey],
    token_type: &str,
) -> Result<&'keys VerificationKey, VerifyError> {
    if !header
        .token_type
        .as_deref()
        .is_some_and(|typ| header::is_token_type(typ, token_type))
    {
        return Err(VerifyError::TokenType);
    }
    let algorithm = header.algorithm.ok_or(VerifyError::Algorithm)?;
    let key = header
        .kid
        .as_deref()
        .and_then(|kid| keys.iter().find(|key| key.kid() == kid))
        .ok_or(VerifyError::UnknownKey)?;
    if key.algorithm() == algorithm {
        Ok(key)
    } else {
        Err(VerifyError::Algorithm)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that verifies tokens"
)]
pub(super) fn check_signature(
    token: &str,
    key: &VerificationKey,
) -> Result<Map<String, Value>, VerifyError> {
    let mut validation =
        jsonwebtoken::Validation::new(signing_algorithm::jsonwebtoken(key.algorithm()));
    // jsonwebtoken reads the system clock and lets an absent claim pass: claims are our own rule.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decode =
        || jsonwebtoken::decode::<super::UniqueObject>(token, key.placeholder(), &validation);
    let decoded =
        provider::with_verification_key(key, decode).map_err(|_| VerifyError::NotInstalled)?;
    decoded
        .map(|data| data.claims.0)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => VerifyError::Signature,
            jsonwebtoken::errors::ErrorKind::Json(_) => VerifyError::Claims,
            jsonwebtoken::errors::ErrorKind::InvalidAlgorithm => VerifyError::Algorithm,
            _ => VerifyError::Malformed,
        })
}

/// RFC 9068 §4: one issuer, ours byte for byte; one audience, a string; a subject.
fn check_parties(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), VerifyError> {
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    if text("iss") != Some(expected.issuer) {
        return Err(VerifyError::Issuer);
    }
    let audience = text("aud").ok_or(VerifyError::Audience)?;
    if expected.audience.is_some_and(|only| only != audience) {
        return Err(VerifyError::Audience);
    }
    text("sub").ok_or(VerifyError::Subject).map(|_| ())
}

/// A string, a fraction, a negative or an absurd number is no time (jsonwebtoken CVE-2026-25537 let a
/// string pass for "absent").
pub(super) fn read_time(
    claims: &Map<String, Value>,
    name: &str,
) -> Result<Option<Timestamp>, VerifyError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|seconds| *seconds <= LAST_SECOND)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map(|seconds| Some(Timestamp::from_unix_seconds(seconds)))
            .ok_or(VerifyError::Time),
    }
}

fn check_times(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<Timestamp, VerifyError> {
    let time = |name: &str| read_time(claims, name);
    let expires_at = time("exp")?.ok_or(VerifyError::Time)?;
    let issued_at = time("iat")?.ok_or(VerifyError::Time)?;
    let not_before = time("nbf")?;
    let leeway = expected.leeway.min(MAX_LEEWAY);
    let latest_start = expected.now + leeway;
    if issued_at > latest_start || not_before.is_some_and(|start| start > latest_start) {
        return Err(VerifyError::NotYetValid);
    }
    Ok(expires_at)
}
