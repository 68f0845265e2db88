//! What a refresh leaves behind: its audit event with the facts, its class, its counters.
//!
//! What revokes is written in the revoking transaction; the rest goes with the batch. A client in a loop
//! shows the same dead token again and again: that is told once a minute and replica, not each time.
//!
//! Not here: the decision (`protocol::token::refresh_token`) and the class (`protocol::token::reuse`).

use std::net::IpAddr;
use std::time::Duration;

use crypto::RefreshToken;
use protocol::Timestamp;
use protocol::client::GrantType;
use protocol::ids::{FamilyId, GrantId};
use protocol::token::reuse::{ReuseClass, ReuseFacts, classify};
use protocol::token::{RefreshDecision, RefreshError};
use quick_cache::sync::Cache;
use serde_json::Value;
use store::{RefreshFamilyRecord, RevokedReason, TenantScope};

use super::{Ground, Issued, TokenError, issued_event};
use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::limits::address_key;

/// How long the same refusal is not told again.
const TOLD_ONCE_IN: Duration = Duration::from_mins(1);
const MOST_TOLD: usize = 20_000;

/// Refused refreshes that were recorded a moment ago.
pub(crate) struct ToldRefusals(Cache<Told, Timestamp>);

type Told = (FamilyId, u32, &'static str, Option<IpAddr>);

impl Default for ToldRefusals {
    fn default() -> Self {
        Self(Cache::new(MOST_TOLD))
    }
}

impl ToldRefusals {
    fn is_new(&self, key: Told, now: Timestamp) -> bool {
        let is_told = self
            .0
            .get(&key)
            .is_some_and(|told_at| now < told_at + TOLD_ONCE_IN);
        if !is_told {
            self.0.insert(key, now);
        }
        !is_told
    }
}

/// One refresh with what was read for it.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub token: &'a RefreshToken,
    pub record: &'a RefreshFamilyRecord,
    pub decision: RefreshDecision,
}

impl Authority {
    /// Counts and records a refresh that got tokens.
    pub(super) fn record_refresh(
        &self,
        ground: &Ground<'_>,
        attempt: Attempt<'_>,
        issued: &Issued,
    ) {
        let (outcome, event_type) = match attempt.decision {
            RefreshDecision::SameSuccessor => ("same_successor", EventType::RefreshTokenRepeated),
            RefreshDecision::Keep => ("kept", EventType::RefreshTokenKept),
            _ => ("rotated", EventType::RefreshTokenRotated),
        };
        let class = self.count_refresh(ground, attempt, outcome);
        let grant_id = Some(attempt.record.grant.grant_id);
        let event = issued_event(ground, event_type, grant_id, issued);
        let event = with_facts(event, ground, attempt, class);
        self.record_issuance(ground, GrantType::RefreshToken, issued, event);
    }

    /// Counts a refresh that got nothing, and records it where a genuine token came back to a family that was
    /// ended or has moved on, or came without its key.
    pub(super) fn record_refused_refresh(
        &self,
        ground: &Ground<'_>,
        attempt: Attempt<'_>,
        error: RefreshError,
    ) {
        let class = self.count_refresh(ground, attempt, "dead");
        let (event_type, why) = match error {
            RefreshError::SpentOutsideWindow => (EventType::RefreshTokenStale, "spent"),
            RefreshError::Revoked => (EventType::RefreshTokenRefused, "revoked"),
            // RFC 9449 §5: whoever shows it has not its key.
            RefreshError::WrongKey => (EventType::RefreshTokenRefused, "wrong_key"),
            _ => return,
        };
        let (family_id, generation) = (attempt.token.family_id(), attempt.token.generation());
        let told = (family_id, generation, why, ground.origin.address);
        if !self.told_refusals().is_new(told, ground.now) {
            return;
        }
        let actor = Actor::Client(ground.client.client_id.clone());
        let event = AuditEvent::new(event_type, actor, ground.now)
            .at("grant", attempt.record.grant.grant_id)
            .origin(ground.origin)
            .detail("why", why);
        let event = with_facts(event, ground, attempt, class);
        self.audit().record(ground.tenant, event);
    }

    /// Row F4: the successor was used, so two parties hold this family. Committed before the answer.
    pub(super) async fn punish_reuse(
        &self,
        mut scope: TenantScope,
        ground: &Ground<'_>,
        attempt: Attempt<'_>,
        grant_id: GrantId,
    ) -> Result<(), TokenError> {
        let class = self.count_refresh(ground, attempt, "reuse");
        self.metrics()
            .reuses
            .with_label_values(&["refresh_token"])
            .inc();
        let actor = Actor::Client(ground.client.client_id.clone());
        let event =
            AuditEvent::new(EventType::RefreshTokenReused, actor, ground.now).origin(ground.origin);
        let event = with_facts(event, ground, attempt, class);
        self.revoke_recording(
            &mut scope,
            grant_id,
            RevokedReason::RefreshTokenReuse,
            event,
        )
        .await?;
        scope.commit().await?;
        Ok(())
    }

    fn count_refresh(
        &self,
        ground: &Ground<'_>,
        attempt: Attempt<'_>,
        outcome: &'static str,
    ) -> Option<ReuseClass> {
        self.metrics().refreshes.with_label_values(&[outcome]).inc();
        let class = classify(attempt.decision, facts(ground, attempt.record));
        if let Some(class) = class {
            self.metrics()
                .spent_refresh_tokens_shown
                .with_label_values(&[class.as_str()])
                .inc();
        }
        class
    }
}

fn facts(ground: &Ground<'_>, record: &RefreshFamilyRecord) -> ReuseFacts {
    let rotated_at = record.family.rotated_at;
    ReuseFacts {
        since_rotation: rotated_at.map(|rotated_at| ground.now.saturating_since(rotated_at)),
        is_same_address: ground
            .origin
            .address
            .zip(record.rotated_from)
            // An IPv6 host has many addresses: its network counts.
            .map(|(now, then)| address_key(now) == address_key(then)),
    }
}

/// What put it into its class, so that a reader can disagree.
fn with_facts(
    event: AuditEvent,
    ground: &Ground<'_>,
    attempt: Attempt<'_>,
    class: Option<ReuseClass>,
) -> AuditEvent {
    let Attempt { token, record, .. } = attempt;
    let facts = facts(ground, record);
    let mut event = event
        .detail("family_id", token.family_id())
        .detail_json("presented_generation", Value::from(token.generation()))
        .detail_json("live_generation", Value::from(record.family.generation));
    if let Some(since) = facts.since_rotation {
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        event = event.detail_json("since_rotation_ms", Value::from(milliseconds));
    }
    if let Some(is_same) = facts.is_same_address {
        event = event.detail_json("is_same_address", Value::from(is_same));
    }
    if let Some(class) = class {
        event = event.detail("class", class.as_str());
    }
    event
}
