//! Refresh families: the one row per grant that holds the live refresh token.

use std::net::IpAddr;

use protocol::token::{RefreshFamily, Standing};
use protocol::{ClientKey, FamilyId, GrantId, JwkThumbprint, Timestamp};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::StoreError;
use crate::grants::{Grant, GrantRow};
use crate::secret_digest::SecretDigest;
use crate::tenant_scope::{TenantScope, answer};

/// A family and everything that a refresh is decided by, read at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFamilyRecord {
    pub family: RefreshFamily,
    pub current: SecretDigest,
    pub previous: Option<SecretDigest>,
    /// The current token, sealed under the previous one.
    pub sealed_successor: Option<Vec<u8>>,
    /// Where the last rotation was asked for.
    pub rotated_from: Option<IpAddr>,
    pub grant: Grant,
    pub standing: Standing,
    /// The installation's, now.
    pub security_epoch: i64,
    /// A login before this moment no longer counts.
    pub user_password_changed_at: Option<Timestamp>,
}

/// The family of a first refresh token, made when its code is redeemed.
#[derive(Clone, Debug)]
pub struct NewRefreshFamily {
    pub family_id: FamilyId,
    pub digest: SecretDigest,
    pub idle_expires_at: Timestamp,
    pub absolute_expires_at: Timestamp,
    /// The key that it is bound to, for its whole life.
    pub dpop_jkt: Option<JwkThumbprint>,
}

/// One step: the live token becomes the previous one.
#[derive(Clone, Debug)]
pub struct RefreshRotation {
    pub family_id: FamilyId,
    /// The generation that was read; another one by now means that somebody else rotated.
    pub generation: u32,
    pub successor: SecretDigest,
    pub sealed_successor: Vec<u8>,
    pub idle_expires_at: Timestamp,
    /// Where it was asked for.
    pub rotated_from: Option<IpAddr>,
}

struct FamilyRow {
    family_id: Uuid,
    generation: i32,
    current_digest: Vec<u8>,
    pepper_id: i16,
    previous_digest: Option<Vec<u8>>,
    previous_pepper_id: Option<i16>,
    sealed_successor: Option<Vec<u8>>,
    rotated_from: Option<String>,
    family_epoch: i64,
    security_epoch: i64,
    family_created_at: OffsetDateTime,
    rotated_at: Option<OffsetDateTime>,
    idle_expires_at: OffsetDateTime,
    absolute_expires_at: OffsetDateTime,
    dpop_jkt: Option<String>,
    family_revoked_at: Option<OffsetDateTime>,
    grant_id: Uuid,
    user_id: Uuid,
    client_key: Uuid,
    scopes: Vec<String>,
    resource_ids: Vec<Uuid>,
    authenticated_at: OffsetDateTime,
    client_auth_method: Option<String>,
    session_id: Option<Uuid>,
    acr: Option<String>,
    created_at: OffsetDateTime,
    revoked_at: Option<OffsetDateTime>,
    is_client_enabled: bool,
    is_user_enabled: bool,
    password_changed_at: Option<OffsetDateTime>,
}

impl TryFrom<FamilyRow> for RefreshFamilyRecord {
    type Error = StoreError;

    fn try_from(row: FamilyRow) -> Result<Self, StoreError> {
        let previous = match (&row.previous_digest, row.previous_pepper_id) {
            (Some(digest), Some(pepper_id)) => Some(SecretDigest::from_row(digest, pepper_id)?),
            _ => None,
        };
        let rotated_from = row
            .rotated_from
            .as_deref()
            .map(|text| text.parse().map_err(StoreError::corrupt));
        let family = RefreshFamily {
            family_id: FamilyId::from_uuid(row.family_id),
            grant_id: GrantId::from_uuid(row.grant_id),
            client_key: ClientKey::from_uuid(row.client_key),
            generation: u32::try_from(row.generation).map_err(StoreError::corrupt)?,
            rotated_at: row.rotated_at.map(Into::into),
            created_at: row.family_created_at.into(),
            idle_expires_at: row.idle_expires_at.into(),
            absolute_expires_at: row.absolute_expires_at.into(),
            security_epoch: row.family_epoch,
            dpop_jkt: row
                .dpop_jkt
                .as_deref()
                .map(JwkThumbprint::parse)
                .transpose()
                .map_err(StoreError::corrupt)?,
            revoked_at: row.family_revoked_at.map(Into::into),
        };
        let standing = Standing {
            is_client_enabled: row.is_client_enabled,
            is_user_enabled: row.is_user_enabled,
            is_grant_live: row.revoked_at.is_none(),
        };
        let grant = GrantRow {
            grant_id: row.grant_id,
            user_id: row.user_id,
            client_key: row.client_key,
            scopes: row.scopes,
            resource_ids: row.resource_ids,
            authenticated_at: row.authenticated_at,
            client_auth_method: row.client_auth_method,
            session_id: row.session_id,
            acr: row.acr,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        };
        Ok(Self {
            family,
            current: SecretDigest::from_row(&row.current_digest, row.pepper_id)?,
            previous,
            sealed_successor: row.sealed_successor,
            rotated_from: rotated_from.transpose()?,
            grant: grant.try_into()?,
            standing,
            security_epoch: row.security_epoch,
            user_password_changed_at: row.password_changed_at.map(Into::into),
        })
    }
}

impl TenantScope {
    /// By what the presented token says of itself; its digests are compared by the caller.
    pub async fn find_refresh_family(
        &mut self,
        family_id: FamilyId,
    ) -> Result<Option<RefreshFamilyRecord>, StoreError> {
        let row = sqlx::query_as!(
            FamilyRow,
            "select f.family_id, f.generation, f.current_digest, f.pepper_id, f.previous_digest,
                 f.previous_pepper_id, f.sealed_successor, host(f.rotated_from) as rotated_from,
                 f.security_epoch as family_epoch,
                 i.security_epoch, f.created_at as family_created_at, f.rotated_at,
                 f.idle_expires_at, f.absolute_expires_at, f.dpop_jkt, f.revoked_at as family_revoked_at,
                 g.grant_id, g.user_id, g.client_key, g.scopes, g.resource_ids, g.authenticated_at,
                 g.client_auth_method, g.session_id, g.acr, g.created_at, g.revoked_at, l.is_enabled as is_client_enabled,
                 u.is_enabled as is_user_enabled, u.password_changed_at
             from refresh_families f
             join grants g       on g.tenant_id = f.tenant_id and g.grant_id = f.grant_id
             join clients l      on l.tenant_id = g.tenant_id and l.client_key = g.client_key
             join users u        on u.tenant_id = g.tenant_id and u.user_id = g.user_id
             join installation i on i.is_singleton
             where f.tenant_id = $1 and f.family_id = $2",
            self.tenant_id(),
            family_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(RefreshFamilyRecord::try_from)
            .transpose()
    }

    /// Only if the generation still is the one that was read and nothing was revoked: revoking a
    /// grant writes this row too. False: read again, decide again.
    pub async fn rotate_refresh_token(
        &mut self,
        rotation: &RefreshRotation,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let rotated = sqlx::query!(
            "update refresh_families
             set generation = generation + 1, previous_digest = current_digest,
                 previous_pepper_id = pepper_id, current_digest = $4, pepper_id = $5,
                 sealed_successor = $6, rotated_at = $7, idle_expires_at = $8,
                 rotated_from = $9::text::inet
             where tenant_id = $1 and family_id = $2 and generation = $3 and revoked_at is null",
            self.tenant_id(),
            rotation.family_id.as_uuid(),
            generation_column(rotation.generation)?,
            &rotation.successor.bytes,
            rotation.successor.pepper_id,
            rotation.sealed_successor,
            OffsetDateTime::from(now),
            OffsetDateTime::from(rotation.idle_expires_at),
            rotation.rotated_from.map(|address| address.to_string()),
        );
        Ok(answer!(self, rotated, execute)?.rows_affected() > 0)
    }

    /// For a client that does not rotate: the same token lives on. Guarded like a rotation.
    pub async fn extend_refresh_family(
        &mut self,
        family_id: FamilyId,
        generation: u32,
        idle_expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let extended = sqlx::query!(
            "update refresh_families set idle_expires_at = $4
             where tenant_id = $1 and family_id = $2 and generation = $3 and revoked_at is null",
            self.tenant_id(),
            family_id.as_uuid(),
            generation_column(generation)?,
            OffsetDateTime::from(idle_expires_at),
        );
        Ok(answer!(self, extended, execute)?.rows_affected() > 0)
    }
}

fn generation_column(generation: u32) -> Result<i32, StoreError> {
    i32::try_from(generation).map_err(|_| StoreError::corrupt("a generation"))
}
