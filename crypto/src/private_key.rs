//! The parsed private key: the one place that signs, and aws-lc does it (RUSTSEC-2023-0071 keeps the
//! `rsa` crate away from here).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::jwk::PublicJwk;
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKeyError;

/// A key pair, parsed once.
pub(crate) enum PrivateKey {
    RsaPkcs1(RsaKeyPair),
    RsaPss(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Self, SigningKeyError> {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048);
        let key = match algorithm {
            SigningAlgorithm::Rs256 => rsa().map(Self::RsaPkcs1),
            SigningAlgorithm::Ps256 => rsa().map(Self::RsaPss),
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::Ecdsa)
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::generate().map(Self::Ed25519),
        };
        key.map_err(|_| SigningKeyError::Generation)
    }

    pub(crate) fn parse(
        algorithm: SigningAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Self, SigningKeyError> {
        let key = match algorithm {
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::RsaPkcs1),
            SigningAlgorithm::Ps256 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::RsaPss),
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self::Ecdsa)
            }
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::Ed25519),
        };
        key.map_err(|_| SigningKeyError::Unreadable)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let bytes = match self {
            Self::RsaPkcs1(pair) | Self::RsaPss(pair) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec())
            }
            Self::Ecdsa(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.to_pkcs8().map(|document| document.as_ref().to_vec()),
        };
        bytes
            .map(Zeroizing::new)
            .map_err(|_| SigningKeyError::Unreadable)
    }

    pub(crate) fn public_jwk(&self) -> Result<PublicJwk, SigningKeyError> {
        let jwk = match self {
            Self::RsaPkcs1(pair) => {
                PublicJwk::from_rsa_der(pair.public_key().as_ref(), SigningAlgorithm::Rs256)
            }
            Self::RsaPss(pair) => {
                PublicJwk::from_rsa_der(pair.public_key().as_ref(), SigningAlgorithm::Ps256)
            }
            Self::Ecdsa(pair) => PublicJwk::from_p256_point(pair.public_key().as_ref()),
            Self::Ed25519(pair) => PublicJwk::from_ed25519(pair.public_key().as_ref()),
        };
        jwk.map_err(|_| SigningKeyError::Unreadable)
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::RsaPkcs1(_) => SigningAlgorithm::Rs256,
            Self::RsaPss(_) => SigningAlgorithm::Ps256,
            Self::Ecdsa(_) => SigningAlgorithm::Es256,
            Self::Ed25519(_) => SigningAlgorithm::EdDsa,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        match self {
            Self::RsaPkcs1(pair) => sign_rsa(pair, &RSA_PKCS1_SHA256, message),
            Self::RsaPss(pair) => sign_rsa(pair, &RSA_PSS_SHA256, message),
            Self::Ecdsa(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
        }
    }
}

fn sign_rsa(
    pair: &RsaKeyPair,
    padding: &'static dyn RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let mut signature = vec![0_u8; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature)?;
    Ok(signature)
}
