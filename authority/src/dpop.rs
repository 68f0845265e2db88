//! Proofs of possession (RFC 9449): which key a request proved to hold, and that a proof counts once.
//!
//! In the order in which it costs something: form and claims, nonce, signature, and last the row that makes
//! a proof good for one use. That row is written in the transaction of what the proof gets (the tokens of a
//! grant), so a stranger's proofs buy no writes, and a request that fails uses nothing up.
//!
//! To accept proofs at one more endpoint: [`Authority::check_dpop_proof`] where the request is read, then
//! [`UnspentProof::spend`] in the transaction of its answer.

use crypto::jwt::DpopProof;
use protocol::dpop::{DpopError, ProofRules, RightProof, check_proof, shown_once};
use protocol::error_code::{ErrorCode, ProtocolError};
use protocol::{JwkThumbprint, Timestamp};
use store::{StoreError, Tenant, TenantScope};

use crate::Authority;
use crate::client_authentication::AuthenticatedClient;
use crate::grants::EXPIRY_MARGIN;
use crate::verify::VerifiedAccessToken;

/// What a request shows.
#[derive(Debug, Clone)]
pub struct ShownProof<'a> {
    /// The value of each `DPoP` header; `None` where it is no text.
    pub headers: Vec<Option<&'a str>>,
    /// In upper case.
    pub method: &'a str,
    /// Every URL by which the endpoint may have been called.
    pub urls: Vec<String>,
}

/// A proof that is right, and has not been used for anything yet.
#[derive(Debug, Clone)]
pub struct UnspentProof {
    key: JwkThumbprint,
    jti: String,
    remembered_until: Timestamp,
}

/// Why a request's proof is not enough.
#[derive(Debug, thiserror::Error)]
pub enum DpopFailure {
    #[error("{error}")]
    Refused {
        error: DpopError,
        /// For the header `DPoP-Nonce` of the answer (RFC 9449 §8).
        nonce: Option<String>,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProtocolError for DpopFailure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { error, .. } => error.code(),
            Self::Store(error) if error.is_unavailable() => ErrorCode::TemporarilyUnavailable,
            Self::Store(_) => ErrorCode::ServerError,
        }
    }
}

impl From<DpopError> for DpopFailure {
    fn from(error: DpopError) -> Self {
        Self::Refused { error, nonce: None }
    }
}

impl UnspentProof {
    pub fn key(&self) -> &JwkThumbprint {
        &self.key
    }

    /// Row T1: once, at whichever replica and endpoint. In the transaction of the answer: what is rolled
    /// back leaves the proof as it was. False where it was used before.
    pub async fn spend(&self, scope: &mut TenantScope, now: Timestamp) -> Result<bool, StoreError> {
        // Kept until the slowest replica would refuse it for its age.
        let expires_at = self.remembered_until + EXPIRY_MARGIN;
        scope
            .insert_dpop_proof_id(&self.key, &self.jti, expires_at, now)
            .await
    }
}

impl Authority {
    /// RFC 9449 §5: the proof of a request that this client makes; the client then carries its key.
    pub fn check_dpop_proof(
        &self,
        tenant: &Tenant,
        client: &mut AuthenticatedClient,
        shown: &ShownProof<'_>,
    ) -> Result<(), DpopFailure> {
        let proof = self.read_proof(tenant, shown, None);
        let proof = proof.map_err(|failure| self.count_refusal(failure))?;
        if proof.is_some() {
            self.count_proof("accepted");
        } else if client.is_dpop_bound {
            // RFC 9449 §5.2: `dpop_bound_access_tokens`.
            return Err(self.count_refusal(DpopError::Missing.into()));
        }
        client.dpop_key = proof.as_ref().map(|proof| proof.key.clone());
        client.dpop_proof = proof;
        Ok(())
    }

    /// RFC 9449 §7: whoever shows a token that is bound to a key proves to hold it. `shown` is `None` where
    /// the token came as a bearer token.
    pub async fn check_dpop_proof_for_resource(
        &self,
        tenant: &Tenant,
        shown: Option<&ShownProof<'_>>,
        access_token: &str,
        token: &VerifiedAccessToken,
    ) -> Result<(), DpopFailure> {
        let bound_to = token.claims.cnf.as_ref().map(|cnf| &cnf.jkt);
        let outcome = match (shown, bound_to) {
            (None, None) => return Ok(()),
            (Some(shown), Some(bound_to)) => {
                self.read_proof_by(tenant, shown, access_token, bound_to)
            }
            // RFC 9449 §7.2: a bound token is never taken as a bearer token, nor the reverse.
            (None, Some(_)) | (Some(_), None) => Err(DpopError::OtherKey.into()),
        };
        let proof = outcome.map_err(|failure| self.count_refusal(failure))?;
        // The token is ours and good, so its proof may cost a row.
        let mut scope = self.database().tenant(tenant).await?;
        let is_new = proof.spend(&mut scope, self.now()).await?;
        scope.commit().await?;
        if !is_new {
            return Err(self.count_refusal(DpopError::Replayed.into()));
        }
        self.count_proof("accepted");
        Ok(())
    }

    fn read_proof_by(
        &self,
        tenant: &Tenant,
        shown: &ShownProof<'_>,
        access_token: &str,
        bound_to: &JwkThumbprint,
    ) -> Result<UnspentProof, DpopFailure> {
        let proof = self
            .read_proof(tenant, shown, Some(access_token))?
            .ok_or(DpopError::NotOne)?;
        if proof.key == *bound_to {
            Ok(proof)
        } else {
            Err(DpopError::OtherKey.into())
        }
    }

    /// What a client of this tenant puts into its next proof, where the tenant asks for it (RFC 9449 §8.2).
    pub fn next_dpop_nonce(&self, tenant: &Tenant) -> Option<String> {
        tenant
            .settings()
            .is_dpop_nonce_required
            .then(|| self.peppers().issue_dpop_nonce(tenant.id(), self.now()))
    }

    fn read_proof(
        &self,
        tenant: &Tenant,
        shown: &ShownProof<'_>,
        access_token: Option<&str>,
    ) -> Result<Option<UnspentProof>, DpopFailure> {
        let Some(proof) = shown_once(shown.headers.iter().copied())? else {
            return Ok(None);
        };
        let read = DpopProof::read(proof)?;
        let rules = ProofRules {
            method: shown.method,
            urls: &shown.urls,
            access_token,
            now: self.now(),
        };
        let right = check_proof(read.claims(), &rules)?;
        self.check_nonce(tenant, &right)?;
        Ok(Some(UnspentProof {
            key: read.verify()?,
            jti: right.jti,
            remembered_until: right.remembered_until,
        }))
    }

    /// RFC 9449 §8. A nonce that nobody asked for means nothing: the tenant may have asked a moment ago.
    fn check_nonce(&self, tenant: &Tenant, right: &RightProof) -> Result<(), DpopFailure> {
        let is_ours = |nonce: &str| self.peppers().is_dpop_nonce(tenant.id(), nonce, self.now());
        match self.next_dpop_nonce(tenant) {
            Some(nonce) if !right.nonce.as_deref().is_some_and(is_ours) => {
                Err(DpopFailure::Refused {
                    error: DpopError::NonceNeeded,
                    nonce: Some(nonce),
                })
            }
            _ => Ok(()),
        }
    }

    /// `accepted`, or why not.
    pub(crate) fn count_proof(&self, outcome: &'static str) {
        self.metrics()
            .dpop_proofs
            .with_label_values(&[outcome])
            .inc();
    }

    fn count_refusal(&self, failure: DpopFailure) -> DpopFailure {
        if let DpopFailure::Refused { error, .. } = &failure {
            self.count_proof(error.reason());
        }
        failure
    }
}
