//! A public key parsed for verification: parsed once, with exactly one algorithm (P4).

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::jwk::{InvalidKey, Members, PublicJwk};
use crate::signing_algorithm::SigningAlgorithm;

/// A parsed public key with its name and its one algorithm. Clones share the parsed key.
#[derive(Clone)]
pub struct VerificationKey(Arc<Inner>);

struct Inner {
    kid: String,
    algorithm: SigningAlgorithm,
    parsed: ParsedPublicKey,
    /// What jsonwebtoken is handed: the family and nothing else. See [`crate::jwt`].
    placeholder: jsonwebtoken::DecodingKey,
}

impl VerificationKey {
    pub fn from_jwk(jwk: &PublicJwk) -> Result<Self, InvalidKey> {
        let (parsed, placeholder) = match jwk.members()? {
            Members::Rsa { n, e } => (
                parse_rsa(n, e, jwk.algorithm())?,
                jsonwebtoken::DecodingKey::from_rsa_der(&[]),
            ),
            Members::P256 { x, y } => {
                let mut point = vec![4_u8];
                point.extend(decode_exactly(x, 32)?);
                point.extend(decode_exactly(y, 32)?);
                let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                (
                    parsed.map_err(|_| InvalidKey)?,
                    jsonwebtoken::DecodingKey::from_ec_der(&[]),
                )
            }
            Members::Ed25519 { x } => {
                let parsed = ParsedPublicKey::new(&ED25519, decode_exactly(x, 32)?);
                (
                    parsed.map_err(|_| InvalidKey)?,
                    jsonwebtoken::DecodingKey::from_ed_der(&[]),
                )
            }
        };
        let inner = Inner {
            kid: jwk.kid().to_owned(),
            algorithm: jwk.algorithm(),
            parsed,
            placeholder,
        };
        Ok(Self(Arc::new(inner)))
    }

    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.0.algorithm
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.parsed.verify_sig(message, signature).is_ok()
    }

    pub(crate) fn placeholder(&self) -> &jsonwebtoken::DecodingKey {
        &self.0.placeholder
    }
}

fn parse_rsa(n: &str, e: &str, algorithm: SigningAlgorithm) -> Result<ParsedPublicKey, InvalidKey> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKey);
    let (n, e) = (decode(n)?, decode(e)?);
    // RFC 7518 §3.3: 2048 bits or more. The `rsa` crate checks the exponent and the upper bound.
    let modulus = rsa::BigUint::from_bytes_be(&n);
    if !(2_048..=8_192).contains(&modulus.bits()) {
        return Err(InvalidKey);
    }
    rsa::RsaPublicKey::new_with_max_size(modulus, rsa::BigUint::from_bytes_be(&e), 8_192)
        .map_err(|_| InvalidKey)?;
    let parameters = match algorithm {
        SigningAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    };
    RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(parameters)
        .map_err(|_| InvalidKey)
}

fn decode_exactly(text: &str, length: usize) -> Result<Vec<u8>, InvalidKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKey)?;
    if bytes.len() == length {
        Ok(bytes)
    } else {
        Err(InvalidKey)
    }
}

impl std::fmt::Debug for VerificationKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "VerificationKey({}, {})",
            self.0.algorithm, self.0.kid
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::signing_key::SigningKey;

    #[test]
    fn one_key_verifies_one_algorithm() {
        let key = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
        let mut as_pss = serde_json::to_value(key.public_jwk()).unwrap();
        as_pss["alg"] = json!("PS256");
        let as_pss = VerificationKey::from_jwk(&serde_json::from_value(as_pss).unwrap()).unwrap();
        let signature = key.private_key().sign(b"message").unwrap();
        assert!(
            key.verification_key()
                .unwrap()
                .verify(b"message", &signature)
        );
        assert!(!as_pss.verify(b"message", &signature));
    }
}
