//! GET …/grants/{id}/timeline.

use protocol::token::RefreshFamily;
use protocol::{GrantId, TenantId};
use serde::Serialize;
use store::GrantEnding;
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit_events::{AuditEventOut, Position};
use crate::grants::{self, GrantOut};
use crate::names::Names;
use crate::operation::Found;
use crate::page::{ListOf, PageQuery};
use crate::principal::TenantRead;
use crate::principal::kinds::Grants;
use crate::problem::Problem;
use crate::request::{Id, QueryString};
use crate::wire;

/// The family of a grant's refresh tokens: each rotation is one generation, and only the last one lives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefreshFamily)]
pub struct RefreshFamilyOut {
    pub id: String,
    /// Of the token that lives; the first has 0.
    #[schema(example = 3)]
    pub generation: u32,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When that token replaced the one before it; null while the first lives.
    #[schema(format = DateTime)]
    pub rotated_at: Option<String>,
    /// When it ends unless it is used.
    #[schema(format = DateTime)]
    pub idle_expires_at: String,
    /// When the family ends, however much it is used.
    #[schema(format = DateTime)]
    pub absolute_expires_at: String,
    /// The thumbprint of the key that its tokens are bound to (RFC 9449).
    pub dpop_jkt: Option<String>,
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl RefreshFamilyOut {
    fn new(family: &RefreshFamily) -> Self {
        Self {
            id: family.family_id.to_string(),
            generation: family.generation,
            created_at: wire::time(family.created_at),
            rotated_at: family.rotated_at.map(wire::time),
            idle_expires_at: wire::time(family.idle_expires_at),
            absolute_expires_at: wire::time(family.absolute_expires_at),
            dpop_jkt: family.dpop_jkt.as_ref().map(ToString::to_string),
            revoked_at: family.revoked_at.map(wire::time),
        }
    }
}

/// What was revoked with the grant: its refresh token, and every access token of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantEnding)]
pub struct GrantEndingOut {
    #[schema(format = DateTime)]
    pub at: String,
    /// `revocation`, `code_reuse`, `refresh_token_reuse`, `consent_withdrawn`, `password_changed`,
    /// `user_disabled`, `operator`, …
    #[schema(example = "refresh_token_reuse")]
    pub reason: String,
    /// Until then an access token of it could still pass at a resource server that only checks signatures;
    /// null: none can any more.
    #[schema(format = DateTime)]
    pub access_tokens_end_at: Option<String>,
}

impl GrantEndingOut {
    fn new(ending: GrantEnding) -> Self {
        Self {
            at: wire::time(ending.revoked_at),
            reason: ending.reason,
            access_tokens_end_at: ending.lives_until.map(wire::time),
        }
    }
}

/// A grant, what its refresh tokens are at, and what happened to it so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GrantTimeline)]
pub struct GrantTimelineOut {
    pub grant: GrantOut,
    /// Null: no refresh token was issued.
    pub family: Option<RefreshFamilyOut>,
    /// Null: the grant was not revoked.
    pub revoked: Option<GrantEndingOut>,
    /// The oldest first. Those of refreshes have `family_id`, `presented_generation`, `live_generation`,
    /// `since_rotation_ms`, `is_same_address` and, for a spent token, `class` among their details.
    pub data: Vec<AuditEventOut>,
    /// Pass it as `cursor` to read on. Opaque, and good for this grant only.
    pub next_cursor: Option<String>,
}

/// Show what happened to a grant
///
/// Who asked for what with which generation of its refresh token, from where, how long after the last rotation,
/// and what that most probably was. Tokens are recorded a moment after they are issued.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/grants/{id}/timeline",
    tag = "grants",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The grant's id."),
        PageQuery,
    ),
    responses((status = 200, description = "The grant and a page of its events.", body = GrantTimelineOut)),
)]
pub async fn find_grant_timeline(
    access: TenantRead<Grants>,
    api: Api,
    Id(grant_id): Id<GrantId>,
    QueryString(query): QueryString<PageQuery>,
) -> Result<Found<GrantTimelineOut>, Problem> {
    let of_grant = grant_id.to_string();
    let list = list_of(access.tenant.id(), &of_grant);
    let wanted = query.read::<Position>(&api, list)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_grant(grant_id).await?;
    let grant = found.ok_or_else(|| grants::unknown(access.tenant.slug()))?;
    let names = Names::of(&mut scope, [grant.client_key]).await?;
    let family = scope.find_refresh_family_of_grant(grant_id).await?;
    let ending = scope.find_grant_ending(grant_id).await?;
    let (after, limit) = (wanted.after.map(Into::into), wanted.rows_to_read());
    let rows = scope
        .list_audit_events_of_target("grant", &of_grant, after, limit)
        .await?;
    scope.end().await?;
    let page = wanted.page(&api, list, rows, Position::of, AuditEventOut::from)?;
    Ok(Found(GrantTimelineOut {
        grant: GrantOut::new(&grant, &names),
        family: family.as_ref().map(RefreshFamilyOut::new),
        revoked: ending.map(GrantEndingOut::new),
        data: page.data,
        next_cursor: page.next_cursor,
    }))
}

fn list_of(tenant_id: TenantId, grant_id: &str) -> ListOf<'_> {
    ListOf {
        operation: "find_grant_timeline",
        tenant: Some(tenant_id),
        filter: grant_id,
    }
}
