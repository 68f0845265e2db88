//! JWTs that others signed: client assertions (RFC 7523) and software statements (RFC 7591 §2.3).
//!
//! As strict as with our own, in two steps: reading, so that whoever asks can find the signer's keys and
//! refuse what is wrong anyway for nothing; then the signature. Between the two nothing is believed. What
//! the claims must say is the caller's rule. Rows E10, E11, G5, G7.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::clock::Timestamp;
use serde_json::{Map, Value};

use super::UniqueObject;
use super::header::{Header, UnknownMembers, check_shape, is_token_type};
use super::verify::{MAX_LEEWAY, VerifyError, check_signature, read_time};
use crate::jwk_set::JwkSet;
use crate::signing_algorithm::SigningAlgorithm;

/// Row E11: a header without `kid` buys this many verifications and no more.
const MOST_CANDIDATES: usize = 4;
/// What a software statement's `typ` may say.
const STATEMENT_TYPES: [&str; 2] = ["JWT", "software-statement+jwt"];

/// A JWT that was read and is not believed yet.
#[derive(Debug)]
pub struct ForeignJwt<'a> {
    token: &'a str,
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    claims: Map<String, Value>,
}

impl<'a> ForeignJwt<'a> {
    /// `types` is what `typ` may say where there is one: an access token is no assertion, however well
    /// it is signed.
    pub fn read(token: &'a str, types: &[&str]) -> Result<Self, VerifyError> {
        let (encoded_header, payload) = check_shape(token)?;
        let header = Header::read(encoded_header, UnknownMembers::Ignore)?;
        let is_of_type = match header.token_type.as_deref() {
            Some(found) => types.iter().any(|one| is_token_type(found, one)),
            None => !header.has_token_type,
        };
        if !is_of_type {
            return Err(VerifyError::TokenType);
        }
        let algorithm = header.algorithm.ok_or(VerifyError::Algorithm)?;
        if header.has_kid && header.kid.is_none() {
            return Err(VerifyError::UnknownKey);
        }
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| VerifyError::Malformed)?;
        let claims: UniqueObject =
            serde_json::from_slice(&payload).map_err(|_| VerifyError::Claims)?;
        Ok(Self {
            token,
            algorithm,
            kid: header.kid,
            claims: claims.0,
        })
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The name of the key, where the header has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Not believed: whoever reads them decides on nothing but whose keys to try.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Row E11: the key decides the algorithm, and a header brings no key.
    pub fn verify(&self, keys: &JwkSet) -> Result<(), VerifyError> {
        let candidates = keys.candidates(self.algorithm, self.kid.as_deref());
        let mut outcome = Err(VerifyError::UnknownKey);
        for key in candidates.take(MOST_CANDIDATES) {
            match check_signature(self.token, key) {
                Ok(_) => return Ok(()),
                Err(error) => outcome = Err(error),
            }
        }
        if outcome == Err(VerifyError::UnknownKey)
            && self.kid.as_deref().is_some_and(|kid| keys.has_kid(kid))
        {
            return Err(VerifyError::Algorithm);
        }
        outcome
    }
}

/// RFC 7591 §2.3: the claims of a statement, if one of the tenant's issuers signed it. `keys_of` gives the
/// JWK set of an issuer that is trusted.
pub fn verify_software_statement<'k>(
    statement: &str,
    keys_of: impl FnOnce(&str) -> Option<&'k Value>,
    now: Timestamp,
) -> Result<Map<String, Value>, VerifyError> {
    let read = ForeignJwt::read(statement, &STATEMENT_TYPES)?;
    let issuer = read.claims.get("iss").and_then(Value::as_str);
    let jwks = issuer.and_then(keys_of).ok_or(VerifyError::Issuer)?;
    let keys = JwkSet::new(jwks, None).map_err(|_| VerifyError::UnknownKey)?;
    read.verify(&keys)?;
    // A statement may live for ever, but where it says until when, that holds.
    let time = |name| read_time(&read.claims, name);
    if time("exp")?.is_some_and(|end| end + MAX_LEEWAY <= now) {
        return Err(VerifyError::Expired);
    }
    let latest_start = now + MAX_LEEWAY;
    let starts = [time("iat")?, time("nbf")?];
    if starts
        .into_iter()
        .flatten()
        .any(|start| start > latest_start)
    {
        return Err(VerifyError::NotYetValid);
    }
    Ok(read.claims)
}
