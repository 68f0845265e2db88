//! One kind of remembered answer: a bounded cache whose entries know when they stop being true.

use std::hash::Hash;

use quick_cache::sync::Cache;

use crate::freshness::Stamp;

/// Remembers `V` by `K`, at most `capacity` of them.
pub(crate) struct Remembered<K, V> {
    entries: Cache<K, Entry<V>>,
}

#[derive(Clone)]
struct Entry<V> {
    stamp: Stamp,
    value: V,
}

impl<K: Hash + Eq + Clone, V: Clone> Remembered<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: Cache::new(capacity),
        }
    }

    /// The answer, if nothing changed since before it was loaded. The stamp to compare with is
    /// asked of the value, since an answer found by name says itself whose it is.
    pub(crate) fn find<Q>(&self, key: &Q, stamp_of: impl FnOnce(&V) -> Stamp) -> Option<V>
    where
        Q: Hash + quick_cache::Equivalent<K> + ?Sized,
    {
        let entry = self.entries.get(key)?;
        (entry.stamp == stamp_of(&entry.value)).then_some(entry.value)
    }

    /// The answer, however old. Only for what may be published while PostgreSQL is away.
    pub(crate) fn find_stale<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + quick_cache::Equivalent<K> + ?Sized,
    {
        self.entries.get(key).map(|entry| entry.value)
    }

    /// `stamp` was read before the load began.
    pub(crate) fn insert(&self, key: K, value: V, stamp: Stamp) {
        self.entries.insert(key, Entry { stamp, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freshness::{Stamps, Topic};
    use protocol::ids::TenantId;

    #[test]
    fn an_answer_is_forgotten_when_its_tenant_changes_and_still_published() {
        let stamps = Stamps::default();
        let tenant_id = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        let now = || stamps.of(tenant_id, Topic::Resource);
        let cache = Remembered::new(10);
        cache.insert(1, "resources", now());
        assert_eq!(cache.find(&1, |_| now()), Some("resources"));
        stamps.change(tenant_id, Topic::Resource);
        assert_eq!(cache.find(&1, |_| now()), None);
        assert_eq!(cache.find_stale(&1), Some("resources"));
    }
}
