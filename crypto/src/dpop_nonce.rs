//! Nonces for DPoP proofs (RFC 9449 §8): a time under a MAC, so that nothing is kept and every replica takes
//! what another gave.
//!
//! A nonce bounds how long ago a proof can have been made, by our clock; that a proof counts once is asked
//! elsewhere.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::clock::Timestamp;
use protocol::ids::TenantId;

use crate::constant_time;
use crate::derive::join_parts;
use crate::peppers::{Pepper, Peppers};

/// How long a client may go on using one.
const LIFETIME: Duration = Duration::from_mins(5);
/// The replica that made it may be ahead.
const MAX_SKEW: Duration = Duration::from_mins(1);
const TIME_BYTES: usize = 8;
const MAC_BYTES: usize = 16;
const BYTES: usize = TIME_BYTES + 1 + MAC_BYTES;

impl Peppers {
    /// What a client puts into its next proofs at this tenant.
    pub fn issue_dpop_nonce(&self, tenant_id: TenantId, now: Timestamp) -> String {
        let pepper = self.in_use();
        let time = now.unix_seconds().to_be_bytes();
        let mut nonce = Vec::with_capacity(BYTES);
        nonce.extend_from_slice(&time);
        nonce.push(pepper.id);
        nonce.extend_from_slice(&mac(pepper, tenant_id, time));
        URL_SAFE_NO_PAD.encode(nonce)
    }

    /// Whether we gave this one to a client of this tenant not long ago.
    pub fn is_dpop_nonce(&self, tenant_id: TenantId, nonce: &str, now: Timestamp) -> bool {
        let Some(nonce) = read(nonce) else {
            return false;
        };
        let made_at = Timestamp::from_unix_seconds(i64::from_be_bytes(nonce.time));
        self.find(nonce.pepper_id).is_some_and(|pepper| {
            constant_time::equal(&mac(pepper, tenant_id, nonce.time), &nonce.mac)
                && made_at <= now + MAX_SKEW
                && now < made_at + LIFETIME
        })
    }
}

struct Nonce {
    time: [u8; TIME_BYTES],
    pepper_id: u8,
    mac: [u8; MAC_BYTES],
}

fn read(text: &str) -> Option<Nonce> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (time, rest) = bytes.split_first_chunk()?;
    let (pepper_id, mac) = rest.split_first()?;
    Some(Nonce {
        time: *time,
        pepper_id: *pepper_id,
        mac: mac.try_into().ok()?,
    })
}

fn mac(pepper: &Pepper, tenant_id: TenantId, time: [u8; TIME_BYTES]) -> [u8; MAC_BYTES] {
    let message = join_parts([tenant_id.as_uuid().as_bytes().as_slice(), &time]);
    let tag = hmac::sign(&pepper.dpop_nonce_key, &message);
    let mut mac = [0; MAC_BYTES];
    mac.copy_from_slice(&tag.as_ref()[..MAC_BYTES]);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::peppers;

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    /// RFC 9449 §8.
    #[test]
    fn a_nonce_is_good_at_its_tenant_for_five_minutes() {
        let peppers = peppers(&[1]);
        let nonce = peppers.issue_dpop_nonce(tenant(1), at(NOW));
        let is_good = |number, seconds| peppers.is_dpop_nonce(tenant(number), &nonce, at(seconds));
        assert!(is_good(1, NOW) && is_good(1, NOW + 299) && is_good(1, NOW - 60));
        assert!(!is_good(1, NOW + 300) && !is_good(1, NOW - 61));
        assert!(!is_good(2, NOW));
        // RFC 9449 §8.1: what a header and a JSON string carry alike.
        assert!(
            nonce
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        );
    }

    #[test]
    fn a_nonce_of_a_pepper_on_the_list_is_taken_and_no_other() {
        let nonce = peppers(&[1]).issue_dpop_nonce(tenant(1), at(NOW));
        assert!(peppers(&[2, 1]).is_dpop_nonce(tenant(1), &nonce, at(NOW)));
        assert!(!peppers(&[2]).is_dpop_nonce(tenant(1), &nonce, at(NOW)));
    }

    #[test]
    fn what_was_altered_is_no_nonce() {
        let peppers = peppers(&[1]);
        let nonce = peppers.issue_dpop_nonce(tenant(1), at(NOW));
        let bytes = URL_SAFE_NO_PAD.decode(&nonce).unwrap();
        for index in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[index] ^= 1;
            let altered = URL_SAFE_NO_PAD.encode(altered);
            assert!(
                !peppers.is_dpop_nonce(tenant(1), &altered, at(NOW)),
                "{index}"
            );
        }
        for bad in [
            "",
            "x",
            &nonce[1..],
            &format!("{nonce}A"),
            &"A".repeat(9_000),
        ] {
            assert!(!peppers.is_dpop_nonce(tenant(1), bad, at(NOW)), "{bad}");
        }
    }
}
