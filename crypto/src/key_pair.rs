//! Key pairs that belong to nobody yet: made ahead of time, sealed for a tenant when one takes them.
//!
//! An RSA pair takes about 50 ms of CPU, at worst half a second; the others take microseconds. Which of
//! the two RSA algorithms a pair is for is said when it is taken.

use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use protocol::ids::TenantId;

use crate::key_encryption::KeyEncryption;
use crate::private_key::PrivateKey;
use crate::signing_algorithm::SigningAlgorithm;
use crate::signing_key::{SealedSigningKey, SigningKeyError};

/// An RSA key pair for either RSA algorithm. No `Debug`, no way to its bytes but sealed.
pub struct SpareRsaKey(RsaKeyPair);

/// A key pair for one algorithm.
pub struct UnsealedKey(PrivateKey);

impl SpareRsaKey {
    /// Slow: within `spawn_blocking`.
    pub fn generate() -> Result<Self, SigningKeyError> {
        RsaKeyPair::generate(KeySize::Rsa2048)
            .map(Self)
            .map_err(|_| SigningKeyError::Generation)
    }

    /// `None` for an algorithm that is not RSA's.
    pub fn into_key(self, algorithm: SigningAlgorithm) -> Option<UnsealedKey> {
        let key = match algorithm {
            SigningAlgorithm::Rs256 => PrivateKey::RsaPkcs1(self.0),
            SigningAlgorithm::Ps256 => PrivateKey::RsaPss(self.0),
            SigningAlgorithm::Es256 | SigningAlgorithm::EdDsa => return None,
        };
        Some(UnsealedKey(key))
    }
}

impl UnsealedKey {
    /// Slow where it is an RSA algorithm: within `spawn_blocking`.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, SigningKeyError> {
        PrivateKey::generate(algorithm).map(Self)
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.0.algorithm()
    }

    /// The row of this tenant. Sealing may block.
    pub fn seal(
        &self,
        tenant_id: TenantId,
        keys: &dyn KeyEncryption,
    ) -> Result<SealedSigningKey, SigningKeyError> {
        SealedSigningKey::seal(tenant_id, self.0.public_jwk()?, &self.0.to_pkcs8()?, keys)
    }
}

impl std::fmt::Debug for SpareRsaKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SpareRsaKey(…)")
    }
}

impl std::fmt::Debug for UnsealedKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "UnsealedKey({})", self.algorithm())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{encryption_keys, random_id};

    #[test]
    fn a_spare_pair_becomes_a_key_of_either_rsa_algorithm_and_of_no_other() {
        let keys = encryption_keys(&[1]);
        let tenant_id = random_id(TenantId::generate);
        for algorithm in SigningAlgorithm::ALL {
            let is_rsa = matches!(algorithm, SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256);
            let key = SpareRsaKey::generate().unwrap().into_key(algorithm);
            assert_eq!(key.is_some(), is_rsa, "{algorithm}");
            let Some(key) = key else { continue };
            let opened = key.seal(tenant_id, &keys).unwrap().open(tenant_id, &keys);
            assert_eq!(opened.unwrap().algorithm(), algorithm);
        }
    }

    #[test]
    fn nothing_of_a_pair_is_shown() {
        let shown = format!("{:?}", SpareRsaKey::generate().unwrap());
        assert_eq!(shown, "SpareRsaKey(…)");
    }
}
