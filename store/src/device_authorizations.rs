//! Device authorizations (RFC 8628): asked for by a device, decided by a person, redeemed once.

use std::net::IpAddr;
use std::time::Duration;

use protocol::device::{DeviceAuthorization, DeviceRequest, DeviceState};
use protocol::{
    ClientId, ClientKey, GrantId, JwkThumbprint, PendingId, ResourceId, ScopeSet, Timestamp,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clients::scope_set;
use crate::error::StoreError;
use crate::grants::NewGrant;
use crate::refresh_tokens::NewRefreshFamily;
use crate::secret_digest::{SecretDigest, digest_array};
use crate::tenant_scope::{TenantScope, answer};
use crate::tenants::{from_seconds, to_seconds};

/// After its end a device still hears that it came too late.
const ENDED_KEPT_FOR: Duration = Duration::from_hours(1);
/// Spent codes are kept this long, as authorization codes are: a replay is recognised.
const REDEEMED_KEPT_FOR: Duration = Duration::from_hours(24);

/// What a device asked for, and how far a person has come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAuthorizationRecord {
    pub pending_id: PendingId,
    pub client_id: ClientId,
    pub is_client_enabled: bool,
    pub device: DeviceAuthorization,
    pub scopes: ScopeSet,
    /// Some may have been removed since.
    pub resource_ids: Vec<ResourceId>,
    pub request: DeviceRequest,
}

#[derive(Clone, Debug)]
pub struct NewDeviceAuthorization {
    pub pending_id: PendingId,
    pub client_key: ClientKey,
    pub device_code: SecretDigest,
    /// Under the same pepper.
    pub user_code: SecretDigest,
    pub scopes: ScopeSet,
    pub resource_ids: Vec<ResourceId>,
    pub requested_from: IpAddr,
    pub interval: Duration,
    pub expires_at: Timestamp,
}

/// What one question of a device leaves behind.
#[derive(Clone, Copy, Debug)]
pub struct DevicePoll {
    pub pending_id: PendingId,
    /// As it was read; another time by now means that the device asked twice at once.
    pub previous: Option<Timestamp>,
    pub interval: Duration,
}

struct DeviceRow {
    pending_id: Uuid,
    client_key: Uuid,
    client_id: String,
    is_client_enabled: bool,
    scopes: Vec<String>,
    resource_ids: Vec<Uuid>,
    requested_from: String,
    state: String,
    grant_id: Option<Uuid>,
    poll_interval: i32,
    last_polled_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl TryFrom<DeviceRow> for DeviceAuthorizationRecord {
    type Error = StoreError;

    fn try_from(row: DeviceRow) -> Result<Self, StoreError> {
        let state = DeviceState::from_stored(&row.state, row.grant_id.map(GrantId::from_uuid));
        Ok(Self {
            pending_id: PendingId::from_uuid(row.pending_id),
            client_id: row.client_id.parse().map_err(StoreError::corrupt)?,
            is_client_enabled: row.is_client_enabled,
            device: DeviceAuthorization {
                client_key: ClientKey::from_uuid(row.client_key),
                state: state.ok_or_else(|| StoreError::corrupt("device_authorizations.state"))?,
                interval: from_seconds(row.poll_interval)?,
                last_polled_at: row.last_polled_at.map(Into::into),
                expires_at: row.expires_at.into(),
            },
            scopes: scope_set(row.scopes)?,
            resource_ids: row
                .resource_ids
                .into_iter()
                .map(ResourceId::from_uuid)
                .collect(),
            request: DeviceRequest {
                requested_from: row.requested_from.parse().map_err(StoreError::corrupt)?,
                requested_at: row.created_at.into(),
            },
        })
    }
}

macro_rules! select_devices {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            DeviceRow,
            r#"select d.pending_id, d.client_key, l.client_id, l.is_enabled as is_client_enabled, d.scopes, "#
                + r#"d.resource_ids, host(d.requested_from) as "requested_from!", d.state, d.grant_id, "#
                + r#"d.poll_interval, d.last_polled_at, d.created_at, d.expires_at "#
                + r#"from device_authorizations d "#
                + r#"join clients l on l.tenant_id = d.tenant_id and l.client_key = d.client_key "#
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    /// False where the user code is another's just now: make a new one.
    pub async fn insert_device_authorization(
        &mut self,
        new: &NewDeviceAuthorization,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let resource_ids: Vec<Uuid> = new.resource_ids.iter().map(ResourceId::as_uuid).collect();
        let inserted = sqlx::query!(
            "insert into device_authorizations (tenant_id, pending_id, client_key, device_code_digest,
                 user_code_digest, pepper_id, scopes, resource_ids, requested_from, state, poll_interval,
                 created_at, expires_at, forget_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::inet, 'pending', $10, $11, $12, $13)
             on conflict (tenant_id, user_code_digest) do nothing",
            self.tenant_id(),
            new.pending_id.as_uuid(),
            new.client_key.as_uuid(),
            &new.device_code.bytes,
            &new.user_code.bytes,
            new.device_code.pepper_id,
            new.scopes.tokens(),
            &resource_ids,
            new.requested_from.to_string(),
            to_seconds(new.interval),
            OffsetDateTime::from(now),
            OffsetDateTime::from(new.expires_at),
            OffsetDateTime::from(new.expires_at + ENDED_KEPT_FOR),
        );
        Ok(answer!(self, inserted, execute)?.rows_affected() > 0)
    }

    /// Decided and expired ones too: the page tells them apart.
    pub async fn find_device_authorization(
        &mut self,
        pending_id: PendingId,
    ) -> Result<Option<DeviceAuthorizationRecord>, StoreError> {
        let row = select_devices!(
            "where d.tenant_id = $1 and d.pending_id = $2",
            self.tenant_id(),
            pending_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(DeviceAuthorizationRecord::try_from)
            .transpose()
    }

    /// What waits for a person who types this code, under any pepper.
    pub async fn find_device_authorization_by_user_code(
        &mut self,
        digests: &[SecretDigest],
        now: Timestamp,
    ) -> Result<Option<DeviceAuthorizationRecord>, StoreError> {
        let digests = digest_array(digests);
        let row = select_devices!(
            "where d.tenant_id = $1 and d.user_code_digest = any($2) and d.state = 'pending' \
             and d.expires_at > $3",
            self.tenant_id(),
            &digests,
            OffsetDateTime::from(now),
        );
        answer!(self, row, fetch_optional)?
            .map(DeviceAuthorizationRecord::try_from)
            .transpose()
    }

    /// Under any pepper; ended ones too, since the rule tells them apart.
    pub async fn find_device_authorization_by_device_code(
        &mut self,
        digests: &[SecretDigest],
    ) -> Result<Option<DeviceAuthorizationRecord>, StoreError> {
        let digests = digest_array(digests);
        let row = select_devices!(
            "where d.tenant_id = $1 and d.device_code_digest = any($2)",
            self.tenant_id(),
            &digests,
        );
        answer!(self, row, fetch_optional)?
            .map(DeviceAuthorizationRecord::try_from)
            .transpose()
    }

    /// False when the device asked twice at once, or somebody decided: read again, decide again.
    pub async fn set_device_poll(
        &mut self,
        poll: &DevicePoll,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let set = sqlx::query!(
            "update device_authorizations set last_polled_at = $4, poll_interval = least($5, 86400)
             where tenant_id = $1 and pending_id = $2 and state = 'pending'
               and last_polled_at is not distinct from $3",
            self.tenant_id(),
            poll.pending_id.as_uuid(),
            poll.previous.map(OffsetDateTime::from),
            OffsetDateTime::from(now),
            to_seconds(poll.interval),
        );
        Ok(answer!(self, set, execute)?.rows_affected() > 0)
    }

    /// The grant and the answer in one statement. False when it was answered before, or too late: then there
    /// is no grant either.
    pub async fn approve_device_authorization(
        &mut self,
        pending_id: PendingId,
        grant: &NewGrant,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let resource_ids: Vec<Uuid> = grant.resource_ids.iter().map(ResourceId::as_uuid).collect();
        // The row lock makes two answers wait for one another; the second finds nothing pending.
        let approved = sqlx::query!(
            "with asked as materialized (
                 select tenant_id, pending_id, client_key from device_authorizations
                 where tenant_id = $1 and pending_id = $2 and client_key = $5 and state = 'pending'
                   and expires_at > $9
                 for update),
             granted as (
                 insert into grants (tenant_id, grant_id, user_id, client_key, scopes, resource_ids,
                     authenticated_at, created_at, client_auth_method, refused_scopes, session_id, acr)
                 select tenant_id, $3, $4, client_key, $6, $7, $8, $9, $10, $11, $12, $13 from asked
                 returning grant_id)
             update device_authorizations d set state = 'approved', grant_id = granted.grant_id, decided_at = $9
             from granted where d.tenant_id = $1 and d.pending_id = $2",
            self.tenant_id(),
            pending_id.as_uuid(),
            grant.grant_id.as_uuid(),
            grant.user_id.as_uuid(),
            grant.client_key.as_uuid(),
            grant.scopes.tokens(),
            &resource_ids,
            OffsetDateTime::from(grant.authenticated_at),
            OffsetDateTime::from(now),
            grant.client_auth_method.as_str(),
            grant.refused_scopes.tokens(),
            grant.session_id.map(|id| id.as_uuid()),
            grant.acr,
        );
        Ok(answer!(self, approved, execute)?.rows_affected() > 0)
    }

    /// False when it was answered before, or too late.
    pub async fn deny_device_authorization(
        &mut self,
        pending_id: PendingId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let denied = sqlx::query!(
            "update device_authorizations set state = 'denied', decided_at = $3
             where tenant_id = $1 and pending_id = $2 and state = 'pending' and expires_at > $3",
            self.tenant_id(),
            pending_id.as_uuid(),
            OffsetDateTime::from(now),
        );
        Ok(answer!(self, denied, execute)?.rows_affected() > 0)
    }

    /// Marks it redeemed, only if it still is not and its grant still lives, and makes the family of its
    /// refresh token in the same statement. False: read again, decide again.
    pub async fn redeem_device_authorization(
        &mut self,
        pending_id: PendingId,
        family: Option<&NewRefreshFamily>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // The share lock on the grant makes a revocation and this statement wait for one another. Without a
        // family the last step makes none.
        let redeemed = sqlx::query_scalar!(
            r#"with live as materialized (
                   select g.tenant_id, g.grant_id
                   from grants g
                   join device_authorizations d on d.tenant_id = g.tenant_id and d.grant_id = g.grant_id
                   where d.tenant_id = $1 and d.pending_id = $2 and g.revoked_at is null
                   for share of g),
               redeemed as (
                   update device_authorizations d set state = 'redeemed', forget_at = $4
                   from live
                   where d.tenant_id = live.tenant_id and d.pending_id = $2 and d.state = 'approved'
                   returning d.tenant_id, d.grant_id),
               renewable as (
                   insert into refresh_families (tenant_id, grant_id, family_id, generation, current_digest,
                       pepper_id, security_epoch, created_at, idle_expires_at, absolute_expires_at, dpop_jkt)
                   select tenant_id, grant_id, $5, 0, $6, $7, installation.security_epoch, $3, $8, $9, $10
                   from redeemed, installation where installation.is_singleton and $5::uuid is not null)
               select grant_id as "grant_id!" from redeemed"#,
            self.tenant_id(),
            pending_id.as_uuid(),
            OffsetDateTime::from(now),
            OffsetDateTime::from(now + REDEEMED_KEPT_FOR),
            family.map(|family| family.family_id.as_uuid()),
            family.map(|family| family.digest.bytes.to_vec()),
            family.map(|family| family.digest.pepper_id),
            family.map(|family| OffsetDateTime::from(family.idle_expires_at)),
            family.map(|family| OffsetDateTime::from(family.absolute_expires_at)),
            family
                .and_then(|family| family.dpop_jkt.as_ref())
                .map(JwkThumbprint::as_str),
        );
        Ok(answer!(self, redeemed, fetch_optional)?.is_some())
    }

    pub(crate) async fn sweep_device_authorizations(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let swept = sqlx::query!(
            "delete from device_authorizations where tenant_id = $1 and pending_id = any (array(
                 select pending_id from device_authorizations
                 where tenant_id = $1 and forget_at <= $2 order by forget_at limit $3
                 for update skip locked))",
            self.tenant_id(),
            OffsetDateTime::from(now),
            i64::from(limit),
        );
        Ok(answer!(self, swept, execute)?.rows_affected())
    }
}
