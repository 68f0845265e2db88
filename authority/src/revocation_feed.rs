//! The revocation feed of a tenant, signed and ready to be sent.
//!
//! The bytes are kept. While nothing of the tenant's revocations, clients, resources and keys has changed, a poll costs
//! no round trip to the database and no signature; after a change the rows are read again, and signed only if
//! they say something else. So one change costs one signature however many verifiers poll.
//!
//! Not here: what the feed says (`protocol::revocation_feed`).

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use crypto::jwt;
use protocol::Timestamp;
use protocol::ids::TenantId;
use protocol::revocation_feed::{
    EndedAudience, EndedClient, MOST_ENTRIES, REVOCATION_FEED_TYP, RevocationFeedClaims,
    RevokedThings, SIGNED_ANEW_AFTER,
};
use protocol::token::access_token::MAX_LIFETIME;
use quick_cache::sync::Cache;
use store::{RevokedThing, StoreError, Tenant};
use tokio::sync::Mutex;

use crate::Authority;
use crate::freshness::{Stamp, Topic};
use crate::grants::EXPIRY_MARGIN;
use crate::issue::IssueError;
use crate::key_ring::TenantKeys;

/// Mostly some hundred bytes each; a tenant that revokes thousands a day has some hundred KB.
const MOST_TENANTS: usize = 5_000;
/// Those who poll one tenant's feed while it is made wait for the one who makes it.
const MAKERS: usize = 64;

/// The feed as it is sent.
#[derive(Debug, Clone)]
pub struct ReadyFeed {
    pub body: Bytes,
    /// With its quotes.
    pub etag: String,
}

/// What it was made from: while these are the same, so is the feed.
type Stamps = [Stamp; 4];

struct Feed {
    ready: ReadyFeed,
    things: RevokedThings,
    kid: String,
    signed_at: Timestamp,
    stamps: Stamps,
}

impl Feed {
    fn is_young(&self, now: Timestamp) -> bool {
        now < self.signed_at + SIGNED_ANEW_AFTER
    }
}

/// The feeds that were asked for.
pub struct RevocationFeeds {
    feeds: Cache<TenantId, Arc<Feed>>,
    makers: Box<[Mutex<()>]>,
    hash: RandomState,
}

impl Default for RevocationFeeds {
    fn default() -> Self {
        Self {
            feeds: Cache::new(MOST_TENANTS),
            makers: (0..MAKERS).map(|_| Mutex::new(())).collect(),
            hash: RandomState::new(),
        }
    }
}

impl RevocationFeeds {
    fn find(&self, tenant_id: TenantId, stamps: Stamps, now: Timestamp) -> Option<ReadyFeed> {
        let feed = self.feeds.get(&tenant_id)?;
        (feed.stamps == stamps && feed.is_young(now)).then(|| feed.ready.clone())
    }

    fn maker(&self, tenant_id: TenantId) -> &Mutex<()> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only the low bits choose the maker"
        )]
        let index = self.hash.hash_one(tenant_id) as usize % MAKERS;
        &self.makers[index]
    }
}

impl Authority {
    /// What is revoked in this tenant, fresh. An outage is an error: verifiers go by what they have, and know
    /// how old it is.
    pub async fn revocation_feed(&self, tenant: &Tenant) -> Result<ReadyFeed, StoreError> {
        let feeds = self.revocation_feeds();
        if let Some(ready) = self.find_current_feed(tenant) {
            return Ok(ready);
        }
        let _making = feeds.maker(tenant.id()).lock().await;
        // Somebody may have made it while we waited.
        if let Some(ready) = self.find_current_feed(tenant) {
            return Ok(ready);
        }
        let stamps = self.feed_stamps(tenant);
        let keys = self.key_ring().find_keys(tenant).await?;
        let things = self.read_revoked_things(tenant).await?;
        let last = feeds.feeds.get(&tenant.id());
        let feed = self.sign_feed(tenant, &keys, things, stamps, last.as_deref())?;
        let ready = feed.ready.clone();
        // While not live it is kept too, so that it need not be signed again; its stamps are of before the
        // load, and it is served without one only while live.
        feeds.feeds.insert(tenant.id(), Arc::new(feed));
        Ok(ready)
    }

    fn find_current_feed(&self, tenant: &Tenant) -> Option<ReadyFeed> {
        let stamps = self.feed_stamps(tenant);
        if !self.freshness().is_live() {
            return None;
        }
        self.revocation_feeds()
            .find(tenant.id(), stamps, self.now())
    }

    fn feed_stamps(&self, tenant: &Tenant) -> Stamps {
        [
            Topic::Revocation,
            Topic::Client,
            Topic::Resource,
            Topic::SigningKey,
        ]
        .map(|topic| self.freshness().stamp(tenant.id(), topic))
    }

    async fn read_revoked_things(&self, tenant: &Tenant) -> Result<RevokedThings, StoreError> {
        let now = self.now();
        let one_more = u32::try_from(MOST_ENTRIES)
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let mut scope = self.database().tenant(tenant).await?;
        // Both kinds stand in one list: as many of either as fit.
        let revocations = scope
            .list_revocations_of_tenant(now, one_more.saturating_mul(2))
            .await?;
        // Who was disabled longer ago has no token that lives.
        let since = now - (MAX_LIFETIME + EXPIRY_MARGIN);
        let clients = scope.list_ended_clients(now, since, one_more).await?;
        let audiences = scope.list_ended_audiences(now, one_more).await?;
        scope.commit().await?;
        let (mut grants, mut tokens) = (Vec::new(), Vec::new());
        for revocation in &revocations {
            match revocation.revoked {
                RevokedThing::Grant(grant_id) => grants.push(grant_id),
                RevokedThing::AccessToken(jti) => tokens.push(jti),
            }
        }
        let is_cut = revocations.len() > MOST_ENTRIES.saturating_mul(2);
        let clients = clients
            .iter()
            .map(|client| EndedClient::new(&client.client_id, client.ended_at));
        let audiences = audiences
            .into_iter()
            .map(|ended| EndedAudience::new(ended.audience, ended.ended_at));
        let mut things = RevokedThings::new(grants, tokens, clients.collect(), audiences.collect());
        things.complete &= !is_cut;
        Ok(things)
    }

    fn sign_feed(
        &self,
        tenant: &Tenant,
        keys: &TenantKeys,
        things: RevokedThings,
        stamps: Stamps,
        last: Option<&Feed>,
    ) -> Result<Feed, StoreError> {
        let now = self.now();
        let signer = keys.signer()?;
        if let Some(last) = last
            && last.things == things
            && last.kid == signer.kid()
            && last.is_young(now)
        {
            return Ok(Feed {
                ready: last.ready.clone(),
                kid: last.kid.clone(),
                signed_at: last.signed_at,
                things,
                stamps,
            });
        }
        let claims = RevocationFeedClaims::new(tenant.issuer(), &things, now);
        let token = jwt::sign(signer, REVOCATION_FEED_TYP, &claims).map_err(IssueError::from)?;
        self.metrics().revocation_feeds_signed.inc();
        Ok(Feed {
            ready: ReadyFeed {
                etag: etag_of(&token),
                body: token.into(),
            },
            kid: signer.kid().to_owned(),
            signed_at: now,
            things,
            stamps,
        })
    }
}

/// The end of the signature: no two feeds have the same.
fn etag_of(token: &str) -> String {
    const CHARACTERS: usize = 27;
    let start = token.len().saturating_sub(CHARACTERS);
    format!("\"{}\"", token.get(start..).unwrap_or_default())
}
