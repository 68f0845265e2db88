//! A bounded memory that no tenant can fill at the cost of the others: each has a share of its own, and
//! when all is full the tenant that holds most gives way.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::ids::TenantId;

/// `V` by tenant and `K`.
pub(super) struct TenantShares<K, V> {
    shares: Mutex<Shares<K, V>>,
    most: usize,
    most_per_tenant: usize,
}

struct Shares<K, V> {
    tenants: HashMap<TenantId, HashMap<K, Entry<V>>>,
    entries: usize,
    /// Counts uses, for what was used least recently.
    uses: u64,
}

struct Entry<V> {
    value: V,
    used: u64,
}

impl<K: Hash + Eq + Clone, V: Clone> TenantShares<K, V> {
    pub(super) fn new(most: usize, most_per_tenant: usize) -> Self {
        Self {
            shares: Mutex::new(Shares {
                tenants: HashMap::new(),
                entries: 0,
                uses: 0,
            }),
            most,
            most_per_tenant,
        }
    }

    pub(super) fn find<Q>(&self, tenant_id: TenantId, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut shares = self.lock();
        shares.uses += 1;
        let used = shares.uses;
        let entry = shares.tenants.get_mut(&tenant_id)?.get_mut(key)?;
        entry.used = used;
        Some(entry.value.clone())
    }

    pub(super) fn insert(&self, tenant_id: TenantId, key: K, value: V) {
        let mut shares = self.lock();
        shares.uses += 1;
        let used = shares.uses;
        let share = shares.tenants.entry(tenant_id).or_default();
        let is_new = share.insert(key, Entry { value, used }).is_none();
        let is_over_share = share.len() > self.most_per_tenant;
        if is_new {
            shares.entries += 1;
        }
        if is_over_share {
            shares.forget_oldest(tenant_id);
        }
        if shares.entries > self.most
            && let Some(largest) = shares.largest()
        {
            shares.forget_oldest(largest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shares<K, V>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V> Shares<K, V> {
    /// Reads every tenant that holds something; only ever after a fetch, which takes far longer.
    fn largest(&self) -> Option<TenantId> {
        let largest = self.tenants.iter().max_by_key(|(_, share)| share.len());
        largest.map(|(tenant_id, _)| *tenant_id)
    }

    fn forget_oldest(&mut self, tenant_id: TenantId) {
        let Some(share) = self.tenants.get_mut(&tenant_id) else {
            return;
        };
        let oldest = share.iter().min_by_key(|(_, entry)| entry.used);
        let oldest = oldest.map(|(key, _)| key.clone());
        if oldest.is_some_and(|key| share.remove(&key).is_some()) {
            self.entries -= 1;
        }
        if share.is_empty() {
            self.tenants.remove(&tenant_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    /// Row K10.
    #[test]
    fn the_least_recently_used_of_a_full_share_goes() {
        let shares = TenantShares::new(100, 2);
        for key in [1, 2] {
            shares.insert(tenant(1), key, key);
        }
        assert_eq!(shares.find(tenant(1), &1), Some(1));
        shares.insert(tenant(1), 3, 3);
        assert_eq!(shares.find(tenant(1), &2), None);
        assert_eq!(shares.find(tenant(1), &1), Some(1));
        assert_eq!(shares.find(tenant(1), &3), Some(3));
    }

    #[test]
    fn a_busy_tenant_costs_the_others_nothing() {
        let shares = TenantShares::new(4, 3);
        shares.insert(tenant(1), 0, 0);
        for key in 0..100 {
            shares.insert(tenant(2), key, key);
        }
        for number in 3..5 {
            shares.insert(tenant(number), 0, 0);
        }
        assert_eq!(shares.find(tenant(1), &0), Some(0));
        assert_eq!(shares.find(tenant(2), &99), Some(99));
        assert_eq!(shares.lock().entries, 4);
    }

    #[test]
    fn tenants_do_not_see_each_others() {
        let shares = TenantShares::new(4, 3);
        shares.insert(tenant(1), "a".to_owned(), 1);
        assert_eq!(shares.find(tenant(2), "a"), None);
        shares.insert(tenant(1), "a".to_owned(), 2);
        assert_eq!(shares.find(tenant(1), "a"), Some(2));
        assert_eq!(shares.lock().entries, 1);
    }
}
