//! Comparing a presented secret with what is stored of its owner's secrets.
//!
//! Generated secrets are known by their form and cost an HMAC. Everything else is taken for a
//! chosen secret: remembered under a process key once argon2id said yes, hashed otherwise. Hashing
//! that fails always takes as many computations as an owner may have secrets, whoever the owner is.

use crypto::{
    Malformed, PasswordError, PasswordHasher, Peppers, ProcessKey, Remembered, SecretKind,
    SecretToken,
};
use protocol::client::authentication::PresentedSecret;
use protocol::clock::Timestamp;
use protocol::ids::{CredentialId, TenantId, check_chosen_text};
use protocol::secret::SecretText;
use quick_cache::sync::Cache;
use secrecy::SecretString;
use store::{ClientSecret, StoredSecret, Tenant};

use crate::digests::from_stored;

/// Two secrets may live at once, so that they can be exchanged without a gap (row E15).
const MOST_LIVE_SECRETS: usize = 2;
const MAX_CHOSEN_BYTES: usize = 1_024;
const MOST_REMEMBERED: usize = 100_000;

/// Whose secret it has to be. An unknown owner has no secrets and costs the same.
pub(super) struct Owner<'a> {
    pub tenant: &'a Tenant,
    /// As the caller calls itself.
    pub name: &'a str,
    pub secrets: &'a [ClientSecret],
}

pub(super) enum SecretCheck {
    Right,
    Wrong,
    NeedsHashing(SecretText),
}

/// Chosen secrets that proved right in this process, and the pool that checks the others.
pub struct VerifiedSecrets {
    key: ProcessKey,
    remembered: Cache<(TenantId, CredentialId), Remembered>,
    hasher: PasswordHasher,
}

impl VerifiedSecrets {
    /// `hasher` is not the one of sign-ins: secrets that are guessed must not keep people waiting.
    pub(crate) fn new(key: ProcessKey, hasher: PasswordHasher) -> Self {
        Self {
            key,
            remembered: Cache::new(MOST_REMEMBERED),
            hasher,
        }
    }

    /// Argon2 computations for client secrets so far.
    pub fn computations(&self) -> u64 {
        self.hasher.computations()
    }

    pub(super) fn check_without_hashing(
        &self,
        peppers: &Peppers,
        owner: &Owner<'_>,
        presented: &PresentedSecret,
        now: Timestamp,
    ) -> SecretCheck {
        let mut chosen = None;
        for reading in presented.readings() {
            if let Ok(token) = parse_generated(reading.expose()) {
                return if is_generated(peppers, owner, &token, now) {
                    SecretCheck::Right
                } else {
                    SecretCheck::Wrong
                };
            }
            // Operators can only choose what every client encodes alike, so one reading at most
            // can be a chosen secret.
            if check_chosen_text(reading.expose(), MAX_CHOSEN_BYTES).is_ok() {
                chosen = Some(reading);
            }
        }
        let Some(chosen) = chosen else {
            return SecretCheck::Wrong;
        };
        let is_remembered = owner.live_hashes(now).any(|(credential_id, hash)| {
            let context = owner.context(hash);
            self.remembered
                .get(&(owner.tenant.id(), credential_id))
                .is_some_and(|it| {
                    self.key
                        .matches(&it, &[&context.0, context.1], chosen.expose().as_bytes())
                })
        });
        if is_remembered {
            SecretCheck::Right
        } else {
            SecretCheck::NeedsHashing(chosen.clone())
        }
    }

    /// The one slow look. Busy when the pool's queue is full.
    pub(super) async fn check_by_hashing(
        &self,
        owner: &Owner<'_>,
        presented: &SecretText,
        now: Timestamp,
    ) -> Result<bool, PasswordError> {
        let mut hashes = owner.live_hashes(now);
        for _ in 0..MOST_LIVE_SECRETS {
            let stored = hashes.next();
            let hash = stored.map(|(_, hash)| hash.to_owned());
            let verification = self
                .hasher
                .verify(SecretString::from(presented.expose()), hash)
                .await?;
            let (true, Some((credential_id, hash))) = (verification.is_match(), stored) else {
                continue;
            };
            let context = owner.context(hash);
            let remembered = self
                .key
                .remember(&[&context.0, context.1], presented.expose().as_bytes());
            self.remembered
                .insert((owner.tenant.id(), credential_id), remembered);
            return Ok(true);
        }
        Ok(false)
    }
}

impl<'a> Owner<'a> {
    fn live(&self, now: Timestamp) -> impl Iterator<Item = &'a ClientSecret> + use<'a> {
        self.secrets
            .iter()
            .filter(move |secret| secret.expires_at.is_none_or(|end| now < end))
    }

    fn live_hashes(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (CredentialId, &'a str)> + use<'a> {
        self.live(now).filter_map(|secret| match &secret.secret {
            StoredSecret::Chosen { hash } => Some((secret.credential_id, hash.expose())),
            StoredSecret::Generated(_) => None,
        })
    }

    /// What a remembered secret is good for: a changed hash makes it worthless by itself.
    fn context<'h>(&self, hash: &'h str) -> ([u8; 16], &'h [u8]) {
        (*self.tenant.id().as_uuid().as_bytes(), hash.as_bytes())
    }
}

/// Clients and resource servers have secrets of different kinds; either form may be presented.
fn parse_generated(text: &str) -> Result<SecretToken, Malformed> {
    SecretToken::parse(SecretKind::ClientSecret, text)
        .or_else(|_| SecretToken::parse(SecretKind::ResourceSecret, text))
}

fn is_generated(peppers: &Peppers, owner: &Owner<'_>, token: &SecretToken, now: Timestamp) -> bool {
    owner.live(now).any(|secret| match &secret.secret {
        StoredSecret::Generated(digest) => peppers.verify(token, &from_stored(digest)),
        StoredSecret::Chosen { .. } => false,
    })
}
