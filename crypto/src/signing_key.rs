//! Signing keys: made, sealed at rest, opened, kept parsed.
//!
//! A [`SigningKey`] holds its key pair behind an `Arc`: parsing an RSA key costs more than the signature
//! (4,400 signatures a second with the parsed key, 1,700 without), so it is parsed once, when opened.
//! The key pair itself is in `private_key`.
//!
//! Not here: which key is next, active or retired (`authority::key_ring`), rows (`store`).
//! To add an algorithm: see [`crate::signing_algorithm`].

use std::sync::Arc;

use protocol::ids::TenantId;
use zeroize::Zeroizing;

use crate::constant_time;
use crate::envelope::AssociatedData;
use crate::jwk::PublicJwk;
use crate::key_encryption::{KeyEncryption, KeyEncryptionError};
use crate::key_pair::UnsealedKey;
use crate::private_key::PrivateKey;
use crate::signing_algorithm::SigningAlgorithm;
use crate::verification_key::VerificationKey;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    #[error("a key pair could not be generated")]
    Generation,
    #[error(
        "the sealed private key does not open here: another row's, altered, or its key is gone"
    )]
    Sealed,
    #[error(transparent)]
    KeyEncryption(KeyEncryptionError),
    #[error("the private key cannot be read")]
    Unreadable,
    #[error("the private key is not the one its kid names")]
    WrongKid,
}

impl From<KeyEncryptionError> for SigningKeyError {
    fn from(error: KeyEncryptionError) -> Self {
        match error {
            KeyEncryptionError::NotOurs => Self::Sealed,
            unavailable @ KeyEncryptionError::Unavailable(_) => Self::KeyEncryption(unavailable),
        }
    }
}

/// A signing key as its row holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSigningKey {
    pub kid: String,
    pub algorithm: SigningAlgorithm,
    pub public_jwk: PublicJwk,
    pub sealed_private_key: Vec<u8>,
    pub kek_id: String,
}

/// A signing key ready to sign. Clones share the one parsed key pair.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    public_jwk: PublicJwk,
    private_key: Arc<PrivateKey>,
    /// What jsonwebtoken is handed: the family and nothing else. See [`crate::jwt`].
    placeholder: jsonwebtoken::EncodingKey,
}

impl SealedSigningKey {
    /// Makes a key pair and seals it; see [`crate::key_pair`].
    pub fn generate(
        tenant_id: TenantId,
        algorithm: SigningAlgorithm,
        keys: &dyn KeyEncryption,
    ) -> Result<Self, SigningKeyError> {
        UnsealedKey::generate(algorithm)?.seal(tenant_id, keys)
    }

    /// Opens the key: checks the seal, parses the pair once, and checks that it is the one `kid` names.
    pub fn open(
        &self,
        tenant_id: TenantId,
        keys: &dyn KeyEncryption,
    ) -> Result<SigningKey, SigningKeyError> {
        let pkcs8 = self.open_pkcs8(tenant_id, keys)?;
        let key = SigningKey::new(PrivateKey::parse(self.algorithm, &pkcs8)?)?;
        if !constant_time::equal(key.kid().as_bytes(), self.kid.as_bytes()) {
            return Err(SigningKeyError::WrongKid);
        }
        Ok(key)
    }

    /// The same key sealed under the first key-encryption key of the list.
    pub fn reseal(
        &self,
        tenant_id: TenantId,
        keys: &dyn KeyEncryption,
    ) -> Result<Self, SigningKeyError> {
        let pkcs8 = self.open_pkcs8(tenant_id, keys)?;
        Self::seal(tenant_id, self.public_jwk.clone(), &pkcs8, keys)
    }

    pub(crate) fn seal(
        tenant_id: TenantId,
        public_jwk: PublicJwk,
        pkcs8: &[u8],
        keys: &dyn KeyEncryption,
    ) -> Result<Self, SigningKeyError> {
        let (kid, algorithm) = (public_jwk.kid().to_owned(), public_jwk.algorithm());
        let kek_id = keys.kek_id().to_owned();
        let place = place_of(tenant_id, &kid, algorithm, &kek_id);
        let sealed_private_key = keys.seal(&place, pkcs8)?;
        Ok(Self {
            kid,
            algorithm,
            public_jwk,
            sealed_private_key,
            kek_id,
        })
    }

    fn open_pkcs8(
        &self,
        tenant_id: TenantId,
        keys: &dyn KeyEncryption,
    ) -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let place = place_of(tenant_id, &self.kid, self.algorithm, &self.kek_id);
        Ok(keys.open(&self.kek_id, &place, &self.sealed_private_key)?)
    }
}

/// P1: a ciphertext opens in its own row only.
fn place_of(
    tenant_id: TenantId,
    kid: &str,
    algorithm: SigningAlgorithm,
    kek_id: &str,
) -> AssociatedData {
    AssociatedData::of(&[
        tenant_id.as_uuid().as_bytes(),
        kid.as_bytes(),
        algorithm.as_str().as_bytes(),
        kek_id.as_bytes(),
    ])
}

impl SigningKey {
    /// A key that is sealed nowhere: for the self-test and for tests.
    pub fn generate_unsealed(algorithm: SigningAlgorithm) -> Result<Self, SigningKeyError> {
        Self::new(PrivateKey::generate(algorithm)?)
    }

    fn new(private_key: PrivateKey) -> Result<Self, SigningKeyError> {
        let placeholder = match private_key {
            PrivateKey::RsaPkcs1(_) | PrivateKey::RsaPss(_) => {
                jsonwebtoken::EncodingKey::from_rsa_der(&[])
            }
            PrivateKey::Ecdsa(_) => jsonwebtoken::EncodingKey::from_ec_der(&[]),
            PrivateKey::Ed25519(_) => jsonwebtoken::EncodingKey::from_ed_der(&[]),
        };
        let public_jwk = private_key.public_jwk()?;
        Ok(Self(Arc::new(Inner {
            public_jwk,
            private_key: Arc::new(private_key),
            placeholder,
        })))
    }

    pub fn kid(&self) -> &str {
        self.0.public_jwk.kid()
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.0.public_jwk.algorithm()
    }

    pub fn public_jwk(&self) -> &PublicJwk {
        &self.0.public_jwk
    }

    pub fn verification_key(&self) -> Result<VerificationKey, SigningKeyError> {
        VerificationKey::from_jwk(&self.0.public_jwk).map_err(|_| SigningKeyError::Unreadable)
    }

    pub(crate) fn private_key(&self) -> &Arc<PrivateKey> {
        &self.0.private_key
    }

    pub(crate) fn placeholder(&self) -> &jsonwebtoken::EncodingKey {
        &self.0.placeholder
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SigningKey({}, {})",
            self.algorithm(),
            self.kid()
        )
    }
}

impl std::fmt::Debug for SealedSigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "SealedSigningKey({}, {}, kek {})",
            self.algorithm, self.kid, self.kek_id
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{encryption_keys, random_id};

    #[test]
    fn every_algorithm_is_sealed_opened_and_still_the_same_key() {
        let keys = encryption_keys(&[1]);
        let tenant_id = random_id(TenantId::generate);
        for algorithm in SigningAlgorithm::ALL {
            let sealed = SealedSigningKey::generate(tenant_id, algorithm, &keys).unwrap();
            assert_eq!(sealed.kek_id, keys.kek_id());
            let opened = sealed.open(tenant_id, &keys).unwrap();
            assert_eq!(opened.kid(), sealed.kid);
            assert_eq!(opened.algorithm(), algorithm);
            assert_eq!(opened.public_jwk(), &sealed.public_jwk);
            let signature = opened.private_key().sign(b"message").unwrap();
            let verification_key = VerificationKey::from_jwk(&sealed.public_jwk).unwrap();
            assert!(verification_key.verify(b"message", &signature));
            assert!(!verification_key.verify(b"massage", &signature));
        }
    }

    /// P1: swapping two rows' ciphertexts gives an error, not a working key.
    #[test]
    fn another_rows_ciphertext_does_not_open() {
        let keys = encryption_keys(&[2, 1]);
        let tenant_id = random_id(TenantId::generate);
        let generate = |tenant_id| {
            SealedSigningKey::generate(tenant_id, SigningAlgorithm::Es256, &keys).unwrap()
        };
        let (one, two) = (generate(tenant_id), generate(tenant_id));
        let swapped = SealedSigningKey {
            sealed_private_key: two.sealed_private_key.clone(),
            ..one.clone()
        };
        assert_eq!(
            swapped.open(tenant_id, &keys).unwrap_err(),
            SigningKeyError::Sealed
        );

        let other_tenant = random_id(TenantId::generate);
        assert_eq!(
            one.open(other_tenant, &keys).unwrap_err(),
            SigningKeyError::Sealed
        );
        let other_kid = SealedSigningKey {
            kid: two.kid.clone(),
            ..one.clone()
        };
        assert_eq!(
            other_kid.open(tenant_id, &keys).unwrap_err(),
            SigningKeyError::Sealed
        );
        let other_algorithm = SealedSigningKey {
            algorithm: SigningAlgorithm::EdDsa,
            ..one.clone()
        };
        assert_eq!(
            other_algorithm.open(tenant_id, &keys).unwrap_err(),
            SigningKeyError::Sealed
        );
        let other_kek = SealedSigningKey {
            kek_id: encryption_keys(&[1]).kek_id().to_owned(),
            ..one.clone()
        };
        assert_eq!(
            other_kek.open(tenant_id, &keys).unwrap_err(),
            SigningKeyError::Sealed
        );
        assert!(one.open(tenant_id, &keys).is_ok());
    }

    #[test]
    fn a_row_whose_plaintext_is_another_key_is_refused() {
        let keys = encryption_keys(&[1]);
        let tenant_id = random_id(TenantId::generate);
        let row = SealedSigningKey::generate(tenant_id, SigningAlgorithm::Es256, &keys).unwrap();
        let place = place_of(tenant_id, &row.kid, row.algorithm, &row.kek_id);
        let other = PrivateKey::generate(SigningAlgorithm::Es256)
            .unwrap()
            .to_pkcs8()
            .unwrap();
        for (plaintext, error) in [
            (other.as_slice(), SigningKeyError::WrongKid),
            (b"not a key".as_slice(), SigningKeyError::Unreadable),
        ] {
            let sealed_private_key = KeyEncryption::seal(&keys, &place, plaintext).unwrap();
            let forged = SealedSigningKey {
                sealed_private_key,
                ..row.clone()
            };
            assert_eq!(forged.open(tenant_id, &keys).unwrap_err(), error);
        }
    }

    #[test]
    fn a_resealed_key_opens_without_the_old_key_encryption_key() {
        let tenant_id = random_id(TenantId::generate);
        let old =
            SealedSigningKey::generate(tenant_id, SigningAlgorithm::EdDsa, &encryption_keys(&[1]))
                .unwrap();
        let new = old.reseal(tenant_id, &encryption_keys(&[2, 1])).unwrap();
        assert_eq!(new.kid, old.kid);
        assert!(new.open(tenant_id, &encryption_keys(&[2])).is_ok());
        assert!(old.open(tenant_id, &encryption_keys(&[2])).is_err());
    }

    #[test]
    fn the_private_key_is_not_in_the_row_in_the_clear() {
        let key = PrivateKey::generate(SigningAlgorithm::Es256).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        let sealed = SealedSigningKey::seal(
            random_id(TenantId::generate),
            key.public_jwk().unwrap(),
            &pkcs8,
            &encryption_keys(&[1]),
        )
        .unwrap();
        let secret = &pkcs8[36..68];
        assert!(
            !sealed
                .sealed_private_key
                .windows(32)
                .any(|window| window == secret)
        );
    }

    /// The private key is parsed when opened and by no signature: clones and signatures share one pair.
    #[test]
    fn clones_share_the_one_parsed_key_pair() {
        let key = SigningKey::generate_unsealed(SigningAlgorithm::Rs256).unwrap();
        let clone = key.clone();
        assert!(Arc::ptr_eq(key.private_key(), clone.private_key()));
        assert_eq!(
            Arc::strong_count(key.private_key()),
            1,
            "one owner: the shared inner part"
        );
    }
}
