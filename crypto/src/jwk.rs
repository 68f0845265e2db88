//! Public keys as the tenant's JWKS shows them.
//!
//! The `rsa` crate reads RSA components here and in `verification_key`, and does nothing else in Writ.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};

use crate::signing_algorithm::SigningAlgorithm;

/// Characters of the thumbprint that make a `kid`: 132 bits, so that two keys never share one.
const KID_CHARACTERS: usize = 22;

/// A public key as the JWKS shows it. It has no room for a private member: one in the input is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicJwk {
    kid: String,
    #[serde(rename = "alg")]
    algorithm: SigningAlgorithm,
    #[serde(rename = "use")]
    public_key_use: SignatureUse,
    #[serde(rename = "kty")]
    key_type: KeyType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum SignatureUse {
    #[serde(rename = "sig")]
    Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum KeyType {
    #[serde(rename = "RSA")]
    Rsa,
    #[serde(rename = "EC")]
    EllipticCurve,
    #[serde(rename = "OKP")]
    OctetKeyPair,
}

/// Not a public key that we can use, or its members contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a usable public key")]
pub struct InvalidKey;

impl PublicJwk {
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// From the `RSAPublicKey` structure of RFC 8017.
    pub(crate) fn from_rsa_der(
        der: &[u8],
        algorithm: SigningAlgorithm,
    ) -> Result<Self, InvalidKey> {
        let key = rsa::RsaPublicKey::from_pkcs1_der(der).map_err(|_| InvalidKey)?;
        let mut jwk = Self::empty(algorithm, KeyType::Rsa);
        jwk.n = Some(URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()));
        jwk.e = Some(URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()));
        jwk.named_by_thumbprint()
    }

    /// From the uncompressed point: 4 | x | y.
    pub(crate) fn from_p256_point(point: &[u8]) -> Result<Self, InvalidKey> {
        if point.len() != 65 || point[0] != 4 {
            return Err(InvalidKey);
        }
        let mut jwk = Self::empty(SigningAlgorithm::Es256, KeyType::EllipticCurve);
        jwk.crv = Some("P-256".to_owned());
        jwk.x = Some(URL_SAFE_NO_PAD.encode(&point[1..33]));
        jwk.y = Some(URL_SAFE_NO_PAD.encode(&point[33..]));
        jwk.named_by_thumbprint()
    }

    pub(crate) fn from_ed25519(public_key: &[u8]) -> Result<Self, InvalidKey> {
        let mut jwk = Self::empty(SigningAlgorithm::EdDsa, KeyType::OctetKeyPair);
        jwk.crv = Some("Ed25519".to_owned());
        jwk.x = Some(URL_SAFE_NO_PAD.encode(public_key));
        jwk.named_by_thumbprint()
    }

    fn empty(algorithm: SigningAlgorithm, key_type: KeyType) -> Self {
        Self {
            kid: String::new(),
            algorithm,
            public_key_use: SignatureUse::Signature,
            key_type,
            n: None,
            e: None,
            crv: None,
            x: None,
            y: None,
        }
    }

    fn named_by_thumbprint(mut self) -> Result<Self, InvalidKey> {
        self.kid = self.thumbprint()?;
        self.kid.truncate(KID_CHARACTERS);
        Ok(self)
    }

    /// RFC 7638 §3: SHA-256 of the required members in lexical order, without blanks.
    pub fn thumbprint(&self) -> Result<String, InvalidKey> {
        let canonical = match self.members()? {
            Members::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Members::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Members::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        Ok(URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())))
    }

    /// The members that the algorithm needs, all of them and no others.
    pub(crate) fn members(&self) -> Result<Members<'_>, InvalidKey> {
        let text = |member: &'_ Option<String>| member.as_deref().is_some_and(is_base64url);
        let members = match (self.algorithm, self.key_type, self.crv.as_deref()) {
            (SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256, KeyType::Rsa, None)
                if text(&self.n) && text(&self.e) && self.x.is_none() && self.y.is_none() =>
            {
                self.n
                    .as_deref()
                    .zip(self.e.as_deref())
                    .map(|(n, e)| Members::Rsa { n, e })
            }
            (SigningAlgorithm::Es256, KeyType::EllipticCurve, Some("P-256"))
                if text(&self.x) && text(&self.y) && self.n.is_none() && self.e.is_none() =>
            {
                self.x
                    .as_deref()
                    .zip(self.y.as_deref())
                    .map(|(x, y)| Members::P256 { x, y })
            }
            (SigningAlgorithm::EdDsa, KeyType::OctetKeyPair, Some("Ed25519"))
                if text(&self.x) && self.y.is_none() && self.n.is_none() && self.e.is_none() =>
            {
                self.x.as_deref().map(|x| Members::Ed25519 { x })
            }
            _ => None,
        };
        members.ok_or(InvalidKey)
    }
}

pub(crate) enum Members<'a> {
    Rsa { n: &'a str, e: &'a str },
    P256 { x: &'a str, y: &'a str },
    Ed25519 { x: &'a str },
}

fn is_base64url(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::signing_key::SigningKey;
    use crate::verification_key::VerificationKey;

    /// RFC 7638 §3.1's example.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    fn rfc_7638_key() -> serde_json::Value {
        json!({ "kid": "2011-04-29", "alg": "RS256", "use": "sig", "kty": "RSA", "n": N, "e": "AQAB" })
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let jwk: PublicJwk = serde_json::from_value(rfc_7638_key()).unwrap();
        assert_eq!(
            jwk.thumbprint().unwrap(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        assert!(VerificationKey::from_jwk(&jwk).is_ok());
    }

    #[test]
    fn a_jwk_shows_the_public_members_of_its_algorithm_only() {
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate_unsealed(algorithm).unwrap();
            let shown = serde_json::to_value(key.public_jwk()).unwrap();
            let mut members: Vec<&str> = shown
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            members.sort_unstable();
            let expected: &[&str] = match algorithm {
                SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                    &["alg", "e", "kid", "kty", "n", "use"]
                }
                SigningAlgorithm::Es256 => &["alg", "crv", "kid", "kty", "use", "x", "y"],
                SigningAlgorithm::EdDsa => &["alg", "crv", "kid", "kty", "use", "x"],
            };
            assert_eq!(members, expected);
            assert_eq!(shown["alg"], algorithm.as_str());
            assert_eq!(shown["use"], "sig");
            assert_eq!(key.kid().len(), KID_CHARACTERS);
            assert!(
                key.public_jwk()
                    .thumbprint()
                    .unwrap()
                    .starts_with(key.kid())
            );
            let read: PublicJwk = serde_json::from_value(shown).unwrap();
            assert_eq!(&read, key.public_jwk());
        }
    }

    #[test]
    fn what_is_no_public_signing_key_is_refused() {
        let change = |member: &str, value: serde_json::Value| {
            let mut key = rfc_7638_key();
            key[member] = value;
            key
        };
        let cases = [
            ("a private exponent", change("d", json!("AQAB"))),
            (
                "a symmetric key",
                json!({ "kid": "a", "alg": "HS256", "use": "sig", "kty": "oct", "k": "AQAB" }),
            ),
            ("an encryption key", change("use", json!("enc"))),
            ("another family's algorithm", change("alg", json!("ES256"))),
            ("an algorithm we do not know", change("alg", json!("RS1"))),
            ("a short modulus", change("n", json!("AQAB"))),
            ("an even exponent", change("e", json!("AQAA"))),
            ("exponent one", change("e", json!("AQ"))),
            ("no modulus", change("n", json!(null))),
            ("a quote in a member", change("n", json!(format!("{N}\"")))),
            ("members of two families", change("x", json!("AQAB"))),
            (
                "a point off the curve",
                json!({
                    "kid": "a", "alg": "ES256", "use": "sig", "kty": "EC", "crv": "P-256",
                    "x": URL_SAFE_NO_PAD.encode([1_u8; 32]), "y": URL_SAFE_NO_PAD.encode([2_u8; 32]),
                }),
            ),
            (
                "a short Ed25519 key",
                json!({
                    "kid": "a", "alg": "EdDSA", "use": "sig", "kty": "OKP", "crv": "Ed25519", "x": "AQAB",
                }),
            ),
        ];
        for (name, value) in cases {
            let key = serde_json::from_value::<PublicJwk>(value)
                .map_err(|_| InvalidKey)
                .and_then(|jwk| VerificationKey::from_jwk(&jwk));
            assert!(key.is_err(), "{name}");
        }
    }
}
