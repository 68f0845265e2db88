//! What private keys are sealed with: a trait small enough for a key management service, and the keys of
//! the settings as its one implementation here.
//!
//! Whoever calls it must bear that it fails and that it blocks: a service is asked over a network. Here
//! that means within `spawn_blocking`, never in a request's own thread.
//!
//! Not here: what else Writ seals (pages, cursors, cookies); that is for [`crate::envelope`], which no
//! service is asked about, since it is needed at every request.
//!
//! To add a service: a type that implements [`KeyEncryption`] where its client may be used, and the place
//! that puts the authority together.

use zeroize::Zeroizing;

use crate::envelope::{AssociatedData, EncryptionKeys, Purpose};

/// Why a private key was not sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyEncryptionError {
    /// Altered, another row's, or its key-encryption key is gone. Which of these, nobody is told.
    #[error("not sealed by us for this place, or its key-encryption key is gone")]
    NotOurs,
    /// The service did not answer. Trying again later may help.
    #[error("the key-encryption keys cannot be reached: {0}")]
    Unavailable(String),
}

/// Seals and opens private keys, each at its own place (row P1).
pub trait KeyEncryption: Send + Sync {
    /// The id of the key that seals, as rows name it.
    fn kek_id(&self) -> &str;

    /// Whether what was sealed under this id can still be opened.
    fn has_kek(&self, kek_id: &str) -> bool;

    /// Seals under the key that [`KeyEncryption::kek_id`] names.
    fn seal(&self, place: &AssociatedData, plaintext: &[u8])
    -> Result<Vec<u8>, KeyEncryptionError>;

    /// Opens what was sealed under `kek_id` at this place.
    fn open(
        &self,
        kek_id: &str,
        place: &AssociatedData,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyEncryptionError>;
}

/// The sealed form names its key itself, and the place contains `kek_id`: a wrong one does not open.
impl KeyEncryption for EncryptionKeys {
    fn kek_id(&self) -> &str {
        Self::kek_id(self)
    }

    fn has_kek(&self, kek_id: &str) -> bool {
        Self::has_kek(self, kek_id)
    }

    fn seal(
        &self,
        place: &AssociatedData,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, KeyEncryptionError> {
        Ok(Self::seal(self, Purpose::SigningKey, place, plaintext))
    }

    fn open(
        &self,
        _kek_id: &str,
        place: &AssociatedData,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyEncryptionError> {
        Self::open(self, Purpose::SigningKey, place, sealed)
            .map_err(|_| KeyEncryptionError::NotOurs)
    }
}

#[cfg(test)]
mod tests {
    use protocol::SigningAlgorithm;
    use protocol::ids::TenantId;

    use super::*;
    use crate::signing_key::{SealedSigningKey, SigningKeyError};
    use crate::testing::{encryption_keys, random_id};

    /// A key management service that cannot be reached, and one that has lost a key.
    struct Service(Result<(), KeyEncryptionError>);

    impl KeyEncryption for Service {
        fn kek_id(&self) -> &'static str {
            "arn:of-a-service"
        }

        fn has_kek(&self, kek_id: &str) -> bool {
            kek_id == self.kek_id()
        }

        fn seal(
            &self,
            place: &AssociatedData,
            plaintext: &[u8],
        ) -> Result<Vec<u8>, KeyEncryptionError> {
            self.0.clone()?;
            KeyEncryption::seal(&encryption_keys(&[1]), place, plaintext)
        }

        fn open(
            &self,
            kek_id: &str,
            place: &AssociatedData,
            sealed: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, KeyEncryptionError> {
            self.0.clone()?;
            KeyEncryption::open(&encryption_keys(&[1]), kek_id, place, sealed)
        }
    }

    #[test]
    fn a_key_management_service_may_stand_in_and_may_fail() {
        let tenant_id = random_id(TenantId::generate);
        let service = Service(Ok(()));
        let generate =
            |service| SealedSigningKey::generate(tenant_id, SigningAlgorithm::Es256, service);
        let sealed = generate(&service).unwrap();
        assert_eq!(sealed.kek_id, "arn:of-a-service");
        assert!(sealed.open(tenant_id, &service).is_ok());
        let away = KeyEncryptionError::Unavailable("timeout".to_owned());
        let service = Service(Err(away.clone()));
        let error = SigningKeyError::KeyEncryption(away);
        assert_eq!(generate(&service).unwrap_err(), error);
        assert_eq!(sealed.open(tenant_id, &service).unwrap_err(), error);
        let service = Service(Err(KeyEncryptionError::NotOurs));
        assert_eq!(
            sealed.open(tenant_id, &service).unwrap_err(),
            SigningKeyError::Sealed
        );
    }
}
