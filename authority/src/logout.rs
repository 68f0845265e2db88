//! Signing out at a client's wish (OpenID Connect RP-Initiated Logout), and telling the clients of a session
//! that has ended (Back-Channel Logout).
//!
//! Who is to be told is written in the transaction that ends the session (`store::logout_notices`); a job
//! tells them. A client that does not answer is tried again, slower and slower, and then given up.
//!
//! Not here: when a person is asked (`protocol::openid::logout`). To end sessions at one more place: delete
//! them and call `insert_logout_notices` in the same transaction.

use std::time::Duration;

use crypto::jwt::{self, Expected};
use outbound::{FetchError, FetchKind, FetchRequest};
use protocol::Timestamp;
use protocol::ids::TokenId;
use protocol::openid::logout_token::next_attempt_after;
use protocol::openid::{
    ID_TOKEN_TYP, IdTokenClaims, LOGOUT_TOKEN_TYP, LogoutHint, LogoutTokenClaims, NewLogoutToken,
};
use store::{LogoutNotice, StoreError, Tenant};
use tokio::task::JoinSet;

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::issue::IssueError;
use crate::key_ring::TenantKeys;

/// Told at once, each over a connection of its own.
const TOLD_AT_ONCE: u32 = 16;
/// An attempt takes three seconds at most.
const LEASE: Duration = Duration::from_mins(2);

/// What became of one attempt.
enum Attempt {
    Told,
    /// It does not want to know any more, or is gone.
    NotWanted,
    Failed(FetchError),
}

/// A token on its way to where a client wants it.
struct Letter {
    url: String,
    form: String,
}

impl Authority {
    /// What an `id_token_hint` says, if it is an ID token of ours: signed with a key that is still
    /// published. That it has expired does not matter, and it entitles to nothing.
    pub async fn read_logout_hint(
        &self,
        tenant: &Tenant,
        token: &str,
    ) -> Result<Option<LogoutHint>, StoreError> {
        let keys = self.key_ring().find_keys(tenant).await?;
        let expected = Expected {
            issuer: tenant.issuer().as_str(),
            token_type: ID_TOKEN_TYP,
            audience: None,
            now: self.now(),
            leeway: jwt::MAX_LEEWAY,
        };
        let read = jwt::verify_ended(token, keys.verification_keys(), &expected)
            .and_then(jwt::VerifiedToken::into_claims::<IdTokenClaims>);
        let claims = match read {
            Ok(claims) => claims,
            Err(reason) => {
                tracing::info!(%reason, "an id_token_hint is none of ours");
                return Ok(None);
            }
        };
        Ok(LogoutHint::read(&claims))
    }

    /// Tells the clients of this tenant that are due to be told, and plans the next round.
    pub async fn deliver_logout_notices(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let now = self.now();
        let mut scope = self.database().tenant(tenant).await?;
        let due = scope
            .claim_logout_notices(now, now + LEASE, TOLD_AT_ONCE)
            .await?;
        scope.commit().await?;
        let told = self.tell(tenant, due).await?;
        let mut scope = self.database().tenant(tenant).await?;
        for (notice, attempt) in told {
            let (session_id, client_key) = (notice.session_id, notice.client_key);
            let next = match &attempt {
                // We are the ones who had no time: that is no reason to give up.
                Attempt::Failed(FetchError::Busy) => next_attempt_after(1),
                Attempt::Failed(_) => next_attempt_after(notice.attempts),
                Attempt::Told | Attempt::NotWanted => None,
            };
            if let Some(wait) = next {
                scope
                    .postpone_logout_notice(session_id, client_key, now + wait)
                    .await?;
            } else {
                scope.delete_logout_notice(session_id, client_key).await?;
            }
            self.count_notice(&attempt, next.is_some());
            if let (Attempt::Failed(reason), None) = (&attempt, next) {
                let event = given_up(&notice, *reason, now);
                scope
                    .insert_audit_event(&event.into_row(self.random()))
                    .await?;
            }
        }
        scope.plan_logout_notices(now).await?;
        scope.commit().await
    }

    /// All of them at the same time: one that is slow keeps nobody waiting.
    async fn tell(
        &self,
        tenant: &Tenant,
        due: Vec<LogoutNotice>,
    ) -> Result<Vec<(LogoutNotice, Attempt)>, StoreError> {
        let keys = self.key_ring().find_keys(tenant).await?;
        let mut told = Vec::with_capacity(due.len());
        let mut under_way = JoinSet::new();
        for notice in due {
            let Some(letter) = self.write_letter(tenant, &keys, &notice).await? else {
                told.push((notice, Attempt::NotWanted));
                continue;
            };
            let (outbound, share) = (self.outbound().clone(), tenant.id().as_uuid().as_u128());
            let issuer_is_loopback = tenant.issuer().is_loopback();
            under_way.spawn(async move {
                let request = FetchRequest {
                    url: &letter.url,
                    kind: FetchKind::LogoutNotice,
                    is_known: true,
                    share,
                    issuer_is_loopback,
                };
                let posted = outbound.post_form(&request, letter.form).await;
                (
                    notice,
                    posted.map_or_else(Attempt::Failed, |()| Attempt::Told),
                )
            });
        }
        while let Some(ended) = under_way.join_next().await {
            match ended {
                Ok((notice, attempt)) => told.push((notice, attempt)),
                // Its lease brings it back.
                Err(error) => tracing::error!(%error, "telling a client was cut short"),
            }
        }
        Ok(told)
    }

    async fn write_letter(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        notice: &LogoutNotice,
    ) -> Result<Option<Letter>, StoreError> {
        let found = self
            .directory()
            .find_client(tenant, &notice.client_id)
            .await?;
        let is_it = |key| key == notice.client_key;
        let Some(client) = found.filter(|client| is_it(client.key) && client.is_enabled) else {
            return Ok(None);
        };
        let Some(url) = client.backchannel_logout_uri.clone() else {
            return Ok(None);
        };
        let now = self.now();
        let claims = LogoutTokenClaims::mint(
            NewLogoutToken {
                issuer: tenant.issuer(),
                client_id: &notice.client_id,
                user_id: notice.user_id,
                session_id: notice.session_id,
                token_id: TokenId::generate(self.random(), now),
            },
            now,
        );
        // Back-Channel Logout §2.4: with the key of the client's ID tokens.
        let key = keys.id_token_signer(client.id_token_algorithm)?;
        let token = jwt::sign(key, LOGOUT_TOKEN_TYP, &claims).map_err(IssueError::from)?;
        // base64url and dots: nothing in it is to be encoded.
        let form = format!("logout_token={token}");
        Ok(Some(Letter { url, form }))
    }

    fn count_notice(&self, attempt: &Attempt, is_tried_again: bool) {
        let outcome = match attempt {
            Attempt::Told => "told",
            Attempt::NotWanted => "not_wanted",
            Attempt::Failed(_) if is_tried_again => "failed",
            Attempt::Failed(_) => "given_up",
        };
        self.metrics()
            .logout_notices
            .with_label_values(&[outcome])
            .inc();
        let fetch = match attempt {
            Attempt::Told => "fetched",
            Attempt::NotWanted => return,
            Attempt::Failed(error) => error.reason(),
        };
        self.metrics()
            .outbound_fetches
            .with_label_values(&[FetchKind::LogoutNotice.as_str(), fetch])
            .inc();
    }
}

fn given_up(notice: &LogoutNotice, reason: FetchError, now: Timestamp) -> AuditEvent {
    AuditEvent::new(EventType::LogoutNoticeGivenUp, Actor::System, now)
        .at("client", &notice.client_id)
        .detail("session_id", notice.session_id)
        .detail("user_id", notice.user_id)
        .detail("attempts", notice.attempts)
        .detail("reason", reason.reason())
}
