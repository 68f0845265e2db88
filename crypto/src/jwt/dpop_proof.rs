//! DPoP proofs (RFC 9449 §4.2): JWTs that bring their own key. A proof says nothing of who its maker is;
//! only that whoever made it holds that key.
//!
//! In two steps, as with other people's JWTs: reading, so that what is wrong anyway is refused for nothing;
//! then the signature. What the claims must say is `protocol::dpop`'s rule.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::dpop::{DpopError, JwkThumbprint, PROOF_TOKEN_TYPE};
use serde_json::{Map, Value};

use super::UniqueObject;
use super::header::{check_shape, is_token_type};
use super::verify::{VerifyError, check_signature};
use crate::jwk_set;
use crate::signing_algorithm::SigningAlgorithm;
use crate::verification_key::VerificationKey;

/// A proof that was read and is not believed yet.
#[derive(Debug)]
pub struct DpopProof<'a> {
    proof: &'a str,
    key: VerificationKey,
    thumbprint: JwkThumbprint,
    claims: Map<String, Value>,
}

impl<'a> DpopProof<'a> {
    /// RFC 9449 §4.3 no. 2 to 5 and 7.
    pub fn read(proof: &'a str) -> Result<Self, DpopError> {
        let (header, payload) = check_shape(proof).map_err(unreadable)?;
        let header = read_object(header).ok_or_else(|| unreadable(VerifyError::Header))?;
        check_header(&header)?;
        let algorithm: SigningAlgorithm = header
            .get("alg")
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| unreadable(VerifyError::Algorithm))?;
        let jwk = header.get("jwk").ok_or(DpopError::Key)?;
        let (jwk, key) = jwk_set::single_key(jwk, algorithm).map_err(|_| DpopError::Key)?;
        let thumbprint = jwk.thumbprint().map_err(|_| DpopError::Key)?;
        let thumbprint = JwkThumbprint::parse(&thumbprint).map_err(|_| DpopError::Key)?;
        let claims = read_object(payload).ok_or_else(|| unreadable(VerifyError::Claims))?;
        Ok(Self {
            proof,
            key,
            thumbprint,
            claims,
        })
    }

    /// Not believed.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// RFC 9449 §4.3 no. 6: the key that it is by.
    pub fn verify(self) -> Result<JwkThumbprint, DpopError> {
        match check_signature(self.proof, &self.key) {
            Ok(_) => Ok(self.thumbprint),
            Err(VerifyError::Signature) => Err(DpopError::Signature),
            Err(error) => Err(unreadable(error)),
        }
    }
}

fn check_header(header: &Map<String, Value>) -> Result<(), DpopError> {
    let is_proof = header
        .get("typ")
        .and_then(Value::as_str)
        .is_some_and(|typ| is_token_type(typ, PROOF_TOKEN_TYPE));
    if !is_proof {
        return Err(unreadable(VerifyError::TokenType));
    }
    for name in header.keys() {
        match name.as_str() {
            // RFC 7515 §4.1.11: an extension that we do not know must be refused; we know none.
            "crit" | "b64" | "zip" | "enc" => return Err(unreadable(VerifyError::Extension)),
            // The key is the one in `jwk`, and nothing is fetched to find another.
            "jku" | "x5u" | "x5c" => return Err(unreadable(VerifyError::ForeignKey)),
            _ => {}
        }
    }
    Ok(())
}

fn read_object(encoded: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let object: UniqueObject = serde_json::from_slice(&bytes).ok()?;
    Some(object.0)
}

fn unreadable(error: VerifyError) -> DpopError {
    DpopError::Unreadable(error.to_string())
}
