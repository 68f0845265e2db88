//! What is tried at start, so that a build without a working back end refuses to serve instead of
//! failing at the first login: sign, verify, refuse a forgery, seal and open.

use std::time::Duration;

use protocol::clock::Timestamp;
use serde_json::json;

use crate::envelope::{AssociatedData, EncryptionKeys, Purpose};
use crate::jwt::{self, Expected};
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::SigningKey;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelfTestError {
    #[error("signing does not work")]
    Signing,
    #[error("verifying does not work")]
    Verifying,
    #[error("a forged token was accepted")]
    Forgery,
    #[error("sealing does not work")]
    Sealing,
}

/// Tries everything that needs no tenant; well under a millisecond.
pub fn self_test(keys: &EncryptionKeys) -> Result<(), SelfTestError> {
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let key = SigningKey::generate_unsealed(algorithm).map_err(|_| SelfTestError::Signing)?;
        key.self_test()?;
    }
    let place = AssociatedData::of(&[b"self-test"]);
    let sealed = keys.seal(Purpose::Pending, &place, b"self-test");
    let opened = keys.open(Purpose::Pending, &place, &sealed);
    let is_sound = opened.is_ok_and(|plaintext| plaintext.as_slice() == b"self-test")
        && keys.open(Purpose::Consent, &place, &sealed).is_err();
    if is_sound {
        Ok(())
    } else {
        Err(SelfTestError::Sealing)
    }
}

impl SigningKey {
    /// Signs and verifies once with this very key: for the key ring, when it has opened one.
    pub fn self_test(&self) -> Result<(), SelfTestError> {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let expected = Expected {
            issuer: "https://self-test.invalid",
            token_type: "self-test+jwt",
            audience: Some("self-test"),
            now,
            leeway: Duration::ZERO,
        };
        let claims = json!({
            "iss": expected.issuer, "aud": "self-test", "sub": "self-test",
            "iat": now.unix_seconds(), "exp": now.unix_seconds() + 60,
        });
        let token =
            jwt::sign(self, expected.token_type, &claims).map_err(|_| SelfTestError::Signing)?;
        let keys = [self
            .verification_key()
            .map_err(|_| SelfTestError::Verifying)?];
        jwt::verify(&token, &keys, &expected).map_err(|_| SelfTestError::Verifying)?;
        match jwt::verify(&forge(&token), &keys, &expected) {
            Err(jwt::VerifyError::Signature) => Ok(()),
            _ => Err(SelfTestError::Forgery),
        }
    }
}

/// The same token with another first character of its signature.
fn forge(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let replacement = if signature.starts_with('A') { "B" } else { "A" };
    format!(
        "{message}.{replacement}{}",
        signature.get(1..).unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::encryption_keys;

    #[test]
    fn it_passes_here_and_for_every_algorithm() {
        assert_eq!(self_test(&encryption_keys(&[1])), Ok(()));
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(
                SigningKey::generate_unsealed(algorithm)
                    .unwrap()
                    .self_test(),
                Ok(())
            );
        }
    }
}
