//! Telling tenants' webhooks what happened (Standard Webhooks 1.0.0): what is due is read from the outbox
//! (`store::webhook_deliveries`), signed, posted through the guard, and settled.
//!
//! An event is put into the outbox by the statement that writes it; nobody else has to think of webhooks. One that
//! fails is tried slower and slower; a webhook that fails for days is paused.
//!
//! Not here: what is signed and when it is tried again (`protocol::webhook`).

mod attempt;
mod message;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crypto::WebhookSecret;
use crypto::envelope::NotOurs;
use outbound::{FetchKind, FetchRequest, UrlFault};
use protocol::{EventId, Timestamp, WebhookId};
use store::{
    AuditCursor, AuditEvent, ClaimedDelivery, DeliveryOutcome, SealedWebhookSecret, StoreError,
    Tenant, TenantScope, WebhookAddress,
};
use tokio::task::JoinSet;

use crate::Authority;
use crate::audit::{self, Actor, EventType};
use attempt::{Attempt, Tally};

/// Of one webhook, each over a connection of its own.
const TOLD_AT_ONCE: u32 = 8;
/// An attempt takes ten seconds at most.
const LEASE: Duration = Duration::from_mins(2);
/// In one go, while there are more and they go quickly.
const MOST_BATCHES: u32 = 10;
const LONGEST_GO: Duration = Duration::from_secs(15);
/// Of one tenant, in one sweep.
const RESEALED_AT_ONCE: u32 = 100;

/// A webhook, ready to be sent to.
struct Receiver {
    url: String,
    /// The newest first: each signs.
    secrets: Vec<WebhookSecret>,
    failing_since: Option<Timestamp>,
}

impl Authority {
    /// Whether the guard would let a message go there, as far as the URL tells. What its name leads to is looked at
    /// each time.
    pub fn check_webhook_url(&self, tenant: &Tenant, url: &str) -> Result<(), UrlFault> {
        self.outbound()
            .url_rules(tenant.issuer().is_loopback())
            .check(url, FetchKind::Webhook)
            .map(drop)
    }

    /// A secret for one webhook: to be shown once, and as it is kept.
    pub fn make_webhook_secret(
        &self,
        tenant: &Tenant,
        webhook_id: WebhookId,
    ) -> (WebhookSecret, SealedWebhookSecret) {
        let secret = WebhookSecret::generate(self.random());
        let sealed = self.seal_webhook_secret(tenant, webhook_id, &secret);
        (secret, sealed)
    }

    fn seal_webhook_secret(
        &self,
        tenant: &Tenant,
        webhook_id: WebhookId,
        secret: &WebhookSecret,
    ) -> SealedWebhookSecret {
        let keys = self.encryption_keys();
        SealedWebhookSecret {
            sealed: secret.seal(keys, tenant.id(), webhook_id),
            kek_id: keys.kek_id().to_owned(),
        }
    }

    /// Tells the webhooks of this tenant what they are due to be told, and plans the next round.
    pub async fn deliver_webhooks(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let begun = self.now();
        for _ in 0..MOST_BATCHES {
            let now = self.now();
            let mut scope = self.database().tenant(tenant).await?;
            let due = scope
                .claim_webhook_deliveries(now, now + LEASE, TOLD_AT_ONCE)
                .await?;
            if due.is_empty() {
                scope.commit().await?;
                break;
            }
            let addresses = addresses_of(&mut scope, &due).await?;
            let events = events_of(&mut scope, &due).await?;
            scope.commit().await?;
            let receivers = self.open_receivers(tenant, addresses, now);
            let attempts = self.tell_webhooks(tenant, due, &receivers, &events).await;
            self.settle_deliveries(tenant, &receivers, attempts).await?;
            if self.now().saturating_since(begun) > LONGEST_GO {
                break;
            }
        }
        let mut scope = self.database().tenant(tenant).await?;
        scope.plan_webhook_deliveries(self.now()).await?;
        scope.commit().await
    }

    fn open_receivers(
        &self,
        tenant: &Tenant,
        addresses: Vec<WebhookAddress>,
        now: Timestamp,
    ) -> HashMap<WebhookId, Receiver> {
        let opened = addresses.into_iter().filter_map(|address| {
            let secrets = self.open_secrets(tenant, &address, now);
            let Ok(secrets) = secrets else {
                tracing::error!(tenant = %tenant.slug(), webhook_id = %address.webhook_id,
                    "a webhook's secret cannot be opened: its encryption key is gone; rotate the secret");
                return None;
            };
            let receiver = Receiver {
                url: address.url,
                secrets,
                failing_since: address.failing_since,
            };
            Some((address.webhook_id, receiver))
        });
        opened.collect()
    }

    /// The present one, and the one before it while it lasts.
    fn open_secrets(
        &self,
        tenant: &Tenant,
        address: &WebhookAddress,
        now: Timestamp,
    ) -> Result<Vec<WebhookSecret>, NotOurs> {
        let (keys, tenant_id) = (self.encryption_keys(), tenant.id());
        let open = |sealed| WebhookSecret::open(keys, tenant_id, address.webhook_id, sealed);
        let mut secrets = vec![open(&address.sealed_secret)?];
        let is_in_overlap = address
            .previous_secret_ends_at
            .is_some_and(|ends| now < ends);
        if let Some(previous) = &address.sealed_previous_secret
            && is_in_overlap
        {
            secrets.extend(open(previous).ok());
        }
        Ok(secrets)
    }

    /// All of them at the same time: one that is slow keeps nobody waiting.
    async fn tell_webhooks(
        &self,
        tenant: &Tenant,
        due: Vec<ClaimedDelivery>,
        receivers: &HashMap<WebhookId, Receiver>,
        events: &HashMap<EventId, AuditEvent>,
    ) -> Vec<(ClaimedDelivery, Attempt)> {
        let mut attempts = Vec::with_capacity(due.len());
        let mut under_way = JoinSet::new();
        for delivery in due {
            let Some(receiver) = receivers.get(&delivery.webhook_id) else {
                attempts.push((delivery, Attempt::Unsealed));
                continue;
            };
            let Some(event) = events.get(&delivery.event_id) else {
                attempts.push((delivery, Attempt::EventGone));
                continue;
            };
            let message = message::of(tenant, event, &receiver.secrets, self.now());
            let (outbound, url) = (self.outbound().clone(), receiver.url.clone());
            let share = tenant.id().as_uuid().as_u128();
            let issuer_is_loopback = tenant.issuer().is_loopback();
            under_way.spawn(async move {
                let request = FetchRequest {
                    url: &url,
                    kind: FetchKind::Webhook,
                    is_known: true,
                    share,
                    issuer_is_loopback,
                };
                let posted = outbound.post_message(&request, &message).await;
                (delivery, Attempt::from(posted))
            });
        }
        while let Some(ended) = under_way.join_next().await {
            match ended {
                Ok(attempt) => attempts.push(attempt),
                // Its lease brings it back.
                Err(error) => tracing::error!(%error, "telling a webhook was cut short"),
            }
        }
        attempts
    }

    /// What became of the webhooks, one that took anything is not failing; and then of the deliveries: in this order,
    /// as administrators take them.
    async fn settle_deliveries(
        &self,
        tenant: &Tenant,
        receivers: &HashMap<WebhookId, Receiver>,
        attempts: Vec<(ClaimedDelivery, Attempt)>,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let mut of_webhooks: BTreeMap<WebhookId, Tally> = BTreeMap::new();
        for (delivery, attempt) in &attempts {
            let tally = of_webhooks.entry(delivery.webhook_id).or_default();
            tally.note(attempt);
        }
        let mut scope = self.database().tenant(tenant).await?;
        let mut paused = Vec::new();
        for (webhook_id, tally) in of_webhooks {
            let receiver = receivers.get(&webhook_id);
            let failing_since = receiver.and_then(|receiver| receiver.failing_since);
            let reason = self
                .settle_webhook(&mut scope, webhook_id, &tally, failing_since, now)
                .await?;
            paused.extend(reason);
        }
        let mut outcomes = Vec::with_capacity(attempts.len());
        for (delivery, attempt) in attempts {
            let outcome = attempt.outcome(delivery.attempts, now);
            scope
                .settle_webhook_delivery(&delivery, &outcome, now)
                .await?;
            outcomes.push((attempt, outcome));
        }
        scope.commit().await?;
        for (attempt, outcome) in outcomes {
            self.count_delivery(&attempt, &outcome);
        }
        for reason in paused {
            let counted = &self.metrics().webhooks_paused;
            counted.with_label_values(&[reason]).inc();
        }
        Ok(())
    }

    /// Why it was paused, if it was.
    async fn settle_webhook(
        &self,
        scope: &mut TenantScope,
        webhook_id: WebhookId,
        tally: &Tally,
        failing_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<&'static str>, StoreError> {
        if tally.is_taken {
            scope.note_webhook_success(webhook_id, now).await?;
        } else if tally.is_failed {
            scope
                .note_webhook_failure(webhook_id, failing_since, now)
                .await?;
        }
        let Some(reason) = tally.reason_to_pause(failing_since, now) else {
            return Ok(None);
        };
        if !scope.pause_webhook(webhook_id, reason, now).await? {
            return Ok(None);
        }
        let event = audit::AuditEvent::new(EventType::WebhookPaused, Actor::System, now)
            .at("webhook", webhook_id)
            .detail("reason", reason);
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        Ok(Some(reason))
    }

    fn count_delivery(&self, attempt: &Attempt, outcome: &DeliveryOutcome) {
        let counted = &self.metrics().webhook_deliveries;
        counted
            .with_label_values(&[attempt.counted_as(outcome)])
            .inc();
        if let Some(fetch) = attempt.fetched_as() {
            let fetches = &self.metrics().outbound_fetches;
            fetches
                .with_label_values(&[FetchKind::Webhook.as_str(), fetch])
                .inc();
        }
    }

    /// Seals under the key in use what an older one sealed. How many.
    pub async fn reseal_webhook_secrets(&self, tenant: &Tenant) -> Result<u64, StoreError> {
        let keys = self.encryption_keys();
        let mut scope = self.database().tenant(tenant).await?;
        let others = scope
            .list_webhooks_to_reseal(keys.kek_id(), RESEALED_AT_ONCE)
            .await?;
        let mut resealed = 0;
        for address in others {
            let webhook_id = address.webhook_id;
            let open = |sealed| WebhookSecret::open(keys, tenant.id(), webhook_id, sealed);
            let Ok(secret) = open(&address.sealed_secret) else {
                tracing::error!(tenant = %tenant.slug(), %webhook_id,
                    "a webhook's secret cannot be opened: its encryption key is gone; rotate the secret");
                continue;
            };
            let previous = address.sealed_previous_secret.as_deref();
            let previous = previous
                .and_then(|sealed| open(sealed).ok())
                .map(|secret| self.seal_webhook_secret(tenant, webhook_id, &secret).sealed);
            let sealed = self.seal_webhook_secret(tenant, webhook_id, &secret);
            let is_there = scope
                .reseal_webhook_secret(webhook_id, &sealed, previous.as_deref())
                .await?;
            resealed += u64::from(is_there);
        }
        scope.commit().await?;
        Ok(resealed)
    }
}

async fn addresses_of(
    scope: &mut TenantScope,
    due: &[ClaimedDelivery],
) -> Result<Vec<WebhookAddress>, StoreError> {
    let mut webhook_ids: Vec<WebhookId> = due.iter().map(|it| it.webhook_id).collect();
    webhook_ids.sort_unstable();
    webhook_ids.dedup();
    scope.list_webhook_addresses(&webhook_ids).await
}

async fn events_of(
    scope: &mut TenantScope,
    due: &[ClaimedDelivery],
) -> Result<HashMap<EventId, AuditEvent>, StoreError> {
    let places: Vec<AuditCursor> = due
        .iter()
        .map(|it| AuditCursor {
            occurred_at: it.occurred_at,
            event_id: it.event_id,
        })
        .collect();
    let events = scope.find_audit_events(&places).await?;
    Ok(events.into_iter().map(|it| (it.event_id, it)).collect())
}
