//! Authorization codes: when one may be redeemed (OAuth 2.1 §4.1.3).

use crate::clock::Timestamp;
use crate::dpop::JwkThumbprint;
use crate::error_code::{ErrorCode, ProtocolError};
use crate::ids::{ClientKey, GrantId};
use crate::pkce::CodeVerifier;
use crate::secret::SecretText;
use crate::token::Standing;

use super::proof::ProofOfPossession;

/// A one-time credential that a client redeems for tokens, as the store read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    pub grant_id: GrantId,
    pub client_key: ClientKey,
    /// Where the code was sent, port included.
    pub redirect_uri: String,
    pub redirect_uri_was_sent: bool,
    pub proof: ProofOfPossession,
    /// For the ID token (OpenID Connect Core §2), exactly as it came.
    pub nonce: Option<String>,
    /// The key that the code is for (RFC 9449 §10).
    pub dpop_jkt: Option<JwkThumbprint>,
    pub expires_at: Timestamp,
    pub redeemed_at: Option<Timestamp>,
}

/// What a token request shows for it.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    pub client_key: ClientKey,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a SecretText>,
    /// The key of the request's DPoP proof.
    pub dpop_key: Option<&'a JwkThumbprint>,
    /// The client has authenticated, and its tenant lets that stand for PKCE.
    pub may_prove_by_authentication: bool,
    pub standing: Standing,
}

/// Logs keep the variant; every client sees the same sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemError {
    Unknown,
    Expired,
    /// The rightful client shows it again: the grant must be revoked, and that committed, before the
    /// answer goes out.
    AlreadyRedeemed(GrantId),
    WrongClient,
    RedirectUriMismatch,
    VerifierMissing,
    VerifierMismatch,
    /// RFC 9700 §4.8.2: a verifier for a code that was asked for without a challenge.
    VerifierNotAsked,
    /// A code without a challenge, of a client that does not authenticate or may not do without PKCE now.
    NotProven,
    /// RFC 9449 §10: asked for with `dpop_jkt`, and no proof or another key's came with it.
    WrongKey,
    ClientDisabled,
    UserDisabled,
    GrantRevoked,
}

impl RedeemError {
    /// The grant that a replay costs; every other refusal changes nothing.
    pub fn grant_to_revoke(self) -> Option<GrantId> {
        match self {
            Self::AlreadyRedeemed(grant_id) => Some(grant_id),
            _ => None,
        }
    }
}

impl std::fmt::Display for RedeemError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unknown
            | Self::Expired
            | Self::AlreadyRedeemed(_)
            | Self::WrongClient
            | Self::RedirectUriMismatch
            | Self::VerifierMissing
            | Self::VerifierMismatch
            | Self::VerifierNotAsked
            | Self::NotProven => {
                "the code is unknown, expired or used, or client, redirect_uri or code_verifier do not \
                 match it; start a new authorization"
            }
            Self::WrongKey => {
                "the code is bound to the key of dpop_jkt: send a DPoP proof by that one, or start a new \
                 authorization"
            }
            Self::ClientDisabled | Self::UserDisabled | Self::GrantRevoked => {
                "the authorization is no longer valid; start a new one"
            }
        })
    }
}

impl std::error::Error for RedeemError {}

impl ProtocolError for RedeemError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown
            | Self::Expired
            | Self::AlreadyRedeemed(_)
            | Self::WrongClient
            | Self::RedirectUriMismatch
            | Self::VerifierMissing
            | Self::VerifierMismatch
            | Self::VerifierNotAsked
            | Self::NotProven
            | Self::WrongKey
            | Self::ClientDisabled
            | Self::UserDisabled
            | Self::GrantRevoked => ErrorCode::InvalidGrant,
        }
    }
}

impl AuthorizationCode {
    pub const DEFAULT_LIFETIME: std::time::Duration = std::time::Duration::from_mins(1);

    /// Decides a redemption; the store then marks the code redeemed only if it still is not.
    pub fn redeem(
        &self,
        redemption: &Redemption<'_>,
        now: Timestamp,
    ) -> Result<GrantId, RedeemError> {
        if self.client_key != redemption.client_key {
            return Err(RedeemError::WrongClient);
        }
        // OAuth 2.1 §10.2: optional now, but enforced when sent. What was left out at authorize has
        // nothing to be compared with but the registered URI.
        if redemption
            .redirect_uri
            .is_some_and(|sent| sent != self.redirect_uri)
        {
            return Err(RedeemError::RedirectUriMismatch);
        }
        self.check_proof(redemption)?;
        if self.dpop_jkt.is_some() && self.dpop_jkt.as_ref() != redemption.dpop_key {
            return Err(RedeemError::WrongKey);
        }
        // Only the rightful client gets here, so a second use means that its code leaked and the
        // grant must go; a stranger's guess above must not cost anyone a session.
        if self.redeemed_at.is_some() {
            return Err(RedeemError::AlreadyRedeemed(self.grant_id));
        }
        if now >= self.expires_at {
            return Err(RedeemError::Expired);
        }
        match redemption.standing {
            Standing {
                is_client_enabled: false,
                ..
            } => Err(RedeemError::ClientDisabled),
            Standing {
                is_user_enabled: false,
                ..
            } => Err(RedeemError::UserDisabled),
            Standing {
                is_grant_live: false,
                ..
            } => Err(RedeemError::GrantRevoked),
            _ => Ok(self.grant_id),
        }
    }

    /// Rows C3, C4: a verifier that is missing, malformed or wrong costs the client nothing but time.
    /// Row C5: one for a code without a challenge means that somebody took the challenge out.
    fn check_proof(&self, redemption: &Redemption<'_>) -> Result<(), RedeemError> {
        match (&self.proof, redemption.code_verifier) {
            (ProofOfPossession::Challenge(_), None) => Err(RedeemError::VerifierMissing),
            (ProofOfPossession::Challenge(challenge), Some(verifier)) => {
                let is_met = CodeVerifier::parse(verifier.expose())
                    .is_ok_and(|verifier| challenge.is_met_by(&verifier));
                is_met.then_some(()).ok_or(RedeemError::VerifierMismatch)
            }
            (ProofOfPossession::ClientAuthentication, Some(_)) => {
                Err(RedeemError::VerifierNotAsked)
            }
            (ProofOfPossession::ClientAuthentication, None) => redemption
                .may_prove_by_authentication
                .then_some(())
                .ok_or(RedeemError::NotProven),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::test_support::{at, client_key, grant_id};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const URI: &str = "http://127.0.0.1:51004/cb";

    fn code() -> AuthorizationCode {
        AuthorizationCode {
            grant_id: grant_id(1),
            client_key: client_key(1),
            redirect_uri: URI.to_owned(),
            redirect_uri_was_sent: true,
            proof: ProofOfPossession::Challenge(CodeVerifier::parse(VERIFIER).unwrap().challenge()),
            nonce: None,
            dpop_jkt: None,
            expires_at: at(0) + AuthorizationCode::DEFAULT_LIFETIME,
            redeemed_at: None,
        }
    }

    fn redeem(
        code: &AuthorizationCode,
        change: impl FnOnce(&mut Redemption<'_>),
    ) -> Result<GrantId, RedeemError> {
        let verifier = SecretText::from(VERIFIER);
        let mut redemption = Redemption {
            client_key: client_key(1),
            redirect_uri: Some(URI),
            code_verifier: Some(&verifier),
            dpop_key: None,
            may_prove_by_authentication: false,
            standing: Standing::GOOD,
        };
        change(&mut redemption);
        code.redeem(&redemption, at(10))
    }

    #[test]
    fn the_rightful_client_redeems_in_time() {
        assert_eq!(redeem(&code(), |_| {}), Ok(grant_id(1)));
        assert_eq!(
            redeem(&code(), |redemption| redemption.redirect_uri = None),
            Ok(grant_id(1))
        );
    }

    /// Rows C4, D4: `loopback_port_at_token` is the second case.
    #[test]
    fn a_wrong_client_redirect_uri_or_verifier_is_refused() {
        assert_eq!(
            redeem(&code(), |r| r.client_key = client_key(2)),
            Err(RedeemError::WrongClient)
        );
        let other_port = Some("http://127.0.0.1:51005/cb");
        assert_eq!(
            redeem(&code(), |r| r.redirect_uri = other_port),
            Err(RedeemError::RedirectUriMismatch)
        );
        assert_eq!(
            redeem(&code(), |r| r.code_verifier = None),
            Err(RedeemError::VerifierMissing)
        );
        let (wrong, short) = (SecretText::new("x".repeat(43)), SecretText::from("short"));
        for verifier in [&wrong, &short] {
            let found = code();
            let redemption = Redemption {
                client_key: client_key(1),
                redirect_uri: None,
                code_verifier: Some(verifier),
                dpop_key: None,
                may_prove_by_authentication: true,
                standing: Standing::GOOD,
            };
            assert_eq!(
                found.redeem(&redemption, at(10)),
                Err(RedeemError::VerifierMismatch)
            );
        }
    }

    /// Row C5: without a challenge it takes a client that has authenticated, and no verifier.
    #[test]
    fn a_code_without_a_challenge_takes_the_clients_own_authentication() {
        let mut bare = code();
        bare.proof = ProofOfPossession::ClientAuthentication;
        let both = |verifier: Option<&SecretText>, may| {
            let redemption = Redemption {
                client_key: client_key(1),
                redirect_uri: None,
                code_verifier: verifier,
                dpop_key: None,
                may_prove_by_authentication: may,
                standing: Standing::GOOD,
            };
            bare.redeem(&redemption, at(10))
        };
        let verifier = SecretText::from(VERIFIER);
        assert_eq!(both(None, true), Ok(grant_id(1)));
        assert_eq!(both(None, false), Err(RedeemError::NotProven));
        for may in [false, true] {
            let refused = both(Some(&verifier), may);
            assert_eq!(refused, Err(RedeemError::VerifierNotAsked));
        }
    }

    /// RFC 9449 §10, row T2; and row D2: without the key even a replay costs nothing.
    #[test]
    fn a_code_for_a_key_takes_a_proof_by_that_key() {
        let own = JwkThumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap();
        let other = JwkThumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
        let verifier = SecretText::from(VERIFIER);
        let redeem_by = |code: &AuthorizationCode, dpop_key| {
            let redemption = Redemption {
                client_key: client_key(1),
                redirect_uri: Some(URI),
                code_verifier: Some(&verifier),
                dpop_key,
                may_prove_by_authentication: false,
                standing: Standing::GOOD,
            };
            code.redeem(&redemption, at(10))
        };
        let mut bound = code();
        bound.dpop_jkt = Some(own.clone());
        assert!(redeem_by(&bound, Some(&own)).is_ok());
        assert!(redeem_by(&code(), Some(&own)).is_ok());
        bound.redeemed_at = Some(at(1));
        for key in [None, Some(&other)] {
            assert_eq!(redeem_by(&bound, key), Err(RedeemError::WrongKey));
        }
    }

    /// Rows D1, D2: only the rightful client's replay costs the grant, even after the code expired.
    #[test]
    fn a_replay_revokes_and_a_strangers_guess_does_not() {
        let mut spent = code();
        spent.redeemed_at = Some(at(1));
        assert_eq!(
            redeem(&spent, |_| {}),
            Err(RedeemError::AlreadyRedeemed(grant_id(1)))
        );
        spent.expires_at = at(2);
        assert_eq!(
            redeem(&spent, |_| {}).unwrap_err().grant_to_revoke(),
            Some(grant_id(1))
        );
        let strangers: [fn(&mut Redemption<'_>); 3] = [
            |r| r.client_key = client_key(2),
            |r| r.code_verifier = None,
            |r| r.redirect_uri = Some("https://evil.example/cb"),
        ];
        for stranger in strangers {
            assert_eq!(
                redeem(&spent, stranger).unwrap_err().grant_to_revoke(),
                None
            );
        }
    }

    /// Row D5.
    #[test]
    fn a_code_lives_until_its_last_moment_and_no_longer() {
        let mut found = code();
        found.expires_at = at(10);
        assert_eq!(redeem(&found, |_| {}), Err(RedeemError::Expired));
        found.expires_at = at(10) + Duration::from_micros(1);
        assert!(redeem(&found, |_| {}).is_ok());
    }

    /// Rows D6, M3: invalid_grant, never invalid_client: an SDK would register itself anew.
    #[test]
    fn disablement_between_approval_and_redemption_counts() {
        for (standing, error) in [
            (
                Standing {
                    is_client_enabled: false,
                    ..Standing::GOOD
                },
                RedeemError::ClientDisabled,
            ),
            (
                Standing {
                    is_user_enabled: false,
                    ..Standing::GOOD
                },
                RedeemError::UserDisabled,
            ),
            (
                Standing {
                    is_grant_live: false,
                    ..Standing::GOOD
                },
                RedeemError::GrantRevoked,
            ),
        ] {
            let refused = redeem(&code(), |r| r.standing = standing);
            assert_eq!(refused, Err(error));
            assert_eq!(error.code(), ErrorCode::InvalidGrant);
        }
    }
}
