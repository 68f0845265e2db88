//! The keys of one tenant, ready for use: those that sign, parsed once; those that verify; the JWKS.

use std::sync::Arc;

use bytes::Bytes;
use crypto::{
    KeyEncryption, PublicJwk, SealedSigningKey, SigningKey, SigningKeyError, VerificationKey,
};
use protocol::SigningAlgorithm;
use protocol::clock::Timestamp;
use protocol::ids::TenantId;
use protocol::signing_key_schedule::{RETIRED_KEY_LIFETIME, SigningKeyState, SigningKeyUse};
use serde::Serialize;
use store::SigningKeyRecord;

use super::{KeyRingError, corrupt};

/// The JWKS of a tenant as it is sent.
#[derive(Debug)]
pub struct ReadyJwks {
    pub body: Bytes,
    /// With its quotes.
    pub etag: String,
}

/// The keys of one tenant, as they were when they were loaded.
pub struct TenantKeys {
    signers: Vec<Signer>,
    /// Of the active key, whether or not it opens here: every replica says the same.
    signing_algorithm: Option<SigningAlgorithm>,
    verification_keys: Vec<VerificationKey>,
    jwks: Arc<ReadyJwks>,
    /// From then on a retired key is none any more.
    good_until: Option<Timestamp>,
    /// An active key is among them that does not open here.
    is_sealed_to_us: bool,
}

/// An active key, and the row that it was opened from.
#[derive(Clone)]
struct Signer {
    signs: SigningKeyUse,
    row: SealedSigningKey,
    key: SigningKey,
}

impl TenantKeys {
    /// What signs access tokens and everything else that is no ID token.
    pub fn signer(&self) -> Result<&SigningKey, KeyRingError> {
        self.of_use(SigningKeyUse::Tokens)
            .ok_or_else(|| self.why_not())
    }

    /// What signs an ID token: RS256, which every client understands, unless the client asked for an
    /// algorithm that the tenant has an active key of.
    pub fn id_token_signer(
        &self,
        asked: Option<SigningAlgorithm>,
    ) -> Result<&SigningKey, KeyRingError> {
        let of = |algorithm| {
            let keys = [SigningKeyUse::Tokens, SigningKeyUse::IdTokens];
            let mut keys = keys.into_iter().filter_map(|signs| self.of_use(signs));
            keys.find(|key| key.algorithm() == algorithm)
        };
        asked
            .and_then(of)
            .or_else(|| of(SigningAlgorithm::Rs256))
            .ok_or_else(|| self.why_not())
    }

    /// Of [`Self::signer`], wherever that opens.
    pub(super) fn signing_algorithm(&self) -> Option<SigningAlgorithm> {
        self.signing_algorithm
    }

    fn why_not(&self) -> KeyRingError {
        if self.is_sealed_to_us {
            SigningKeyError::Sealed.into()
        } else {
            KeyRingError::NoActiveKey
        }
    }

    pub fn verification_keys(&self) -> &[VerificationKey] {
        &self.verification_keys
    }

    /// Whether a token signed by this key is still to be believed.
    pub fn has_kid(&self, kid: &str) -> bool {
        self.verification_keys.iter().any(|key| key.kid() == kid)
    }

    pub fn jwks(&self) -> &Arc<ReadyJwks> {
        &self.jwks
    }

    /// Row P5: whether every key in it may still be used at this moment.
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        self.good_until.is_none_or(|until| now < until)
    }

    fn of_use(&self, signs: SigningKeyUse) -> Option<&SigningKey> {
        let signer = self.signers.iter().find(|signer| signer.signs == signs);
        signer.map(|signer| &signer.key)
    }

    /// From the rows. Opens the active keys, which may block; one that was opened before, from the very
    /// same row, is not opened again. One that does not open, because this replica lacks its key-encryption
    /// key, is published and verifies all the same: that takes its public half alone.
    pub(super) fn assemble(
        tenant_id: TenantId,
        records: Vec<SigningKeyRecord>,
        last: Option<&Self>,
        key_encryption: &dyn KeyEncryption,
        now: Timestamp,
    ) -> Result<Self, KeyRingError> {
        let mut signers = Vec::with_capacity(2);
        let mut signing_algorithm = None;
        let mut published = Vec::with_capacity(records.len());
        let mut good_until = None;
        let mut is_sealed_to_us = false;
        for record in records {
            if let Some(ends) = end_of(&record) {
                if ends <= now {
                    continue;
                }
                good_until = Some(good_until.map_or(ends, |it: Timestamp| it.min(ends)));
            }
            let (state, signs) = (record.state, record.signs);
            let row = from_row(record)?;
            published.push(row.public_jwk.clone());
            if state == SigningKeyState::Active {
                if signs == SigningKeyUse::Tokens {
                    signing_algorithm = Some(row.algorithm);
                }
                let known = last.and_then(|last| last.opened_from(&row));
                let opened = known.map_or_else(|| open(tenant_id, &row, key_encryption), Ok);
                match opened {
                    Ok(key) => signers.push(Signer { signs, row, key }),
                    Err(KeyRingError::Key(SigningKeyError::Sealed)) => {
                        tracing::error!(%tenant_id, kid = row.kid, kek_id = row.kek_id, "a signing key does not open here: see whether WRIT_ENCRYPTION_KEYS holds its key-encryption key");
                        is_sealed_to_us = true;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        let verification_keys = published
            .iter()
            .map(|jwk| VerificationKey::from_jwk(jwk).map_err(corrupt))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            signers,
            signing_algorithm,
            verification_keys,
            jwks: Arc::new(ready_jwks(&published)?),
            good_until,
            is_sealed_to_us,
        })
    }

    fn opened_from(&self, row: &SealedSigningKey) -> Option<SigningKey> {
        let signer = self.signers.iter().find(|signer| signer.row == *row);
        signer.map(|signer| signer.key.clone())
    }
}

fn open(
    tenant_id: TenantId,
    row: &SealedSigningKey,
    key_encryption: &dyn KeyEncryption,
) -> Result<SigningKey, KeyRingError> {
    let key = row.open(tenant_id, key_encryption)?;
    key.self_test()?;
    Ok(key)
}

/// Row P5: a key retired for longer than any of its tokens lives neither verifies nor is shown, whether
/// or not its row has been removed.
fn end_of(record: &SigningKeyRecord) -> Option<Timestamp> {
    record
        .retired_at
        .map(|retired_at| retired_at + RETIRED_KEY_LIFETIME)
}

#[derive(Serialize)]
struct KeySet<'a> {
    keys: &'a [PublicJwk],
}

fn ready_jwks(keys: &[PublicJwk]) -> Result<ReadyJwks, KeyRingError> {
    let body = serde_json::to_vec(&KeySet { keys }).map_err(corrupt)?;
    // A kid is the thumbprint of its key, so the kids say what the body is.
    let kids: Vec<&str> = keys.iter().map(PublicJwk::kid).collect();
    Ok(ReadyJwks {
        body: body.into(),
        etag: format!("\"{}\"", kids.join(".")),
    })
}

pub(crate) fn from_row(record: SigningKeyRecord) -> Result<SealedSigningKey, KeyRingError> {
    Ok(SealedSigningKey {
        kid: record.kid,
        algorithm: record.algorithm.parse().map_err(corrupt)?,
        public_jwk: serde_json::from_value(record.public_jwk).map_err(corrupt)?,
        sealed_private_key: record.sealed_private_key,
        kek_id: record.kek_id,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crypto::EncryptionKeys;
    use secrecy::SecretString;
    use uuid::Uuid;

    use super::*;

    fn tenant_id() -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(7))
    }

    fn encryption_keys() -> EncryptionKeys {
        EncryptionKeys::parse(&SecretString::from(
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ))
        .unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000 + seconds)
    }

    fn row(
        algorithm: SigningAlgorithm,
        signs: SigningKeyUse,
        state: SigningKeyState,
    ) -> SigningKeyRecord {
        let sealed =
            SealedSigningKey::generate(tenant_id(), algorithm, &encryption_keys()).unwrap();
        SigningKeyRecord {
            kid: sealed.kid,
            algorithm: algorithm.as_str().to_owned(),
            signs,
            state,
            public_jwk: serde_json::to_value(&sealed.public_jwk).unwrap(),
            sealed_private_key: sealed.sealed_private_key,
            kek_id: sealed.kek_id,
            created_at: at(0),
            activate_at: None,
            activated_at: (state != SigningKeyState::Next).then(|| at(0)),
            retired_at: (state == SigningKeyState::Retired).then(|| at(10)),
        }
    }

    fn assemble(
        records: &[SigningKeyRecord],
        last: Option<&TenantKeys>,
        now: Timestamp,
    ) -> TenantKeys {
        let keys = encryption_keys();
        TenantKeys::assemble(tenant_id(), records.to_vec(), last, &keys, now).unwrap()
    }

    #[test]
    fn id_tokens_are_rs256_unless_the_client_asked_for_what_there_is() {
        use SigningAlgorithm::{EdDsa, Es256, Ps256, Rs256};
        use SigningKeyState::Active;
        let own = row(Es256, SigningKeyUse::Tokens, Active);
        let companion = row(Rs256, SigningKeyUse::IdTokens, Active);
        let keys = assemble(&[own.clone(), companion], None, at(0));
        assert_eq!(keys.signer().unwrap().algorithm(), Es256);
        assert_eq!(keys.signing_algorithm(), Some(Es256));
        for (asked, got) in [
            (None, Rs256),
            (Some(Es256), Es256),
            (Some(Rs256), Rs256),
            (Some(Ps256), Rs256),
            (Some(EdDsa), Rs256),
        ] {
            let signer = keys.id_token_signer(asked).unwrap();
            assert_eq!(signer.algorithm(), got, "{asked:?}");
        }
        // Without its companion it says so, rather than sign with what nobody asked for.
        let alone = assemble(&[own], None, at(0));
        assert!(alone.id_token_signer(None).is_err());
        assert!(alone.id_token_signer(Some(Es256)).is_ok());
    }

    /// P5: a next key, a retired one and one of ID tokens sign no access token.
    #[test]
    fn only_the_active_key_signs() {
        use SigningAlgorithm::EdDsa;
        let rows = [
            row(EdDsa, SigningKeyUse::Tokens, SigningKeyState::Next),
            row(EdDsa, SigningKeyUse::Tokens, SigningKeyState::Retired),
            row(EdDsa, SigningKeyUse::IdTokens, SigningKeyState::Active),
        ];
        let keys = assemble(&rows, None, at(20));
        assert!(keys.signer().is_err());
        assert_eq!(keys.signing_algorithm(), None);
        assert_eq!(keys.verification_keys().len(), 3);
    }

    /// P5: its row may still be there; the key is not, from the very second on.
    #[test]
    fn a_retired_key_ends_by_the_clock_and_not_by_a_job() {
        let retired = row(
            SigningAlgorithm::EdDsa,
            SigningKeyUse::Tokens,
            SigningKeyState::Retired,
        );
        let end = at(10) + RETIRED_KEY_LIFETIME;
        let before = end - Duration::from_secs(1);
        let keys = assemble(std::slice::from_ref(&retired), None, before);
        assert!(keys.has_kid(&retired.kid) && keys.is_good(before) && !keys.is_good(end));
        let keys = assemble(std::slice::from_ref(&retired), None, end);
        assert!(!keys.has_kid(&retired.kid) && keys.is_good(end));
        assert_eq!(&keys.jwks().body[..], br#"{"keys":[]}"#);
    }

    /// The parsed private key is kept across loads, as long as its row is the same byte for byte.
    #[test]
    fn a_key_is_opened_once() {
        let active = row(
            SigningAlgorithm::EdDsa,
            SigningKeyUse::Tokens,
            SigningKeyState::Active,
        );
        let first = assemble(std::slice::from_ref(&active), None, at(0));
        let nothing_opens = EncryptionKeys::parse(&SecretString::from(
            "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
        ))
        .unwrap();
        let again = |record: SigningKeyRecord| {
            let records = vec![record];
            TenantKeys::assemble(tenant_id(), records, Some(&first), &nothing_opens, at(0)).unwrap()
        };
        assert!(again(active.clone()).signer().is_ok());
        let algorithm = active.algorithm.clone();
        let mut altered = active;
        altered.sealed_private_key[20] ^= 1;
        let keys = again(altered);
        let refused = keys.signer().unwrap_err();
        assert!(matches!(
            refused,
            KeyRingError::Key(SigningKeyError::Sealed)
        ));
        assert_eq!(keys.verification_keys().len(), 1, "it goes on verifying");
        let said = keys.signing_algorithm().unwrap();
        assert_eq!(said.as_str(), algorithm, "it signs at other replicas");
    }
}
