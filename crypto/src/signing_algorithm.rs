//! What the library for JWTs calls the algorithms that we sign and verify with.

use jsonwebtoken::Algorithm;
pub use protocol::signing_algorithm::{SigningAlgorithm, UnknownAlgorithm};

pub(crate) const fn jsonwebtoken(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}
