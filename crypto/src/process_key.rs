//! Remembering that a secret was right, for as long as this process lives.
//!
//! A secret that an operator chose is kept as argon2id (20 ms a look). A replica pays that once per
//! secret, then remembers an HMAC under a key that exists in this process only: a memory dump of the
//! remembered values alone helps nobody guess. Whoever remembers drops the value when the secret changes.

use aws_lc_rs::hmac;
use protocol::random::Random;
use zeroize::Zeroizing;

use crate::constant_time;
use crate::derive::{KEY_BYTES, join_parts};

/// A key made at start and never written anywhere.
pub struct ProcessKey(hmac::Key);

/// What is kept of a secret that proved right.
#[derive(Clone, Copy)]
pub struct Remembered([u8; 32]);

impl ProcessKey {
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        random.fill(&mut bytes[..]);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes[..]))
    }

    /// `context` names whose secret it is (tenant, client, the stored hash it was checked against), so
    /// that a value remembered for one is worth nothing for another, nor after the stored hash changed.
    pub fn remember(&self, context: &[&[u8]], secret: &[u8]) -> Remembered {
        let message = Zeroizing::new(join_parts(context.iter().copied().chain([secret])));
        let tag = hmac::sign(&self.0, &message);
        let mut bytes = [0_u8; 32];
        bytes.copy_from_slice(tag.as_ref());
        Remembered(bytes)
    }

    pub fn matches(&self, remembered: &Remembered, context: &[&[u8]], secret: &[u8]) -> bool {
        constant_time::equal(&self.remember(context, secret).0, &remembered.0)
    }
}

impl std::fmt::Debug for ProcessKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProcessKey(redacted)")
    }
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Remembered(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;

    #[test]
    fn a_remembered_secret_matches_itself_in_its_context_and_process_only() {
        let key = ProcessKey::generate(&SystemRandom);
        let remembered = key.remember(&[b"tenant", b"client"], b"secret");
        assert!(key.matches(&remembered, &[b"tenant", b"client"], b"secret"));
        assert!(!key.matches(&remembered, &[b"tenant", b"client"], b"Secret"));
        assert!(!key.matches(&remembered, &[b"tenant", b"other"], b"secret"));
        assert!(!key.matches(&remembered, &[b"tenantclient", b""], b"secret"));
        let other_process = ProcessKey::generate(&SystemRandom);
        assert!(!other_process.matches(&remembered, &[b"tenant", b"client"], b"secret"));
    }
}
