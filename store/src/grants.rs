//! Grants: the records that tokens descend from. Revoking one is felt by all of them.

mod endings;

use protocol::authorization::step_up::HeldGrant;
use protocol::client::AuthMethod;
use protocol::{ClientKey, GrantId, ResourceId, ScopeSet, SessionId, Timestamp, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::changes::ChangeKind;
use crate::clients::scope_set;
use crate::error::StoreError;
use crate::tenant_scope::{TenantScope, answer};
pub use endings::GrantEnding;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub grant_id: GrantId,
    pub user_id: UserId,
    pub client_key: ClientKey,
    pub scopes: ScopeSet,
    /// Some may have been removed since.
    pub resource_ids: Vec<ResourceId>,
    pub authenticated_at: Timestamp,
    /// How the client was to authenticate when the grant was made; unknown of the oldest.
    pub client_auth_method: Option<AuthMethod>,
    /// The browser session that it was made in; unknown of the oldest.
    pub session_id: Option<SessionId>,
    /// How the person signed in.
    pub acr: Option<String>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct NewGrant {
    pub grant_id: GrantId,
    pub user_id: UserId,
    pub client_key: ClientKey,
    pub scopes: ScopeSet,
    /// Asked for in vain.
    pub refused_scopes: ScopeSet,
    pub resource_ids: Vec<ResourceId>,
    pub authenticated_at: Timestamp,
    pub client_auth_method: AuthMethod,
    pub session_id: Option<SessionId>,
    pub acr: Option<String>,
}

/// Why a grant was revoked, as the row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedReason {
    /// RFC 7009, by the client.
    Revocation,
    /// Its code was redeemed twice.
    CodeReuse,
    /// Its device code was (RFC 8628).
    DeviceCodeReuse,
    /// A spent refresh token came back after its successor was used.
    RefreshTokenReuse,
    /// By an administrator, for the person.
    ConsentWithdrawn,
    PasswordChanged,
    UserDisabled,
    /// By an operator.
    Operator,
}

impl RevokedReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::CodeReuse => "code_reuse",
            Self::DeviceCodeReuse => "device_code_reuse",
            Self::RefreshTokenReuse => "refresh_token_reuse",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::PasswordChanged => "password_changed",
            Self::UserDisabled => "user_disabled",
            Self::Operator => "operator",
        }
    }
}

/// The columns of `grants`, alone or joined.
pub(crate) struct GrantRow {
    pub grant_id: Uuid,
    pub user_id: Uuid,
    pub client_key: Uuid,
    pub scopes: Vec<String>,
    pub resource_ids: Vec<Uuid>,
    pub authenticated_at: OffsetDateTime,
    pub client_auth_method: Option<String>,
    pub session_id: Option<Uuid>,
    pub acr: Option<String>,
    pub created_at: OffsetDateTime,
    pub revoked_at: Option<OffsetDateTime>,
}

impl TryFrom<GrantRow> for Grant {
    type Error = StoreError;

    fn try_from(row: GrantRow) -> Result<Self, StoreError> {
        Ok(Self {
            grant_id: GrantId::from_uuid(row.grant_id),
            user_id: UserId::from_uuid(row.user_id),
            client_key: ClientKey::from_uuid(row.client_key),
            scopes: scope_set(row.scopes)?,
            resource_ids: row
                .resource_ids
                .into_iter()
                .map(ResourceId::from_uuid)
                .collect(),
            authenticated_at: row.authenticated_at.into(),
            client_auth_method: row
                .client_auth_method
                .as_deref()
                .map(auth_method)
                .transpose()?,
            session_id: row.session_id.map(SessionId::from_uuid),
            acr: row.acr,
            created_at: row.created_at.into(),
            revoked_at: row.revoked_at.map(Into::into),
        })
    }
}

fn auth_method(name: &str) -> Result<AuthMethod, StoreError> {
    AuthMethod::parse(name).ok_or_else(|| StoreError::corrupt("grants.client_auth_method"))
}

macro_rules! select_grants {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            GrantRow,
            "select grant_id, user_id, client_key, scopes, resource_ids, authenticated_at, \
             client_auth_method, session_id, acr, created_at, revoked_at from grants "
                + $rest
            $(, $argument)*
        )
    };
}

impl TenantScope {
    pub async fn find_grant(&mut self, grant_id: GrantId) -> Result<Option<Grant>, StoreError> {
        let row = select_grants!(
            "where tenant_id = $1 and grant_id = $2",
            self.tenant_id(),
            grant_id.as_uuid(),
        );
        answer!(self, row, fetch_optional)?
            .map(Grant::try_from)
            .transpose()
    }

    /// In the order in which they were made, revoked ones too.
    pub async fn list_grants(
        &mut self,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let rows = select_grants!(
            "where tenant_id = $1 and grant_id > $2 order by grant_id limit $3",
            self.tenant_id(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Grant::try_from)
            .collect()
    }

    /// Those of one client, in the order in which they were made.
    pub async fn list_grants_of_client(
        &mut self,
        client_key: ClientKey,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let rows = select_grants!(
            "where tenant_id = $1 and client_key = $2 and grant_id > $3 order by grant_id limit $4",
            self.tenant_id(),
            client_key.as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Grant::try_from)
            .collect()
    }

    /// What one person allowed one client, in the order in which they were made.
    pub async fn list_grants_of_user_and_client(
        &mut self,
        user_id: UserId,
        client_key: ClientKey,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let rows = select_grants!(
            "where tenant_id = $1 and user_id = $2 and client_key = $3 and grant_id > $4
             order by grant_id limit $5",
            self.tenant_id(),
            user_id.as_uuid(),
            client_key.as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Grant::try_from)
            .collect()
    }

    /// Of one person, in the order in which they were made, revoked ones too.
    pub async fn list_grants_of_user(
        &mut self,
        user_id: UserId,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<Grant>, StoreError> {
        let rows = select_grants!(
            "where tenant_id = $1 and user_id = $2 and grant_id > $3 order by grant_id limit $4",
            self.tenant_id(),
            user_id.as_uuid(),
            after.map_or(Uuid::nil(), |id| id.as_uuid()),
            i64::from(limit),
        );
        answer!(self, rows, fetch_all)?
            .into_iter()
            .map(Grant::try_from)
            .collect()
    }

    /// What this person let this client do in the sign-in that began at `authenticated_at`, as far as an
    /// access token of it may still be out: made or refreshed after `since`.
    pub async fn list_held_grants(
        &mut self,
        user_id: UserId,
        client_key: ClientKey,
        authenticated_at: Timestamp,
        since: Timestamp,
    ) -> Result<Vec<HeldGrant>, StoreError> {
        let rows = sqlx::query!(
            "select g.scopes, g.refused_scopes, g.resource_ids
             from grants g
             left join refresh_families f on f.tenant_id = g.tenant_id and f.grant_id = g.grant_id
             where g.tenant_id = $1 and g.user_id = $2 and g.client_key = $3 and g.authenticated_at = $5
               and g.revoked_at is null and greatest(g.created_at, f.rotated_at) > $4
             order by g.grant_id desc limit 20",
            self.tenant_id(),
            user_id.as_uuid(),
            client_key.as_uuid(),
            OffsetDateTime::from(since),
            OffsetDateTime::from(authenticated_at),
        );
        let rows = answer!(self, rows, fetch_all)?;
        let held = rows.into_iter().map(|row| {
            let resources = row.resource_ids.into_iter().map(ResourceId::from_uuid);
            Ok(HeldGrant {
                scopes: scope_set(row.scopes)?,
                refused_scopes: scope_set(row.refused_scopes)?,
                resources: resources.collect(),
            })
        });
        held.collect()
    }

    /// Whether it was live. `until`: when the last access token that could name it has ended.
    pub async fn revoke_grant(
        &mut self,
        grant_id: GrantId,
        reason: RevokedReason,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let revoked = sqlx::query_scalar!(
            "update grants set revoked_at = $3, revoked_reason = $4
             where tenant_id = $1 and grant_id = $2 and revoked_at is null
             returning grant_id",
            self.tenant_id(),
            grant_id.as_uuid(),
            OffsetDateTime::from(now),
            reason.as_str(),
        );
        let revoked = answer!(self, revoked, fetch_all)?;
        let is_revoked = !revoked.is_empty();
        self.end_what_descends_from(&revoked, now, until).await?;
        Ok(is_revoked)
    }

    /// How many were live: for a changed password, a disabled user.
    pub async fn revoke_grants_of_user(
        &mut self,
        user_id: UserId,
        reason: RevokedReason,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<u64, StoreError> {
        let revoked = sqlx::query_scalar!(
            "update grants set revoked_at = $3, revoked_reason = $4
             where tenant_id = $1 and user_id = $2 and revoked_at is null
             returning grant_id",
            self.tenant_id(),
            user_id.as_uuid(),
            OffsetDateTime::from(now),
            reason.as_str(),
        );
        let revoked = answer!(self, revoked, fetch_all)?;
        self.end_what_descends_from(&revoked, now, until).await?;
        Ok(u64::try_from(revoked.len()).unwrap_or(u64::MAX))
    }

    /// A statement of its own after the one that revoked: a redemption that the grant's row made
    /// wait for us, or us for it, has committed its family by now, and this one sees it.
    async fn end_what_descends_from(
        &mut self,
        grant_ids: &[Uuid],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        if grant_ids.is_empty() {
            return Ok(());
        }
        let ended = sqlx::query!(
            "with ended as (
                 update refresh_families set revoked_at = $3
                 where tenant_id = $1 and grant_id = any($2) and revoked_at is null)
             insert into revocations (tenant_id, kind, revoked_id, revoked_at, lives_until)
             select $1, 'grant', grant_id, $3, $4 from unnest($2::uuid[]) as grant_id
             on conflict do nothing",
            self.tenant_id(),
            grant_ids,
            OffsetDateTime::from(now),
            OffsetDateTime::from(until),
        );
        answer!(self, ended, execute)?;
        for grant_id in grant_ids {
            let grant_id = GrantId::from_uuid(*grant_id);
            self.note_change(ChangeKind::GrantRevoked { grant_id, until });
        }
        Ok(())
    }
}
