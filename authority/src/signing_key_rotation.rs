//! Signing keys change: on their schedule, on demand, and at once when one leaked. Rows P2, P3.
//!
//! What is due is said by the pure rule (`protocol::signing_key_schedule`); here its steps are written,
//! all that are due in one transaction with their audit events. The tenant's keys are locked while it
//! decides, and unique keys stand behind that: two replicas that do this at once do it once. There is no
//! leader; the job of every replica claims the tenants that are due.
//!
//! What it is not: the keys in memory (`key_ring`), which follow the rows.
//!
//! To add one more step: a variant of the rule's `Step`, its statement in `store`, its arm in `settle`.

mod in_scope;
mod lost_keys;
mod report;
mod reseal;
mod settle;

use crypto::SealedSigningKey;
use protocol::SigningAlgorithm;
use protocol::clock::Timestamp;
use protocol::signing_key_schedule::{self as schedule, OnDemand, SigningKeyState, SigningKeyUse};
use store::{SigningKeyRecord, StoreError, Tenant, TenantScope};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType, Origin};
use crate::key_ring::KeyRingError;

pub use in_scope::{KeyAttempt, KeyChange};
pub use lost_keys::{LostKeys, VerifyEncryptionKeysError};
pub use report::{RemovalReport, RotationReport};
pub use reseal::{FailedReseal, ResealReport};
use settle::{Settled, Settling};

/// How often it is begun anew: a key had to be made first, or another replica was faster.
const MOST_ATTEMPTS: u32 = 8;

/// Who wants it, for the audit.
#[derive(Debug, Clone)]
pub struct ActedBy {
    pub actor: Actor,
    pub origin: Origin,
    /// In the operator's words.
    pub reason: Option<String>,
}

impl From<Actor> for ActedBy {
    fn from(actor: Actor) -> Self {
        Self {
            actor,
            origin: Origin::default(),
            reason: None,
        }
    }
}

/// What is to happen besides what is due anyway.
enum Demand<'a> {
    Nothing,
    Rotate,
    Remove(&'a str),
}

/// What a transaction came to.
struct Changed {
    /// When the next step is due.
    until: Timestamp,
    /// The keys as they are now.
    keys: Vec<SigningKeyRecord>,
    /// The key that the demand was about, as it was.
    target: Option<SigningKeyRecord>,
    /// To be recorded with it.
    events: Vec<AuditEvent>,
    /// To be counted once it is so.
    outcomes: Vec<&'static str>,
}

impl Authority {
    /// Takes the steps that are due and names the moment of the next one. Done by a job; any number of
    /// replicas may do it at once.
    pub async fn advance_signing_keys(&self, tenant: &Tenant) -> Result<Timestamp, KeyRingError> {
        let by = Actor::System.into();
        let advanced = self.change_keys(tenant, &by, &Demand::Nothing).await;
        if advanced.is_err() {
            self.count_key_change("failed");
        }
        Ok(advanced?.until)
    }

    /// Changes the key that signs as soon as that hurts nobody: at once if the next one has been
    /// published for an hour, else when it will have been.
    pub async fn rotate_signing_key(
        &self,
        tenant: &Tenant,
        by: impl Into<ActedBy>,
    ) -> Result<RotationReport, KeyRingError> {
        let changed = self
            .change_keys(tenant, &by.into(), &Demand::Rotate)
            .await?;
        RotationReport::of(&changed.keys, changed.target.as_ref())
    }

    /// Removes a key that leaked: on every replica at once. What it signed is worth nothing from then on;
    /// if it was the one that signs, the next one signs from now, or a fresh one, however long it has been
    /// published. `None`: there is no such key.
    pub async fn remove_signing_key(
        &self,
        tenant: &Tenant,
        kid: &str,
        by: impl Into<ActedBy>,
    ) -> Result<Option<RemovalReport>, KeyRingError> {
        let demand = Demand::Remove(kid);
        let changed = self.change_keys(tenant, &by.into(), &demand).await?;
        Ok(changed
            .target
            .map(|removed| RemovalReport::of(&removed, &changed.keys)))
    }

    /// How old the oldest active key is: what an alert on a schedule that does not run looks at.
    pub async fn measure_signing_keys(&self) -> Result<(), StoreError> {
        let mut platform = self.database().platform().await?;
        let oldest = platform.find_oldest_signing_key().await?;
        platform.commit().await?;
        let age = oldest.map_or(0, |since| self.now().saturating_since(since).as_secs());
        let gauge = &self.metrics().oldest_signing_key_age;
        gauge.set(i64::try_from(age).unwrap_or(i64::MAX));
        Ok(())
    }

    async fn change_keys(
        &self,
        tenant: &Tenant,
        by: &ActedBy,
        demand: &Demand<'_>,
    ) -> Result<Changed, KeyRingError> {
        let mut made = Vec::new();
        for _ in 0..MOST_ATTEMPTS {
            let attempt = self.try_to_change_keys(tenant, by, demand, made.clone());
            match attempt.await {
                Ok(Attempt::Done(changed)) => return Ok(*changed),
                // Outside of the transaction: it takes long, and locks should not.
                Ok(Attempt::Lacks(algorithm)) => {
                    made.push(self.key_ring().make_key(tenant.id(), algorithm).await?);
                }
                Err(KeyRingError::Store(error)) if error.conflict().is_some() => {
                    tracing::debug!(%error, "another replica was faster");
                }
                Err(error) => return Err(error),
            }
        }
        Err(KeyRingError::Contended)
    }

    /// One transaction.
    async fn try_to_change_keys(
        &self,
        tenant: &Tenant,
        by: &ActedBy,
        demand: &Demand<'_>,
        made: Vec<SealedSigningKey>,
    ) -> Result<Attempt, KeyRingError> {
        let mut scope = self.database().tenant(tenant).await?;
        let attempt = self.change_keys_in(&mut scope, by, demand, made).await?;
        let Attempt::Done(mut changed) = attempt else {
            scope.roll_back().await?;
            return Ok(attempt);
        };
        for event in std::mem::take(&mut changed.events) {
            scope
                .insert_audit_event(&event.into_row(self.random()))
                .await?;
        }
        scope.commit().await?;
        self.count_key_changes(&changed.outcomes);
        Ok(Attempt::Done(changed))
    }

    /// In somebody's transaction, who writes the events and counts the outcomes.
    async fn change_keys_in(
        &self,
        scope: &mut TenantScope,
        by: &ActedBy,
        demand: &Demand<'_>,
        made: Vec<SealedSigningKey>,
    ) -> Result<Attempt, KeyRingError> {
        let now = self.now();
        let tenant = scope.tenant().clone();
        scope.lock_signing_keys().await?;
        let mut settling = Settling::new(&tenant, by, now, made);
        let demanded = match demand {
            Demand::Nothing => Demanded::Done(None),
            Demand::Rotate => demand_rotation(&mut settling, scope).await?,
            Demand::Remove(kid) => demand_removal(&mut settling, scope, kid).await?,
        };
        let target = match demanded {
            Demanded::Done(target) => target,
            Demanded::Lacks(algorithm) => return Ok(Attempt::Lacks(algorithm)),
        };
        let until = match settling.settle(scope).await? {
            Settled::Until(until) => until,
            Settled::Lacks(algorithm) => return Ok(Attempt::Lacks(algorithm)),
        };
        let due = store::DueWorkKind::SigningKeys;
        scope.insert_due_work(due, until, now).await?;
        Ok(Attempt::Done(Box::new(Changed {
            until,
            keys: scope.list_signing_keys().await?,
            target: target.map(|target| *target),
            events: settling.events(),
            outcomes: settling.outcomes().to_vec(),
        })))
    }

    fn count_key_changes(&self, outcomes: &[&'static str]) {
        for outcome in outcomes {
            self.count_key_change(outcome);
        }
    }

    /// `outcome`: made, activated, retired, removed, `removed_in_emergency`, resealed, failed.
    pub(crate) fn count_key_change(&self, outcome: &'static str) {
        let changes = &self.metrics().signing_key_changes;
        changes.with_label_values(&[outcome]).inc();
    }
}

enum Attempt {
    Done(Box<Changed>),
    /// A key of this algorithm has to be made first.
    Lacks(SigningAlgorithm),
}

enum Demanded {
    Done(Option<Box<SigningKeyRecord>>),
    Lacks(SigningAlgorithm),
}

/// The next key may sign from its earliest moment on; it is made if there is none. The rule does the rest.
async fn demand_rotation(
    settling: &mut Settling<'_>,
    scope: &mut TenantScope,
) -> Result<Demanded, KeyRingError> {
    let keys = scope.list_signing_keys().await?;
    let active = keys
        .iter()
        .find(|key| key.signs == SigningKeyUse::Tokens && key.state == SigningKeyState::Active);
    let target = active.cloned().map(Box::new);
    // Without an active key there is nothing to change: the rule makes one that signs at once.
    if target.is_none() {
        return Ok(Demanded::Done(None));
    }
    let settings = settling.tenant().settings().signing_keys();
    let facts = settle::facts(&keys)?;
    match schedule::on_demand(&facts, &settings, settling.now()) {
        OnDemand::Advance { kid, activate_at } => {
            scope.schedule_signing_key(kid, activate_at).await?;
        }
        OnDemand::Make {
            algorithm,
            activate_at,
        } => {
            settling.remove_stale_next(scope, &keys, algorithm).await?;
            let tokens = SigningKeyUse::Tokens;
            if !settling
                .make(scope, tokens, algorithm, Some(activate_at))
                .await?
            {
                return Ok(Demanded::Lacks(algorithm));
            }
        }
    }
    Ok(Demanded::Done(target))
}

async fn demand_removal(
    settling: &mut Settling<'_>,
    scope: &mut TenantScope,
    kid: &str,
) -> Result<Demanded, KeyRingError> {
    let keys = scope.list_signing_keys().await?;
    let Some(target) = keys.into_iter().find(|key| key.kid == kid) else {
        return Ok(Demanded::Done(None));
    };
    if scope.delete_signing_key(kid).await? {
        settling.note(
            EventType::SigningKeyRemovedInEmergency,
            "removed_in_emergency",
            kid,
            &[("state", target.state.as_str())],
        );
    }
    Ok(Demanded::Done(Some(Box::new(target))))
}
