//! People as policies and introspection see them, remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::ids::{TenantId, UserId};
use store::{StoreError, Tenant, TenantScope, User};

use super::Directory;
use crate::freshness::{Stamp, Topic};

/// Somebody who is there and enabled, as they were when they were loaded.
#[derive(Clone, Debug)]
pub struct KnownPerson {
    pub user_id: UserId,
    pub username: Arc<str>,
    pub email: Option<String>,
    /// Names of groups.
    pub groups: BTreeSet<String>,
    /// What the tenant keeps about them, always as texts.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
}

impl KnownPerson {
    fn new(user: User) -> Self {
        Self {
            user_id: user.user_id,
            username: Arc::from(user.username),
            email: user.email,
            groups: user.groups.into_iter().map(String::from).collect(),
            attributes: user.attributes.as_texts(),
        }
    }
}

/// What is remembered about an id. Ids come from tokens of ours, so that every answer, "nobody" included, is worth
/// remembering.
pub(super) type RememberedPerson = Option<Arc<KnownPerson>>;

/// Where an answer will be kept, if it may be.
struct Place {
    key: (TenantId, UserId),
    stamp: Stamp,
    is_live: bool,
}

impl Directory {
    /// The person, if there and enabled.
    pub async fn find_person(
        &self,
        tenant: &Tenant,
        user_id: UserId,
    ) -> Result<RememberedPerson, StoreError> {
        let place = self.place_of(tenant, user_id);
        if let Some(known) = self.remembered(&place) {
            return Ok(known);
        }
        let mut scope = self.database.tenant(tenant).await?;
        let person = read(&mut scope, user_id).await?;
        scope.commit().await?;
        Ok(self.keep(&place, person))
    }

    /// The same in a transaction that is open already: nobody waits for a second connection while holding one.
    pub async fn find_person_in(
        &self,
        scope: &mut TenantScope,
        user_id: UserId,
    ) -> Result<RememberedPerson, StoreError> {
        let place = self.place_of(scope.tenant(), user_id);
        if let Some(known) = self.remembered(&place) {
            return Ok(known);
        }
        let person = read(scope, user_id).await?;
        Ok(self.keep(&place, person))
    }

    /// The stamp is read before the answer is.
    fn place_of(&self, tenant: &Tenant, user_id: UserId) -> Place {
        Place {
            key: (tenant.id(), user_id),
            stamp: self.freshness.stamp(tenant.id(), Topic::User),
            is_live: self.may_remember(),
        }
    }

    fn remembered(&self, place: &Place) -> Option<RememberedPerson> {
        place
            .is_live
            .then(|| self.people.find(&place.key, |_| place.stamp))
            .flatten()
    }

    fn keep(&self, place: &Place, person: RememberedPerson) -> RememberedPerson {
        if place.is_live {
            self.people.insert(place.key, person.clone(), place.stamp);
        }
        person
    }
}

async fn read(scope: &mut TenantScope, user_id: UserId) -> Result<RememberedPerson, StoreError> {
    let found = scope.find_user(user_id).await?;
    let enabled = found.filter(|record| record.user.is_enabled);
    Ok(enabled.map(|record| Arc::new(KnownPerson::new(record.user))))
}
