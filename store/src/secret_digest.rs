//! Secrets as they are kept: a digest under a server pepper, or the hash of what a person chose.

use protocol::SecretText;

use crate::error::StoreError;

/// HMAC-SHA-256 of a generated secret, and which pepper made it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest {
    pub bytes: [u8; 32],
    pub pepper_id: i16,
}

impl SecretDigest {
    pub(crate) fn from_row(bytes: &[u8], pepper_id: i16) -> Result<Self, StoreError> {
        let bytes = bytes
            .try_into()
            .map_err(|_| StoreError::corrupt("a digest's length"))?;
        Ok(Self { bytes, pepper_id })
    }
}

/// What a look-up under any of several peppers binds.
pub(crate) fn digest_array(digests: &[SecretDigest]) -> Vec<Vec<u8>> {
    digests.iter().map(|digest| digest.bytes.to_vec()).collect()
}

impl std::fmt::Debug for SecretDigest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SecretDigest(pepper {})", self.pepper_id)
    }
}

/// How the secret of a client or a resource server is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredSecret {
    /// Ours, random: a digest is enough.
    Generated(SecretDigest),
    /// Chosen by an operator: an argon2id hash, since it may be guessable.
    Chosen { hash: SecretText },
}

/// The three columns that hold a [`StoredSecret`].
pub(crate) struct SecretColumns<'a> {
    pub digest: Option<&'a [u8]>,
    pub pepper_id: Option<i16>,
    pub hash: Option<&'a str>,
}

impl<'a> SecretColumns<'a> {
    pub fn of(secret: Option<&'a StoredSecret>) -> Self {
        secret.map_or(
            Self {
                digest: None,
                pepper_id: None,
                hash: None,
            },
            StoredSecret::columns,
        )
    }
}

impl StoredSecret {
    pub(crate) fn columns(&self) -> SecretColumns<'_> {
        match self {
            Self::Generated(digest) => SecretColumns {
                digest: Some(&digest.bytes),
                pepper_id: Some(digest.pepper_id),
                hash: None,
            },
            Self::Chosen { hash } => SecretColumns {
                digest: None,
                pepper_id: None,
                hash: Some(hash.expose()),
            },
        }
    }

    pub(crate) fn from_columns(
        digest: Option<&[u8]>,
        pepper_id: Option<i16>,
        hash: Option<String>,
    ) -> Result<Self, StoreError> {
        match (digest, pepper_id, hash) {
            (Some(digest), Some(pepper_id), None) => {
                SecretDigest::from_row(digest, pepper_id).map(Self::Generated)
            }
            (None, None, Some(hash)) => Ok(Self::Chosen {
                hash: SecretText::new(hash),
            }),
            _ => Err(StoreError::corrupt("a secret's columns")),
        }
    }

    /// Where there need be none.
    pub(crate) fn from_optional_columns(
        digest: Option<&[u8]>,
        pepper_id: Option<i16>,
        hash: Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        if digest.is_none() && pepper_id.is_none() && hash.is_none() {
            return Ok(None);
        }
        Self::from_columns(digest, pepper_id, hash).map(Some)
    }
}
