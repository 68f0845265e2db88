//! When a cached answer stops being true: counters per tenant and topic.
//!
//! An answer is remembered with the stamp read *before* it was loaded, and is good only while the
//! stamp is the same. A change that commits during the load moves the counter, so an answer that
//! might have missed it is never served.
//!
//! The counters are a fixed table. Tenants that share a cell only forget a little too often.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::ids::TenantId;

const CELLS: usize = 16_384;

/// What an answer is about. A change of one topic leaves the others remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Tenant,
    Client,
    Resource,
    User,
    SigningKey,
    Policy,
    Revocation,
}

/// The moment before a load, as the counters tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    epoch: u64,
    count: u64,
}

/// All counters of this replica.
pub struct Stamps {
    epoch: AtomicU64,
    tenants: AtomicU64,
    guard_rails: AtomicU64,
    cells: Box<[AtomicU64]>,
    hash: RandomState,
}

impl Default for Stamps {
    fn default() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            tenants: AtomicU64::new(0),
            guard_rails: AtomicU64::new(0),
            cells: (0..CELLS).map(|_| AtomicU64::new(0)).collect(),
            hash: RandomState::new(),
        }
    }
}

impl Stamps {
    pub fn of(&self, tenant_id: TenantId, topic: Topic) -> Stamp {
        Stamp {
            epoch: self.epoch.load(Ordering::Acquire),
            count: self.cell(tenant_id, topic).load(Ordering::Acquire),
        }
    }

    /// Moves when any tenant changes: for answers that are not yet, or not at all, about one.
    pub fn of_all_tenants(&self) -> Stamp {
        Stamp {
            epoch: self.epoch.load(Ordering::Acquire),
            count: self.tenants.load(Ordering::Acquire),
        }
    }

    /// Of the policies that stand above all tenants.
    pub fn of_guard_rails(&self) -> Stamp {
        Stamp {
            epoch: self.epoch.load(Ordering::Acquire),
            count: self.guard_rails.load(Ordering::Acquire),
        }
    }

    pub fn change_guard_rails(&self) {
        self.guard_rails.fetch_add(1, Ordering::AcqRel);
    }

    pub fn change(&self, tenant_id: TenantId, topic: Topic) {
        // In this order: whoever sees the new count of the tenant also sees that some tenant changed.
        if topic == Topic::Tenant {
            self.tenants.fetch_add(1, Ordering::AcqRel);
        }
        self.cell(tenant_id, topic).fetch_add(1, Ordering::AcqRel);
    }

    /// Nothing remembered so far is good any more.
    pub fn change_all(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    fn cell(&self, tenant_id: TenantId, topic: Topic) -> &AtomicU64 {
        let hashed = self.hash.hash_one((tenant_id, topic));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only the low bits choose the cell"
        )]
        let index = hashed as usize % CELLS;
        &self.cells[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_change_during_a_load_spoils_what_was_loaded() {
        let stamps = Stamps::default();
        let before = stamps.of(tenant(1), Topic::Client);
        stamps.change(tenant(1), Topic::Client);
        assert_ne!(before, stamps.of(tenant(1), Topic::Client));
    }

    #[test]
    fn a_change_of_a_tenant_moves_the_stamp_of_unknown_locations() {
        let stamps = Stamps::default();
        let before = stamps.of_all_tenants();
        stamps.change(tenant(1), Topic::Client);
        assert_eq!(before, stamps.of_all_tenants());
        stamps.change(tenant(1), Topic::Tenant);
        assert_ne!(before, stamps.of_all_tenants());
    }

    #[test]
    fn a_new_epoch_spoils_everything() {
        let stamps = Stamps::default();
        let before = (stamps.of(tenant(1), Topic::User), stamps.of_all_tenants());
        stamps.change_all();
        assert_ne!(before.0, stamps.of(tenant(1), Topic::User));
        assert_ne!(before.1, stamps.of_all_tenants());
    }
}
