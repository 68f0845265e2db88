//! The steps that are due, one after the other within one transaction.

use crypto::SealedSigningKey;
use protocol::SigningAlgorithm;
use protocol::clock::Timestamp;
use protocol::signing_key_schedule::{
    Outgoing, SigningKeyFacts, SigningKeyState, SigningKeyUse, Step, next_step,
};
use store::{SigningKeyRecord, Tenant, TenantScope};

use super::ActedBy;
use crate::audit::{AuditEvent, EventType};
use crate::key_ring::{KeyRingError, corrupt, to_row};

/// More than any state of the rows needs: the rule ends in waiting.
const MOST_STEPS: u32 = 16;

/// What it came to.
pub(super) enum Settled {
    /// Nothing is due before then.
    Until(Timestamp),
    /// A key of this algorithm has to be made first, outside of the transaction.
    Lacks(SigningAlgorithm),
}

/// One transaction's worth of steps, and what is to be told of them.
pub(super) struct Settling<'a> {
    tenant: &'a Tenant,
    by: &'a ActedBy,
    now: Timestamp,
    /// Made ahead of the transaction.
    made: Vec<SealedSigningKey>,
    events: Vec<AuditEvent>,
    outcomes: Vec<&'static str>,
}

/// The rows as the rule reads them.
pub(super) fn facts(keys: &[SigningKeyRecord]) -> Result<Vec<SigningKeyFacts<'_>>, KeyRingError> {
    let facts = keys.iter().map(|key| {
        Ok(SigningKeyFacts {
            kid: &key.kid,
            algorithm: key.algorithm.parse().map_err(corrupt)?,
            signs: key.signs,
            state: key.state,
            created_at: key.created_at,
            activate_at: key.activate_at,
            activated_at: key.activated_at,
            retired_at: key.retired_at,
        })
    });
    facts.collect()
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        tenant: &'a Tenant,
        by: &'a ActedBy,
        now: Timestamp,
        made: Vec<SealedSigningKey>,
    ) -> Self {
        Self {
            tenant,
            by,
            now,
            made,
            events: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    pub(super) fn tenant(&self) -> &Tenant {
        self.tenant
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn events(&mut self) -> Vec<AuditEvent> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn outcomes(&self) -> &[&'static str] {
        &self.outcomes
    }

    pub(super) async fn settle(
        &mut self,
        scope: &mut TenantScope,
    ) -> Result<Settled, KeyRingError> {
        for _ in 0..MOST_STEPS {
            let keys = scope.list_signing_keys().await?;
            let settings = self.tenant.settings().signing_keys();
            let awaited = self.awaited(scope, &keys).await?;
            let is_awaited = |kid: &str| awaited.iter().any(|other| other == kid);
            match next_step(&facts(&keys)?, &settings, is_awaited, self.now) {
                Step::Wait { until } => return Ok(Settled::Until(until)),
                step => {
                    if let Some(algorithm) = self.take(scope, step).await? {
                        return Ok(Settled::Lacks(algorithm));
                    }
                }
            }
        }
        Err(KeyRingError::Contended)
    }

    /// The next keys that a resource has yet to see; nobody is asked where nobody is waited for.
    async fn awaited(
        &self,
        scope: &mut TenantScope,
        keys: &[SigningKeyRecord],
    ) -> Result<Vec<String>, KeyRingError> {
        let is_any_next = keys.iter().any(|key| key.state == SigningKeyState::Next);
        if self.tenant.settings().signing_key_wait.is_zero() || !is_any_next {
            return Ok(Vec::new());
        }
        Ok(scope.list_awaited_signing_keys().await?)
    }

    /// The algorithm of the key that is lacking, if one is.
    async fn take(
        &mut self,
        scope: &mut TenantScope,
        step: Step<'_>,
    ) -> Result<Option<SigningAlgorithm>, KeyRingError> {
        match step {
            Step::MakeActive { signs, algorithm } => {
                let is_made = self.make(scope, signs, algorithm, None).await?;
                return Ok((!is_made).then_some(algorithm));
            }
            Step::MakeNext {
                signs,
                algorithm,
                activate_at,
            } => {
                let is_made = self
                    .make(scope, signs, algorithm, Some(activate_at))
                    .await?;
                return Ok((!is_made).then_some(algorithm));
            }
            Step::Activate { kid, outgoing } => {
                match outgoing {
                    Some((old, Outgoing::Retired)) => self.retire(scope, old).await?,
                    Some((old, Outgoing::SignsIdTokens)) => {
                        scope.hand_over_signing_key(old).await?;
                    }
                    None => {}
                }
                if scope.activate_signing_key(kid, self.now).await? {
                    self.note(EventType::SigningKeyActivated, "activated", kid, &[]);
                }
            }
            Step::Retire { kid } => self.retire(scope, kid).await?,
            Step::Remove { kid } => self.remove(scope, kid).await?,
            Step::Wait { .. } => {}
        }
        Ok(None)
    }

    /// Inserts one of the keys that were made ahead; false when there is none of this algorithm.
    pub(super) async fn make(
        &mut self,
        scope: &mut TenantScope,
        signs: SigningKeyUse,
        algorithm: SigningAlgorithm,
        activate_at: Option<Timestamp>,
    ) -> Result<bool, KeyRingError> {
        let Some(at) = self.made.iter().position(|key| key.algorithm == algorithm) else {
            return Ok(false);
        };
        let row = to_row(self.made.swap_remove(at), signs, activate_at)?;
        scope.insert_signing_key(&row, self.now).await?;
        let details = [("algorithm", algorithm.as_str()), ("signs", signs.as_str())];
        self.note(EventType::SigningKeyCreated, "made", &row.kid, &details);
        if activate_at.is_none() {
            self.note(EventType::SigningKeyActivated, "activated", &row.kid, &[]);
        }
        Ok(true)
    }

    /// A next key of another algorithm than the one that is wanted now.
    pub(super) async fn remove_stale_next(
        &mut self,
        scope: &mut TenantScope,
        keys: &[SigningKeyRecord],
        wanted: SigningAlgorithm,
    ) -> Result<(), KeyRingError> {
        let stale = keys.iter().find(|key| {
            key.state == SigningKeyState::Next
                && key.signs == SigningKeyUse::Tokens
                && key.algorithm != wanted.as_str()
        });
        match stale {
            Some(stale) => self.remove(scope, &stale.kid).await,
            None => Ok(()),
        }
    }

    async fn retire(&mut self, scope: &mut TenantScope, kid: &str) -> Result<(), KeyRingError> {
        if scope.retire_signing_key(kid, self.now).await? {
            self.note(EventType::SigningKeyRetired, "retired", kid, &[]);
        }
        Ok(())
    }

    async fn remove(&mut self, scope: &mut TenantScope, kid: &str) -> Result<(), KeyRingError> {
        if scope.delete_signing_key(kid).await? {
            self.note(EventType::SigningKeyRemoved, "removed", kid, &[]);
        }
        Ok(())
    }

    pub(super) fn note(
        &mut self,
        event_type: EventType,
        outcome: &'static str,
        kid: &str,
        details: &[(&'static str, &str)],
    ) {
        self.outcomes.push(outcome);
        self.events
            .push(self.by.event(event_type, self.now, kid, details));
    }
}

impl ActedBy {
    pub(super) fn event(
        &self,
        event_type: EventType,
        now: Timestamp,
        kid: &str,
        details: &[(&'static str, &str)],
    ) -> AuditEvent {
        let event = AuditEvent::new(event_type, self.actor.clone(), now)
            .at("signing_key", kid)
            .origin(&self.origin);
        let event = match &self.reason {
            Some(reason) => event.detail("reason", reason),
            None => event,
        };
        details
            .iter()
            .fold(event, |event, (name, value)| event.detail(name, value))
    }
}
