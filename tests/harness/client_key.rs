//! A client's own key pair: it signs assertions, right and wrong ones, and shows its public half.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::clock::TestClock;
use super::oauth_client::{ClientAuthentication, OAuthClient};

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Clones share the pair.
#[derive(Clone)]
pub struct ClientKey {
    algorithm: &'static str,
    kid: String,
    pair: Arc<Pair>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl ClientKey {
    /// `algorithm` as in `alg`: RS256, PS256, ES256 or EdDSA.
    pub fn generate(algorithm: &'static str, kid: &str) -> Self {
        let pair = match algorithm {
            "RS256" | "PS256" => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            "ES256" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            other => panic!("no such algorithm: {other}"),
        };
        Self {
            algorithm,
            kid: kid.to_owned(),
            pair: Arc::new(pair),
        }
    }

    pub fn jwk(&self) -> Value {
        let mut jwk = match &*self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            Pair::Ed(pair) => {
                let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A set of this key alone.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    pub fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.kid })
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    /// Under any header whatever, truly signed.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let bytes = message.as_bytes();
        let random = SystemRandom::new();
        let signature = match &*self.pair {
            Pair::Rsa(pair) => {
                let padding: &dyn aws_lc_rs::signature::RsaEncoding = match self.algorithm {
                    "PS256" => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, bytes, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(bytes).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ClientKey({}, {})", self.algorithm, self.kid)
    }
}

/// Makes a new assertion for each request, as SDKs do.
#[derive(Clone, Debug)]
pub struct AssertionSigner {
    pub key: ClientKey,
    /// The issuer; a test may name another.
    pub audience: String,
    pub client_id: String,
    clock: Arc<TestClock>,
}

impl AssertionSigner {
    pub fn new(key: &ClientKey, issuer: &str, client_id: &str, clock: Arc<TestClock>) -> Self {
        Self {
            key: key.clone(),
            audience: issuer.to_owned(),
            client_id: client_id.to_owned(),
            clock,
        }
    }

    /// Right in everything, and new each time.
    pub fn claims(&self) -> Value {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let now = self.clock.unix_seconds();
        json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.audience,
            "iat": now, "exp": now + 300,
            "jti": format!("assertion {}", NEXT.fetch_add(1, Ordering::Relaxed)),
        })
    }

    pub fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    pub fn assertion(&self) -> String {
        self.key.sign(&self.claims())
    }
}

impl OAuthClient {
    /// The same client, with a key to prove itself by.
    pub fn signing(self, key: &ClientKey, clock: Arc<TestClock>) -> Self {
        let signer = AssertionSigner::new(key, &self.issuer, &self.client_id, clock);
        self.with_authentication(ClientAuthentication::Assertion(signer))
    }

    #[track_caller]
    pub fn signer(&self) -> &AssertionSigner {
        match &self.authentication {
            ClientAuthentication::Assertion(signer) => signer,
            other => panic!("no signer: {other:?}"),
        }
    }
}
