//! Tokens whose signature was right: found by a hash, recognised by a MAC.
//!
//! The token itself is not kept. A hash alone could be made to collide by whoever chooses tokens,
//! so the entry also holds an HMAC under a key of this process.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crypto::{ProcessKey, Remembered};
use protocol::ids::TenantId;
use quick_cache::sync::Cache;

use super::VerifiedAccessToken;

/// About a kilobyte each.
const MOST_TOKENS: usize = 20_000;

pub struct VerifiedTokens {
    key: ProcessKey,
    hash: RandomState,
    tokens: Cache<(TenantId, u64), (Remembered, Arc<VerifiedAccessToken>)>,
}

impl VerifiedTokens {
    pub(crate) fn new(key: ProcessKey) -> Self {
        Self {
            key,
            hash: RandomState::new(),
            tokens: Cache::new(MOST_TOKENS),
        }
    }

    pub(super) fn find(
        &self,
        tenant_id: TenantId,
        token: &str,
    ) -> Option<Arc<VerifiedAccessToken>> {
        let (mac, verified) = self.tokens.get(&(tenant_id, self.hash.hash_one(token)))?;
        self.key
            .matches(&mac, &[tenant_id.as_uuid().as_bytes()], token.as_bytes())
            .then_some(verified)
    }

    pub(super) fn insert(
        &self,
        tenant_id: TenantId,
        token: &str,
        verified: Arc<VerifiedAccessToken>,
    ) {
        let mac = self
            .key
            .remember(&[tenant_id.as_uuid().as_bytes()], token.as_bytes());
        self.tokens
            .insert((tenant_id, self.hash.hash_one(token)), (mac, verified));
    }
}
