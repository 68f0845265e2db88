//! Sealing: AES-256-GCM under a key that belongs to one purpose, bound to where the sealed thing stands.
//!
//! The operator's keys are a list: the first seals, all open. Each purpose has its own HKDF sub-key of
//! each, derived once at start, so a blob sealed for one purpose does not open for another, and the
//! associated data (tenant, row) keeps it from opening anywhere else within its purpose.
//!
//! Sealed form: version (1) | key id (4) | nonce (12) | ciphertext and tag. The nonce comes from aws-lc
//! itself, the one exception to injected randomness: a repeated nonce would void the seal. Random nonces
//! bear 2^32 seals per key and purpose; an installation that seals more puts a new key in front.
//!
//! To add a purpose: a variant, its label, its place in `ALL`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use secrecy::SecretString;
use zeroize::{Zeroize as _, Zeroizing};

use crate::derive::{KEK_ID, KeyBytes, derive_key, join_parts};
use crate::key_list::{self, KeyListError};

const VERSION: u8 = 1;
const KEK_ID_BYTES: usize = 4;
const NONCE_AT: usize = 1 + KEK_ID_BYTES;
const CIPHERTEXT_AT: usize = NONCE_AT + NONCE_LEN;

/// What something is sealed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A pending authorization on its way through the browser.
    Pending,
    /// What a consent page asked, in its form.
    Consent,
    /// A page cursor of the admin API. Never shares a key with secrets (Hydra CVE-2026-33504).
    Cursor,
    Csrf,
    /// What a browser cookie carries.
    Browser,
    /// A private key at rest.
    SigningKey,
    /// A remembered answer to an idempotent request.
    Idempotency,
    /// The address of a client's logo, in the URL that a consent page shows it from.
    Logo,
    /// A pushed authorization request, in its `request_uri`.
    PushedRequest,
    /// A request to sign out, while the person is asked.
    Logout,
    /// What a webhook's messages are signed with, at rest.
    WebhookSecret,
}

impl Purpose {
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Consent,
        Self::Cursor,
        Self::Csrf,
        Self::Browser,
        Self::SigningKey,
        Self::Idempotency,
        Self::Logo,
        Self::PushedRequest,
        Self::Logout,
        Self::WebhookSecret,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Pending => "writ/v1/pending",
            Self::Consent => "writ/v1/consent",
            Self::Cursor => "writ/v1/cursor",
            Self::Csrf => "writ/v1/csrf",
            Self::Browser => "writ/v1/browser",
            Self::SigningKey => "writ/v1/signing-key",
            Self::Idempotency => "writ/v1/idempotency",
            Self::Logo => "writ/v1/logo",
            Self::PushedRequest => "writ/v1/pushed-request",
            Self::Logout => "writ/v1/logout",
            Self::WebhookSecret => "writ/v1/webhook-secret",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// Where a sealed thing stands: it opens there and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociatedData(pub(crate) Vec<u8>);

impl AssociatedData {
    /// Parts such as tenant, row, generation; no two lists of parts are alike.
    pub fn of(parts: &[&[u8]]) -> Self {
        Self(join_parts(parts.iter().copied()))
    }
}

/// The seal is broken, was made by a key that has left the list, for another purpose or another place.
/// Which of these, nobody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by us for this purpose and place")]
pub struct NotOurs;

/// The operator's key-encryption keys.
pub struct EncryptionKeys(Vec<EncryptionKey>);

struct EncryptionKey {
    kek_id: [u8; KEK_ID_BYTES],
    kek_id_text: String,
    purpose_keys: [SealingKey; Purpose::ALL.len()],
}

impl EncryptionKeys {
    /// Reads the setting: keys separated by commas, the first in use.
    pub fn parse(list: &SecretString) -> Result<Self, KeyListError> {
        Self::from_keys(&key_list::parse(list)?)
    }

    pub fn from_keys(keys: &[KeyBytes]) -> Result<Self, KeyListError> {
        let loaded: Vec<EncryptionKey> = keys.iter().map(EncryptionKey::new).collect();
        let ids: Vec<_> = loaded.iter().map(|key| key.kek_id).collect();
        key_list::check(keys, &ids)?;
        Ok(Self(loaded))
    }

    /// The id of the key that seals, as rows name it: eight hexadecimal digits.
    pub fn kek_id(&self) -> &str {
        &self.in_use().kek_id_text
    }

    /// Whether what was sealed under this id can still be opened.
    pub fn has_kek(&self, kek_id: &str) -> bool {
        self.0.iter().any(|key| key.kek_id_text == kek_id)
    }

    pub fn seal(&self, purpose: Purpose, place: &AssociatedData, plaintext: &[u8]) -> Vec<u8> {
        let key = self.in_use();
        let mut sealed =
            Vec::with_capacity(CIPHERTEXT_AT + plaintext.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.kek_id);
        key.purpose_keys[purpose.index()].seal_onto(&mut sealed, &place.0, plaintext);
        sealed
    }

    pub fn open(
        &self,
        purpose: Purpose,
        place: &AssociatedData,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
        let (head, body) = sealed.split_at_checked(NONCE_AT).ok_or(NotOurs)?;
        if head[0] != VERSION {
            return Err(NotOurs);
        }
        let key = self
            .0
            .iter()
            .find(|key| key.kek_id == head[1..])
            .ok_or(NotOurs)?;
        key.purpose_keys[purpose.index()].open(&place.0, body)
    }

    fn in_use(&self) -> &EncryptionKey {
        // `from_keys` refuses an empty list.
        &self.0[0]
    }
}

impl EncryptionKey {
    fn new(key: &KeyBytes) -> Self {
        let id = derive_key(&key[..], KEK_ID);
        let mut kek_id = [0_u8; KEK_ID_BYTES];
        kek_id.copy_from_slice(&id[..KEK_ID_BYTES]);
        Self {
            kek_id,
            kek_id_text: format!("{:08x}", u32::from_be_bytes(kek_id)),
            purpose_keys: Purpose::ALL.map(|purpose| SealingKey::derive(&key[..], purpose.label())),
        }
    }
}

impl std::fmt::Debug for EncryptionKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|key| &key.kek_id_text))
            .finish()
    }
}

/// AES-256-GCM with one sub-key; reads and writes nonce | ciphertext | tag.
pub(crate) struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    pub(crate) fn derive(secret: &[u8], label: &str) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &derive_key(secret, label)[..]);
        // Only a key of another length is refused.
        Self(key.unwrap_or_else(|_| panic!("AES-256-GCM refused a 32-byte key")))
    }

    pub(crate) fn seal_onto(&self, sealed: &mut Vec<u8>, place: &[u8], plaintext: &[u8]) {
        // Room for the tag from the start: growing would leave a copy of the plaintext in freed memory.
        let mut buffer = Vec::with_capacity(plaintext.len() + AES_256_GCM.tag_len());
        buffer.extend_from_slice(plaintext);
        let Ok(nonce) = self
            .0
            .seal_in_place_append_tag(Aad::from(place), &mut buffer)
        else {
            buffer.zeroize();
            // Only 64 GiB of plaintext or a failed random number generator end here.
            panic!("AES-256-GCM failed to seal");
        };
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&buffer);
    }

    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOurs> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(NotOurs)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotOurs)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(place), &mut buffer)
            .map_err(|_| NotOurs)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::encryption_keys;

    fn place() -> AssociatedData {
        AssociatedData::of(&[b"tenant", b"row"])
    }

    /// What was sealed for one purpose fails at every other.
    #[test]
    fn a_seal_opens_for_its_own_purpose_only() {
        let keys = encryption_keys(&[1]);
        for sealed_for in Purpose::ALL {
            let sealed = keys.seal(sealed_for, &place(), b"plaintext");
            for opened_for in Purpose::ALL {
                let opened = keys.open(opened_for, &place(), &sealed);
                assert_eq!(
                    opened.is_ok(),
                    sealed_for == opened_for,
                    "{sealed_for:?} at {opened_for:?}"
                );
            }
        }
    }

    #[test]
    fn a_seal_opens_at_its_own_place_only() {
        let keys = encryption_keys(&[1]);
        let sealed = keys.seal(Purpose::Pending, &place(), b"plaintext");
        let elsewhere: [&[&[u8]]; 4] = [
            &[b"tenant", b"other"],
            &[b"tenantrow"],
            &[b"tenant", b"row", b""],
            &[],
        ];
        for parts in elsewhere {
            assert_eq!(
                keys.open(Purpose::Pending, &AssociatedData::of(parts), &sealed),
                Err(NotOurs)
            );
        }
        assert_eq!(
            keys.open(Purpose::Pending, &place(), &sealed)
                .unwrap()
                .as_slice(),
            b"plaintext"
        );
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = encryption_keys(&[1]);
        let sealed = old.seal(Purpose::SigningKey, &place(), b"key");
        let both = encryption_keys(&[2, 1]);
        assert!(both.open(Purpose::SigningKey, &place(), &sealed).is_ok());
        assert!(both.has_kek(old.kek_id()));
        assert_ne!(both.kek_id(), old.kek_id());
        let resealed = both.seal(Purpose::SigningKey, &place(), b"key");
        assert!(old.open(Purpose::SigningKey, &place(), &resealed).is_err());
        assert!(
            encryption_keys(&[2])
                .open(Purpose::SigningKey, &place(), &resealed)
                .is_ok()
        );
    }

    #[test]
    fn the_key_id_is_shown_and_the_key_is_not() {
        let keys = encryption_keys(&[1]);
        assert_eq!(keys.kek_id().len(), 8);
        assert_eq!(format!("{keys:?}"), format!("[\"{}\"]", keys.kek_id()));
    }

    #[test]
    fn equal_plaintexts_are_sealed_differently() {
        let keys = encryption_keys(&[1]);
        let seal = || keys.seal(Purpose::Cursor, &place(), b"same");
        assert_ne!(seal(), seal());
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_unless_any_bit_changed(
            plaintext in proptest::collection::vec(any::<u8>(), 0..300),
            flip in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let keys = encryption_keys(&[1]);
            let mut sealed = keys.seal(Purpose::Consent, &place(), &plaintext);
            let opened = keys.open(Purpose::Consent, &place(), &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
            let position = flip.index(sealed.len());
            sealed[position] ^= 1 << bit;
            prop_assert!(keys.open(Purpose::Consent, &place(), &sealed).is_err());
        }

        #[test]
        fn arbitrary_bytes_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(encryption_keys(&[1]).open(Purpose::Consent, &place(), &bytes).is_err());
        }
    }
}
