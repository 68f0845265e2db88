//! What was revoked, in memory: grants and single access tokens, each until nothing that could
//! carry it is valid any more.
//!
//! Filled by a snapshot when the listener (re)connects and by changes after that; a revocation
//! made here is applied right after its commit. It answers only while `freshness` is live: when it
//! is not, the question goes to PostgreSQL instead.
//!
//! To add one more kind of revocation: a map here, a change kind in `store`, a line in `apply`.

use std::hash::Hash;

use dashmap::DashMap;
use protocol::clock::Timestamp;
use protocol::ids::{GrantId, TenantId, TokenId};

/// Entries of one tenant never answer for another: the tenant is part of every key.
#[derive(Default)]
pub struct Revocations {
    grants: DashMap<(TenantId, GrantId), Timestamp>,
    access_tokens: DashMap<(TenantId, TokenId), Timestamp>,
}

impl Revocations {
    pub fn revoke_grant(&self, tenant_id: TenantId, grant_id: GrantId, until: Timestamp) {
        extend(&self.grants, (tenant_id, grant_id), until);
    }

    pub fn revoke_access_token(&self, tenant_id: TenantId, jti: TokenId, until: Timestamp) {
        extend(&self.access_tokens, (tenant_id, jti), until);
    }

    pub fn is_grant_revoked(&self, tenant_id: TenantId, grant_id: GrantId) -> bool {
        self.grants.contains_key(&(tenant_id, grant_id))
    }

    pub fn is_access_token_revoked(&self, tenant_id: TenantId, jti: TokenId) -> bool {
        self.access_tokens.contains_key(&(tenant_id, jti))
    }

    /// Forgets what no valid token can name any more.
    pub fn sweep(&self, now: Timestamp) {
        self.grants.retain(|_, until| *until > now);
        self.access_tokens.retain(|_, until| *until > now);
    }

    pub fn len(&self) -> usize {
        self.grants.len() + self.access_tokens.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Two revocations of one thing: the later end counts.
fn extend<K: Hash + Eq>(map: &DashMap<K, Timestamp>, key: K, until: Timestamp) {
    map.entry(key)
        .and_modify(|known| *known = (*known).max(until))
        .or_insert(until);
}
