//! A change of keys in somebody's own transaction: an operator's, which is recorded, tried or repeated like every other.

use crypto::SealedSigningKey;
use protocol::SigningAlgorithm;
use store::{Tenant, TenantScope};

use super::{ActedBy, Attempt, Changed, Demand, RemovalReport, RotationReport};
use crate::Authority;
use crate::audit::AuditEvent;
use crate::key_ring::KeyRingError;

/// What one attempt came to.
pub enum KeyAttempt<T> {
    Made(KeyChange<T>),
    /// A key of this algorithm has to be made first ([`Authority::make_signing_key`]), outside of the transaction:
    /// drop this one, and begin anew with it.
    Lacks(SigningAlgorithm),
}

/// A change that is made with the transaction.
pub struct KeyChange<T> {
    pub report: T,
    /// To be written in the same transaction.
    pub events: Vec<AuditEvent>,
    outcomes: Vec<&'static str>,
}

impl<T> KeyChange<T> {
    /// What is to be counted after the commit.
    pub fn outcomes(&self) -> Vec<&'static str> {
        self.outcomes.clone()
    }

    fn of(changed: Changed, report: T) -> KeyAttempt<T> {
        KeyAttempt::Made(Self {
            report,
            events: changed.events,
            outcomes: changed.outcomes,
        })
    }
}

impl Authority {
    /// As [`Self::rotate_signing_key`] does; `made` are keys that an earlier attempt lacked.
    pub async fn rotate_signing_key_in(
        &self,
        scope: &mut TenantScope,
        by: &ActedBy,
        made: Vec<SealedSigningKey>,
    ) -> Result<KeyAttempt<RotationReport>, KeyRingError> {
        match self
            .change_keys_in(scope, by, &Demand::Rotate, made)
            .await?
        {
            Attempt::Lacks(algorithm) => Ok(KeyAttempt::Lacks(algorithm)),
            Attempt::Done(changed) => {
                let report = RotationReport::of(&changed.keys, changed.target.as_ref())?;
                Ok(KeyChange::of(*changed, report))
            }
        }
    }

    /// As [`Self::remove_signing_key`] does.
    pub async fn remove_signing_key_in(
        &self,
        scope: &mut TenantScope,
        kid: &str,
        by: &ActedBy,
        made: Vec<SealedSigningKey>,
    ) -> Result<KeyAttempt<Option<RemovalReport>>, KeyRingError> {
        let demand = Demand::Remove(kid);
        match self.change_keys_in(scope, by, &demand, made).await? {
            Attempt::Lacks(algorithm) => Ok(KeyAttempt::Lacks(algorithm)),
            Attempt::Done(changed) => {
                let removed = changed.target.as_ref();
                let report = removed.map(|removed| RemovalReport::of(removed, &changed.keys));
                Ok(KeyChange::of(*changed, report))
            }
        }
    }

    /// For the next attempt. It takes long, and locks should not.
    pub async fn make_signing_key(
        &self,
        tenant: &Tenant,
        algorithm: SigningAlgorithm,
    ) -> Result<SealedSigningKey, KeyRingError> {
        self.key_ring().make_key(tenant.id(), algorithm).await
    }

    /// Once it is so.
    pub fn count_changed_keys(&self, outcomes: &[&'static str]) {
        self.count_key_changes(outcomes);
    }
}
