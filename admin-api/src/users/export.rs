//! GET …/users/{id}/export: everything that is kept about one person, for them to have.

use authority::audit::{AuditEvent, EventType};
use protocol::{AdminObject, GrantId, SessionId, UserId};
use serde::Serialize;
use store::{AuditCursor, AuditFilter, ConsentCursor, StoreError, TenantScope};
use utoipa::ToSchema;

use crate::api::Api;
use crate::audit;
use crate::audit_events::AuditEventOut;
use crate::consents::ConsentOut;
use crate::grants::GrantOut;
use crate::names::Names;
use crate::operation::Told;
use crate::principal::TenantRead;
use crate::principal::kinds::Users;
use crate::problem::Problem;
use crate::request::Id;
use crate::user_sessions::SessionOut;
use crate::users::{self, UserOut};
use crate::wire;

const AT_ONCE: u32 = 500;
/// Of each kind; nobody who uses a tenant as people do has as many.
const MOST: usize = 5_000;

/// Everything about one person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserExport)]
pub struct UserExportOut {
    #[schema(format = DateTime)]
    pub exported_at: String,
    pub user: UserOut,
    /// There is a password; neither it nor its hash is ever shown.
    pub has_password: bool,
    pub sessions: Vec<SessionOut>,
    /// What they allowed and need not be asked again.
    pub consents: Vec<ConsentOut>,
    /// What they allowed, revoked ones too while they are kept.
    pub grants: Vec<GrantOut>,
    /// About them and by them, the newest first.
    pub audit_events: Vec<AuditEventOut>,
    /// `false`: of something there is more than one answer holds; its own list has the rest.
    pub is_complete: bool,
}

/// Export a user
///
/// Everything that is kept about one person, in one answer, for them to have. That it was read is recorded.
/// It takes the scope `audit:read` besides.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/users/{id}/export",
    tag = "users",
    params(
        ("tenant" = String, Path, description = "The tenant's slug.", example = "acme"),
        ("id" = String, Path, description = "The user's id."),
    ),
    responses((status = 200, description = "Everything about the user.", body = UserExportOut)),
)]
pub async fn export_user(
    access: TenantRead<Users>,
    api: Api,
    Id(user_id): Id<UserId>,
) -> Result<Told<UserExportOut>, Problem> {
    access.caller.require_scope(AdminObject::Audit, false)?;
    let mut scope = access.read(&api).await?;
    let found = scope.find_user(user_id).await?;
    let record = found.ok_or_else(|| users::unknown(access.tenant.slug()))?;
    let mut reader = Reader {
        scope: &mut scope,
        user_id,
        is_complete: true,
    };
    let sessions = reader.sessions(&api).await?;
    let consents = reader.consents().await?;
    let grants = reader.grants().await?;
    let audit_events = reader.audit_events().await?;
    let is_complete = reader.is_complete;
    let clients = consents.iter().map(|consent| consent.client_key);
    let clients = clients.chain(grants.iter().map(|grant| grant.client_key));
    let clients: Vec<_> = clients.collect();
    let names = Names::of(&mut scope, clients).await?;
    scope.end().await?;
    let now = api.now();
    let event = AuditEvent::new(EventType::UserExported, access.caller.actor(), now)
        .at("user", user_id)
        .origin(&access.caller.origin);
    audit::note(&api, &access.tenant, event).await?;
    Ok(Told(UserExportOut {
        exported_at: wire::time(now),
        has_password: record.password_hash.is_some(),
        user: UserOut::new(&record.user),
        sessions,
        consents: consents
            .iter()
            .map(|consent| ConsentOut::new(consent, &names))
            .collect(),
        grants: grants
            .iter()
            .map(|grant| GrantOut::new(grant, &names))
            .collect(),
        audit_events,
        is_complete,
    }))
}

/// Page by page, up to what one answer holds.
struct Reader<'a> {
    scope: &'a mut TenantScope,
    user_id: UserId,
    is_complete: bool,
}

impl Reader<'_> {
    /// Whether to read on.
    fn has_more(&mut self, read: usize, so_far: usize) -> bool {
        let is_full_page = u32::try_from(read).is_ok_and(|read| read >= AT_ONCE);
        if is_full_page && so_far >= MOST {
            self.is_complete = false;
            return false;
        }
        is_full_page
    }

    async fn sessions(&mut self, api: &Api) -> Result<Vec<SessionOut>, StoreError> {
        let (mut all, mut after, now) = (Vec::new(), None::<SessionId>, api.now());
        loop {
            let page = self
                .scope
                .list_browser_sessions_of_user(self.user_id, after, now, AT_ONCE)
                .await?;
            after = page.last().map(|session| session.session_id);
            all.extend(page.iter().map(SessionOut::new));
            if !self.has_more(page.len(), all.len()) {
                return Ok(all);
            }
        }
    }

    async fn consents(&mut self) -> Result<Vec<store::StoredConsent>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None::<ConsentCursor>);
        loop {
            let page = self
                .scope
                .list_consents_of_user(self.user_id, after.as_ref(), AT_ONCE)
                .await?;
            after = page.last().map(store::StoredConsent::cursor);
            let read = page.len();
            all.extend(page);
            if !self.has_more(read, all.len()) {
                return Ok(all);
            }
        }
    }

    async fn grants(&mut self) -> Result<Vec<store::Grant>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None::<GrantId>);
        loop {
            let page = self
                .scope
                .list_grants_of_user(self.user_id, after, AT_ONCE)
                .await?;
            after = page.last().map(|grant| grant.grant_id);
            let read = page.len();
            all.extend(page);
            if !self.has_more(read, all.len()) {
                return Ok(all);
            }
        }
    }

    async fn audit_events(&mut self) -> Result<Vec<AuditEventOut>, StoreError> {
        let filter = AuditFilter {
            user_id: Some(self.user_id),
            ..AuditFilter::default()
        };
        let (mut all, mut after) = (Vec::new(), None::<AuditCursor>);
        loop {
            let page = self
                .scope
                .list_audit_events(&filter, after, AT_ONCE)
                .await?;
            after = page.last().map(|event| AuditCursor {
                occurred_at: event.occurred_at,
                event_id: event.event_id,
            });
            let read = page.len();
            all.extend(page.into_iter().map(AuditEventOut::from));
            if !self.has_more(read, all.len()) {
                return Ok(all);
            }
        }
    }
}
