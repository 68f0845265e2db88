//! What a change of keys came to, for whoever asked for it.

use protocol::clock::Timestamp;
use protocol::signing_key_schedule::{SigningKeyState, SigningKeyUse};
use store::SigningKeyRecord;

use crate::key_ring::KeyRingError;

/// Of a rotation on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationReport {
    /// The key that signs, or will.
    pub kid: String,
    pub algorithm: String,
    /// Whether it signs already. If not, `activate_at` says from when.
    pub is_active: bool,
    /// When it is due to sign, or since when it does. Resources that are waited for may put it off, within
    /// the tenant's bound.
    pub activate_at: Timestamp,
    /// The key that signed, or signs until then.
    pub replaces: Option<String>,
}

impl RotationReport {
    pub(super) fn of(
        keys: &[SigningKeyRecord],
        replaced: Option<&SigningKeyRecord>,
    ) -> Result<Self, KeyRingError> {
        let of = |state| find(keys, state);
        let active = of(SigningKeyState::Active).ok_or(KeyRingError::NoActiveKey)?;
        let next = of(SigningKeyState::Next);
        let has_changed = replaced.is_none_or(|replaced| replaced.kid != active.kid);
        let key = match next {
            Some(next) if !has_changed => next,
            _ => active,
        };
        Ok(Self {
            kid: key.kid.clone(),
            algorithm: key.algorithm.clone(),
            is_active: key.state == SigningKeyState::Active,
            activate_at: key
                .activated_at
                .or(key.activate_at)
                .unwrap_or(key.created_at),
            replaces: replaced.map(|replaced| replaced.kid.clone()),
        })
    }
}

/// Of an emergency removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalReport {
    pub kid: String,
    /// What the removed key was.
    pub state: SigningKeyState,
    /// The key that signs access tokens now.
    pub signs_now: Option<String>,
}

impl RemovalReport {
    pub(super) fn of(removed: &SigningKeyRecord, keys: &[SigningKeyRecord]) -> Self {
        Self {
            kid: removed.kid.clone(),
            state: removed.state,
            signs_now: find(keys, SigningKeyState::Active).map(|key| key.kid.clone()),
        }
    }
}

fn find(keys: &[SigningKeyRecord], state: SigningKeyState) -> Option<&SigningKeyRecord> {
    keys.iter()
        .find(|key| key.signs == SigningKeyUse::Tokens && key.state == state)
}
