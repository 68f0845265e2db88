//! What a webhook's messages are signed with (Standard Webhooks 1.0.0): HMAC-SHA-256 under a secret that both sides
//! have. The receiver got its text, `whsec_` and base64, once; here it is sealed, since every message needs it.
//!
//! Not here: what is signed (`protocol::webhook`), and when an old secret ends (`authority::webhooks`).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::ids::{TenantId, WebhookId};
use protocol::random::Random;
use zeroize::Zeroizing;

use crate::envelope::{AssociatedData, EncryptionKeys, NotOurs, Purpose};

/// The specification asks for 24 to 64 bytes.
const SECRET_BYTES: usize = 32;
const PREFIX: &str = "whsec_";

/// The secret of one webhook.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl WebhookSecret {
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
        random.fill(&mut bytes[..]);
        Self(bytes)
    }

    /// As it is shown, once.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(PREFIX);
        STANDARD.encode_string(&self.0[..], &mut text);
        text
    }

    /// For the one row that it belongs to.
    pub fn seal(
        &self,
        keys: &EncryptionKeys,
        tenant_id: TenantId,
        webhook_id: WebhookId,
    ) -> Vec<u8> {
        keys.seal(
            Purpose::WebhookSecret,
            &place_of(tenant_id, webhook_id),
            &self.0[..],
        )
    }

    pub fn open(
        keys: &EncryptionKeys,
        tenant_id: TenantId,
        webhook_id: WebhookId,
        sealed: &[u8],
    ) -> Result<Self, NotOurs> {
        let opened = keys.open(
            Purpose::WebhookSecret,
            &place_of(tenant_id, webhook_id),
            sealed,
        )?;
        let mut bytes = Zeroizing::new([0_u8; SECRET_BYTES]);
        if opened.len() != SECRET_BYTES {
            return Err(NotOurs);
        }
        bytes.copy_from_slice(&opened);
        Ok(Self(bytes))
    }

    /// One signature of the header: its version, and the MAC.
    pub fn sign(&self, content: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0[..]);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, content)))
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("WebhookSecret")
    }
}

fn place_of(tenant_id: TenantId, webhook_id: WebhookId) -> AssociatedData {
    AssociatedData::of(&[
        tenant_id.as_uuid().as_bytes(),
        webhook_id.as_uuid().as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRandom;
    use crate::testing::{encryption_keys, random_id};

    #[test]
    fn a_secret_opens_in_its_own_row_only() {
        let keys = encryption_keys(&[1]);
        let (tenant_id, webhook_id) = (
            random_id(TenantId::generate),
            random_id(WebhookId::generate),
        );
        let secret = WebhookSecret::generate(&SystemRandom);
        let sealed = secret.seal(&keys, tenant_id, webhook_id);
        let opened = WebhookSecret::open(&keys, tenant_id, webhook_id, &sealed).unwrap();
        assert_eq!(*opened.expose(), *secret.expose());
        let other = random_id(WebhookId::generate);
        assert!(WebhookSecret::open(&keys, tenant_id, other, &sealed).is_err());
        let other = random_id(TenantId::generate);
        assert!(WebhookSecret::open(&keys, other, webhook_id, &sealed).is_err());
    }

    #[test]
    fn its_text_is_what_receivers_are_given() {
        let secret = WebhookSecret(Zeroizing::new([7; SECRET_BYTES]));
        let text = secret.expose();
        assert_eq!(
            STANDARD
                .decode(text.strip_prefix("whsec_").unwrap())
                .unwrap(),
            [7; 32]
        );
        assert!(!format!("{secret:?}").contains("BwcH"));
    }

    /// RFC 4231 §4.3 has no key of 32 bytes; this one was worked out with Python's `hmac`.
    #[test]
    fn a_signature_is_an_hmac_sha256_in_base64() {
        let secret = WebhookSecret(Zeroizing::new([7; SECRET_BYTES]));
        let signature = secret.sign(b"msg_1.1700000000.{}");
        assert_eq!(signature, "v1,nuLLyheCKcS2N8JNOFt5stk98R+umYWr26/ZTfdtGM8=");
    }
}
