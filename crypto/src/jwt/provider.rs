//! jsonwebtoken's cryptography, replaced: signers and verifiers that hold the parsed key.
//!
//! jsonwebtoken hands its provider key bytes, and asks for a signer at every token. To give it the parsed
//! key instead, [`sign`](super::sign) and [`verify`](super::verify) lay the key down in a slot of their
//! own thread for the length of the one call (which never awaits), and pass a key without content. So a
//! key that lost its slot fails; it never signs with something else.
//!
//! With an empty slot the caller is not ours (another library, a test acting as a resource server): it
//! gets jsonwebtoken's own aws-lc provider.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, aws_lc};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

use crate::private_key::PrivateKey;
use crate::signing_algorithm;
use crate::verification_key::VerificationKey;

enum Slot {
    Empty,
    Sign(Arc<PrivateKey>),
    Verify(VerificationKey),
}

thread_local! {
    static SLOT: RefCell<Slot> = const { RefCell::new(Slot::Empty) };
}

static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(|| CryptoProvider {
    signer_factory: new_signer,
    verifier_factory: new_verifier,
    key_utils: aws_lc::DEFAULT_PROVIDER.key_utils.clone(),
});

/// Another provider was installed first.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotInstalled;

/// Runs `call` with `key` as what the next signer holds.
pub(super) fn with_private_key<T>(
    key: &Arc<PrivateKey>,
    call: impl FnOnce() -> T,
) -> std::result::Result<T, NotInstalled> {
    with_slot(Slot::Sign(Arc::clone(key)), call)
}

/// Runs `call` with `key` as what the next verifier holds.
pub(super) fn with_verification_key<T>(
    key: &VerificationKey,
    call: impl FnOnce() -> T,
) -> std::result::Result<T, NotInstalled> {
    with_slot(Slot::Verify(key.clone()), call)
}

fn with_slot<T>(slot: Slot, call: impl FnOnce() -> T) -> std::result::Result<T, NotInstalled> {
    /// Clears the slot even where the call panics.
    struct Clear;
    impl Drop for Clear {
        fn drop(&mut self) {
            SLOT.replace(Slot::Empty);
        }
    }
    ensure_installed()?;
    let _clear = Clear;
    SLOT.replace(slot);
    Ok(call())
}

fn ensure_installed() -> std::result::Result<(), NotInstalled> {
    static IS_INSTALLED: LazyLock<bool> = LazyLock::new(|| {
        let provider: &'static CryptoProvider = &PROVIDER;
        provider.install_default().is_ok()
    });
    if *IS_INSTALLED {
        Ok(())
    } else {
        Err(NotInstalled)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "jsonwebtoken's provider has this signature"
)]
fn new_signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match SLOT.replace(Slot::Empty) {
        Slot::Sign(private_key) => {
            if signing_algorithm::jsonwebtoken(private_key.algorithm()) == *algorithm {
                Ok(Box::new(ParsedSigner(private_key)))
            } else {
                Err(ErrorKind::InvalidAlgorithm.into())
            }
        }
        Slot::Verify(_) => Err(ErrorKind::InvalidKeyFormat.into()),
        Slot::Empty => (aws_lc::DEFAULT_PROVIDER.signer_factory)(algorithm, key),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "jsonwebtoken's provider has this signature"
)]
fn new_verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match SLOT.replace(Slot::Empty) {
        Slot::Verify(verification_key) => {
            if signing_algorithm::jsonwebtoken(verification_key.algorithm()) == *algorithm {
                Ok(Box::new(ParsedVerifier(verification_key)))
            } else {
                Err(ErrorKind::InvalidAlgorithm.into())
            }
        }
        Slot::Sign(_) => Err(ErrorKind::InvalidKeyFormat.into()),
        Slot::Empty => (aws_lc::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
    }
}

struct ParsedSigner(Arc<PrivateKey>);

impl Signer<Vec<u8>> for ParsedSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignatureError> {
        self.0.sign(message).map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for ParsedSigner {
    fn algorithm(&self) -> Algorithm {
        signing_algorithm::jsonwebtoken(self.0.algorithm())
    }
}

struct ParsedVerifier(VerificationKey);

impl Verifier<Vec<u8>> for ParsedVerifier {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), SignatureError> {
        self.0
            .verify(message, signature)
            .then_some(())
            .ok_or_else(SignatureError::new)
    }
}

impl JwtVerifier for ParsedVerifier {
    fn algorithm(&self) -> Algorithm {
        signing_algorithm::jsonwebtoken(self.0.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing_algorithm::SigningAlgorithm;
    use crate::signing_key::SigningKey;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "shows that it fails without the slot"
    )]
    fn a_key_without_its_slot_signs_nothing() {
        ensure_installed().unwrap();
        for algorithm in SigningAlgorithm::ALL {
            let key = SigningKey::generate_unsealed(algorithm).unwrap();
            let header = jsonwebtoken::Header::new(signing_algorithm::jsonwebtoken(algorithm));
            assert!(jsonwebtoken::encode(&header, &"claims", key.placeholder()).is_err());
        }
    }

    #[test]
    fn the_slot_is_empty_after_a_call_and_after_a_panic() {
        let key = SigningKey::generate_unsealed(SigningAlgorithm::Es256).unwrap();
        let is_empty = || SLOT.with_borrow(|slot| matches!(slot, Slot::Empty));
        with_private_key(key.private_key(), || assert!(!is_empty())).unwrap();
        assert!(is_empty());
        let caught = std::panic::catch_unwind(|| {
            let _ = with_private_key(key.private_key(), || panic!("within the call"));
        });
        assert!(caught.is_err() && is_empty());
    }

    #[test]
    fn a_signer_shares_the_parsed_key_pair() {
        let key = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
        with_private_key(key.private_key(), || {
            let signer = new_signer(&Algorithm::RS256, key.placeholder()).unwrap();
            // One for the key, one for the signer: nobody parsed another.
            assert_eq!(Arc::strong_count(key.private_key()), 2);
            assert!(signer.try_sign(b"message").is_ok());
        })
        .unwrap();
        assert_eq!(Arc::strong_count(key.private_key()), 1);
    }

    #[test]
    fn a_key_of_one_algorithm_gives_no_signer_or_verifier_of_another() {
        let key = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
        let verification_key = key.verification_key().unwrap();
        with_private_key(key.private_key(), || {
            assert!(new_signer(&Algorithm::PS256, key.placeholder()).is_err());
        })
        .unwrap();
        with_verification_key(&verification_key, || {
            assert!(new_verifier(&Algorithm::PS256, verification_key.placeholder()).is_err());
        })
        .unwrap();
    }
}
