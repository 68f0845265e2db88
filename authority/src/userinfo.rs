//! The userinfo endpoint's answer: a token of ours that is good now, made for this endpoint and for nobody
//! else, and what it opens of its person.
//!
//! Not here: how the token comes (`server::userinfo`), and which claims a scope opens (`protocol::openid`).

use protocol::ErrorCode;
use protocol::error_code::ProtocolError;
use protocol::ids::Subject;
use protocol::metadata::USERINFO_ENDPOINT;
use protocol::openid::{Person, UserinfoClaims, UserinfoError};
use store::{StoreError, Tenant};

use crate::Authority;
use crate::dpop::{DpopFailure, ShownProof};
use crate::verify::VerifyError;

/// Why there is no answer. Logs keep the variant.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoFailure {
    #[error(transparent)]
    Refused(#[from] UserinfoError),
    /// The token is good; whoever shows it did not prove to hold its key.
    #[error(transparent)]
    Dpop(#[from] DpopFailure),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProtocolError for UserinfoFailure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(error) => error.code(),
            Self::Dpop(error) => error.code(),
            Self::Store(error) if error.is_unavailable() => ErrorCode::TemporarilyUnavailable,
            Self::Store(_) => ErrorCode::ServerError,
        }
    }
}

impl UserinfoFailure {
    /// A word for the counter.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Dpop(_) => "refused_proof",
            Self::Store(_) => "error",
        }
    }
}

impl Authority {
    /// OpenID Connect Core §5.3. `proof` is `None` where the token came as a bearer token.
    pub async fn userinfo(
        &self,
        tenant: &Tenant,
        token: &str,
        proof: Option<&ShownProof<'_>>,
    ) -> Result<UserinfoClaims, UserinfoFailure> {
        let answer = self.try_userinfo(tenant, token, proof).await;
        let outcome = answer
            .as_ref()
            .map_or_else(UserinfoFailure::outcome, |_| "answered");
        self.metrics().userinfo.with_label_values(&[outcome]).inc();
        if let Err(UserinfoFailure::Store(_)) = &answer {
            self.metrics().database_errors.inc();
        }
        answer
    }

    async fn try_userinfo(
        &self,
        tenant: &Tenant,
        token: &str,
        proof: Option<&ShownProof<'_>>,
    ) -> Result<UserinfoClaims, UserinfoFailure> {
        let not_good = UserinfoError::TokenNotGood;
        let active = match self.verify_access_token(tenant, token).await {
            Ok(active) => active.token,
            Err(VerifyError::Store(error)) => return Err(error.into()),
            Err(reason) => {
                tracing::debug!(%reason, "no token for userinfo");
                return Err(not_good.into());
            }
        };
        // Row G2: another resource's token opens nothing here, whatever its scopes are.
        let Subject::User(user_id) = active.subject else {
            return Err(not_good.into());
        };
        if active.claims.aud != tenant.issuer().endpoint(USERINFO_ENDPOINT) {
            return Err(not_good.into());
        }
        // RFC 9449 §7.2: a bound token is no bearer token, nor the reverse.
        match (proof.is_some(), active.claims.cnf.is_some()) {
            (false, true) => return Err(UserinfoError::TokenIsBound.into()),
            (true, false) => return Err(not_good.into()),
            (true, true) | (false, false) => {}
        }
        self.check_dpop_proof_for_resource(tenant, proof, token, &active)
            .await?;
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope.find_user(user_id).await?;
        scope.commit().await?;
        let user = found.ok_or(not_good)?.user;
        let person = Person {
            user_id,
            username: &user.username,
            name: user.name.as_deref(),
            email: user.email.as_deref(),
            updated_at: user.updated_at.unix_seconds(),
        };
        Ok(UserinfoClaims::of(person, &active.claims.scope)?)
    }
}
