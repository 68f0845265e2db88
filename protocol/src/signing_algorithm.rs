//! The algorithms Writ signs and verifies with: a closed list, and never a symmetric one.
//!
//! To add one: a variant here, its arms in crypto's `private_key`, `jwk` and `verification_key`, and its
//! word in the checks of the columns that keep one.

use crate::client::AssertionAlgorithm;

/// The algorithms we sign with. One key has one algorithm (RFC 8725 §3.1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum SigningAlgorithm {
    /// The default: what every verifier accepts (RFC 9068 §2.1 requires it).
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "PS256")]
    Ps256,
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl std::fmt::Display for SigningAlgorithm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// `alg` is none of ours; `none` and the symmetric ones never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signing algorithm of ours")]
pub struct UnknownAlgorithm;

impl std::str::FromStr for SigningAlgorithm {
    type Err = UnknownAlgorithm;

    /// Exact, as RFC 7515 §4.1.1 has it: `rs256` is not `RS256`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or(UnknownAlgorithm)
    }
}

impl From<AssertionAlgorithm> for SigningAlgorithm {
    fn from(algorithm: AssertionAlgorithm) -> Self {
        match algorithm {
            AssertionAlgorithm::Rs256 => Self::Rs256,
            AssertionAlgorithm::Ps256 => Self::Ps256,
            AssertionAlgorithm::Es256 => Self::Es256,
            AssertionAlgorithm::EdDsa => Self::EdDsa,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_read_exactly() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
            assert_eq!(serde_json::to_value(algorithm).unwrap(), algorithm.as_str());
        }
        for text in ["none", "None", "HS256", "rs256", "RS512", "", "RS256 "] {
            assert_eq!(
                text.parse::<SigningAlgorithm>(),
                Err(UnknownAlgorithm),
                "{text}"
            );
        }
    }
}
