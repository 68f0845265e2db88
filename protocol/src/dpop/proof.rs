//! What a DPoP proof must say (RFC 9449 §4.3), once its signature was found to be right.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::clock::Timestamp;
use crate::error_code::{ErrorCode, ProtocolError};

/// RFC 9449 §4.2: tells a proof from every other JWT.
pub const PROOF_TOKEN_TYPE: &str = "dpop+jwt";
/// How far ahead of ours a client's clock may be.
pub const MAX_SKEW: Duration = Duration::from_mins(1);
/// How old a proof may be: a slow network, and a clock that is behind.
pub const MAX_AGE: Duration = Duration::from_mins(5);
pub const MAX_JTI_BYTES: usize = 256;
/// Long paths exist; longer ones are no endpoint of ours.
const MAX_HTU_BYTES: usize = 2_048;

/// What a proof is held against.
#[derive(Clone, Copy, Debug)]
pub struct ProofRules<'a> {
    /// The request's own, in upper case.
    pub method: &'a str,
    /// Every URL by which this endpoint may have been called.
    pub urls: &'a [String],
    /// The token that is shown beside the proof, where there is one.
    pub access_token: Option<&'a str>,
    pub now: Timestamp,
}

/// A proof that says what it must. Whether it is new, and whether its nonce is ours, is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightProof {
    pub jti: String,
    /// Until when the `jti` must be remembered (RFC 9449 §11.1).
    pub remembered_until: Timestamp,
    pub nonce: Option<String>,
}

/// Why a proof proves nothing. Each sentence says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    #[error("send one DPoP header with one proof")]
    NotOne,
    #[error("this client must send a DPoP proof")]
    Missing,
    #[error(
        "the DPoP proof is not a JWT that we can read: {0}; sign it with RS256, PS256, ES256 or EdDSA, \
         send typ dpop+jwt and the public key as jwk"
    )]
    Unreadable(String),
    #[error("jwk of the DPoP proof must be a public key of the algorithm in alg, and nothing more")]
    Key,
    #[error("the signature of the DPoP proof is not by the key in its jwk")]
    Signature,
    #[error("htm of the DPoP proof must be {0}")]
    Method(String),
    #[error("htu of the DPoP proof must be the URL of this endpoint, without query and fragment")]
    Url,
    #[error("iat of the DPoP proof must be a number: seconds since 1970")]
    Time,
    #[error("the DPoP proof is too old; make a new one for each request, with the clock set")]
    TooOld,
    #[error("iat or nbf of the DPoP proof is in the future; set the client's clock")]
    NotYetValid,
    #[error("the DPoP proof needs a jti, a string of 1 to 256 bytes")]
    NoTokenId,
    #[error("ath of the DPoP proof must be the SHA-256 of the access token, in base64url")]
    OtherToken,
    #[error("this DPoP proof was used before; make a new one for each request")]
    Replayed,
    #[error("make a new DPoP proof with the nonce of the DPoP-Nonce header")]
    NonceNeeded,
    #[error("the access token is bound to another key than the DPoP proof is by")]
    OtherKey,
}

impl DpopError {
    /// A word for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotOne => "not_one",
            Self::Missing => "missing",
            Self::Unreadable(_) => "form",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Method(_) => "htm",
            Self::Url => "htu",
            Self::Time | Self::TooOld | Self::NotYetValid => "time",
            Self::NoTokenId => "jti",
            Self::OtherToken => "ath",
            Self::Replayed => "replayed",
            Self::NonceNeeded => "nonce",
            Self::OtherKey => "other_key",
        }
    }
}

impl ProtocolError for DpopError {
    /// RFC 9449 §5, §8; §7.1: a token that is not this key's is no token.
    fn code(&self) -> ErrorCode {
        match self {
            Self::NonceNeeded => ErrorCode::UseDpopNonce,
            Self::OtherKey => ErrorCode::InvalidToken,
            Self::NotOne
            | Self::Missing
            | Self::Unreadable(_)
            | Self::Key
            | Self::Signature
            | Self::Method(_)
            | Self::Url
            | Self::Time
            | Self::TooOld
            | Self::NotYetValid
            | Self::NoTokenId
            | Self::OtherToken
            | Self::Replayed => ErrorCode::InvalidDpopProof,
        }
    }
}

/// RFC 9449 §4.3, row T1: the claims, in the order of that list.
pub fn check_proof(
    claims: &Map<String, Value>,
    rules: &ProofRules<'_>,
) -> Result<RightProof, DpopError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let jti = text("jti")
        .filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()))
        .ok_or(DpopError::NoTokenId)?;
    if text("htm") != Some(rules.method) {
        return Err(DpopError::Method(rules.method.to_owned()));
    }
    if !text("htu").is_some_and(|htu| is_url_of(htu, rules.urls)) {
        return Err(DpopError::Url);
    }
    let issued_at = check_times(claims, rules.now)?;
    if let Some(token) = rules.access_token
        && text("ath") != Some(access_token_hash(token).as_str())
    {
        return Err(DpopError::OtherToken);
    }
    Ok(RightProof {
        jti: jti.to_owned(),
        remembered_until: issued_at + MAX_AGE,
        nonce: text("nonce").map(ToOwned::to_owned),
    })
}

/// RFC 9449 §4.2: `ath`.
pub fn access_token_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(access_token))
}

/// The one value among those of all `DPoP` headers of a request (RFC 9449 §4.3 no. 1).
pub fn shown_once<'a>(
    mut headers: impl Iterator<Item = Option<&'a str>>,
) -> Result<Option<&'a str>, DpopError> {
    match (headers.next(), headers.next()) {
        (None, _) => Ok(None),
        (Some(Some(proof)), None) => Ok(Some(proof)),
        // Two of them, or one that is no text.
        _ => Err(DpopError::NotOne),
    }
}

/// RFC 9449 §4.3: query and fragment do not count; RFC 3986 §6.2.2, §6.2.3: two spellings of one URL are
/// one. A name before the host is no part of any URL of ours.
fn is_url_of(htu: &str, urls: &[String]) -> bool {
    let normalised = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    htu.len() <= MAX_HTU_BYTES
        && normalised(htu).is_some_and(|htu| {
            urls.iter()
                .any(|url| normalised(url).as_ref() == Some(&htu))
        })
}

/// Answers with `iat`. `exp` and `nbf` are not asked for, but whoever sends them means them.
fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, DpopError> {
    let issued_at = read_time(claims, "iat")?.ok_or(DpopError::Time)?;
    let latest_start = now + MAX_SKEW;
    let not_before = read_time(claims, "nbf")?;
    if issued_at > latest_start || not_before.is_some_and(|start| start > latest_start) {
        return Err(DpopError::NotYetValid);
    }
    let is_over = read_time(claims, "exp")?.is_some_and(|end| end + MAX_SKEW <= now);
    if is_over || issued_at + MAX_AGE <= now {
        return Err(DpopError::TooOld);
    }
    Ok(issued_at)
}

fn read_time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, DpopError> {
    claims
        .get(name)
        .map(|value| Timestamp::from_numeric_date(value).ok_or(DpopError::Time))
        .transpose()
}

#[cfg(test)]
mod tests;
