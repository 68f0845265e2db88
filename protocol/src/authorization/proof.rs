//! What a redemption shows beside the code, so that a stolen code alone buys nothing.
//!
//! PKCE, of everybody (OAuth 2.1 §4.1.1). A tenant may tolerate that a client which authenticates at the
//! token endpoint leaves it out (RFC 6749 §4.1.3): its own authentication is the proof then. There is no
//! third way: a code has one of the two, and a request that brings neither does not become one.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Tolerance};
use crate::pkce::{ChallengeError, CodeChallenge};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProofOfPossession {
    /// The verifier of this challenge.
    Challenge(CodeChallenge),
    /// The client authenticates with its secret or its key.
    ClientAuthentication,
}

/// Stands for [`ProofOfPossession::ClientAuthentication`] where text is kept; no challenge looks like it.
const CLIENT_AUTHENTICATION: &str = "-";

impl ProofOfPossession {
    /// `is_tolerated`: the tenant lets clients that authenticate do without PKCE. What is sent counts all
    /// the same, and half a challenge is a mistake and not a wish to do without.
    pub fn from_request(
        challenge: Option<&str>,
        method: Option<&str>,
        client: &Client,
        is_tolerated: bool,
    ) -> Result<Self, ChallengeError> {
        let is_absent = challenge.is_none() && method.is_none();
        if is_absent && is_tolerated && client.is_confidential() {
            return Ok(Self::ClientAuthentication);
        }
        CodeChallenge::from_request(challenge, method).map(Self::Challenge)
    }

    /// As a row keeps it: a code without a challenge has none there.
    pub fn from_stored(challenge: Option<&str>) -> Result<Self, ChallengeError> {
        challenge.map_or(Ok(Self::ClientAuthentication), |text| {
            CodeChallenge::parse(text).map(Self::Challenge)
        })
    }

    pub fn challenge(&self) -> Option<&CodeChallenge> {
        match self {
            Self::Challenge(challenge) => Some(challenge),
            Self::ClientAuthentication => None,
        }
    }

    /// What was let pass, if anything was.
    pub const fn tolerance(&self) -> Option<Tolerance> {
        match self {
            Self::Challenge(_) => None,
            Self::ClientAuthentication => Some(Tolerance::ConfidentialWithoutPkce),
        }
    }
}

impl TryFrom<String> for ProofOfPossession {
    type Error = ChallengeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let challenge = (text != CLIENT_AUTHENTICATION).then_some(text.as_str());
        Self::from_stored(challenge)
    }
}

impl From<ProofOfPossession> for String {
    fn from(proof: ProofOfPossession) -> Self {
        match proof {
            ProofOfPossession::Challenge(challenge) => challenge.into(),
            ProofOfPossession::ClientAuthentication => CLIENT_AUTHENTICATION.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::AuthMethod;
    use crate::test_support::{CHALLENGE, sample_client};

    /// Row C1: only the tenant's tolerance, and only for a client that authenticates.
    #[test]
    fn a_challenge_is_left_out_by_tolerated_confidential_clients_alone() {
        let mut client = sample_client();
        for (auth_method, is_tolerated, expected) in [
            (AuthMethod::None, false, false),
            (AuthMethod::None, true, false),
            (AuthMethod::ClientSecretPost, false, false),
            (AuthMethod::ClientSecretPost, true, true),
            (AuthMethod::PrivateKeyJwt, true, true),
        ] {
            client.auth_method = auth_method;
            let read = |challenge, method| {
                ProofOfPossession::from_request(challenge, method, &client, is_tolerated)
            };
            let absent = read(None, None);
            if expected {
                assert_eq!(absent, Ok(ProofOfPossession::ClientAuthentication));
            } else {
                assert_eq!(absent, Err(ChallengeError::Missing));
            }
            // Row C2: what is sent is held to the rules.
            assert!(matches!(
                read(Some(CHALLENGE), Some("S256")),
                Ok(ProofOfPossession::Challenge(_))
            ));
            assert_eq!(read(None, Some("S256")), Err(ChallengeError::Missing));
            assert_eq!(
                read(Some(CHALLENGE), Some("plain")),
                Err(ChallengeError::MethodNotS256)
            );
        }
    }

    #[test]
    fn a_proof_survives_its_journey() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        for (proof, text) in [
            (ProofOfPossession::Challenge(challenge), CHALLENGE),
            (ProofOfPossession::ClientAuthentication, "-"),
        ] {
            let json = serde_json::to_string(&proof).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(
                serde_json::from_str::<ProofOfPossession>(&json).unwrap(),
                proof
            );
            let stored = proof.challenge().map(CodeChallenge::as_str);
            assert_eq!(ProofOfPossession::from_stored(stored), Ok(proof));
        }
        assert!(ProofOfPossession::from_stored(Some("")).is_err());
    }
}
