//! What Writ keeps secret and how it proves things: passwords, opaque tokens, signing keys, JWTs,
//! encryption at rest; and the only place that reads the clock and the random number generator.
//!
//! Not here: who may have a token (`protocol`), where its digest is kept (`store`), which key signs
//! today (`authority`). Nothing here touches a network, a file or a database.
//!
//! aws-lc-rs does every private-key operation, every MAC and every encryption. The `rsa` crate reads
//! public components only: RUSTSEC-2023-0071 has no patched version.
//!
//! To add a kind of opaque token: one variant of [`secret_token::SecretKind`] with its own prefix.
//! To add something sealed: one variant of [`envelope::Purpose`] with its own label. A test fails while
//! two of either are alike.

pub mod constant_time;
mod derive;
mod dpop_nonce;
pub mod envelope;
pub mod jwk;
pub mod jwk_set;
pub mod jwt;
mod key_encryption;
mod key_list;
mod key_pair;
pub mod password;
pub mod peppers;
mod private_key;
pub mod process_key;
pub mod refresh_token;
pub mod secret_token;
pub mod self_test;
mod sha256;
pub mod signing_algorithm;
pub mod signing_key;
pub mod stored_answer;
pub mod successor;
pub mod system;
pub mod verification_key;
pub mod webhook_secret;

#[cfg(test)]
mod testing;

pub use envelope::{AssociatedData, EncryptionKeys, Purpose};
pub use jwk::PublicJwk;
pub use jwk_set::JwkSet;
pub use key_encryption::{KeyEncryption, KeyEncryptionError};
pub use key_list::KeyListError;
pub use key_pair::{SpareRsaKey, UnsealedKey};
pub use password::{
    ForeignHash, ForeignHashError, HashScheme, PasswordError, PasswordHasher, Verification,
};
pub use peppers::{Digest, Peppers};
pub use process_key::{ProcessKey, Remembered};
pub use refresh_token::RefreshToken;
pub use secret_token::{Malformed, SecretKind, SecretToken};
pub use self_test::self_test;
pub use sha256::sha256;
pub use signing_algorithm::SigningAlgorithm;
pub use signing_key::{SealedSigningKey, SigningKey, SigningKeyError};
pub use system::{SystemClock, SystemRandom};
pub use verification_key::VerificationKey;
pub use webhook_secret::WebhookSecret;
