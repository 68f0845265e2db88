//! GET …/tenants/{tenant}/export.

use actix_web::body::{BodyStream, BoxBody};
use actix_web::web::Bytes;
use authority::audit::{AuditEvent, EventType};
use futures_util::stream;
use protocol::client::ClientOrigin;
use protocol::resource::Resources;
use protocol::{ClientKey, GroupName, ResourceId, UserId, WebhookId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Tenant, TenantQuotas, TenantScope, TenantState, WebhookState};
use utoipa::IntoParams;

use super::body::DocumentBody;
use super::{FORMAT_VERSION, OBJECTS, row};
use crate::answer::Streamed;
use crate::api::Api;
use crate::audit;
use crate::clients::body::NewClientBody;
use crate::clients::{self, ClientOut};
use crate::groups::GroupOut;
use crate::groups::create::NewGroupBody;
use crate::names::identifier;
use crate::principal::TenantRead;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::quotas::QuotasOut;
use crate::quotas::update::QuotaPatch;
use crate::request::QueryString;
use crate::resources::ResourceOut;
use crate::resources::create::NewResourceBody;
use crate::tenants::TenantOut;
use crate::tenants::create::NewTenantBody;
use crate::users::UserOut;
use crate::users::import::ImportedUser;
use crate::webhooks::WebhookOut;
use crate::webhooks::create::NewWebhookBody;

/// Rows that are read, and held, at a time.
const WINDOW: u32 = 500;

/// What of the tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Its people too; `false`: what was decided about it alone.
    #[param(default = true)]
    users: Option<bool>,
}

/// Export a tenant
///
/// Everything that was decided about it, and its people, as one document, which `POST /admin/v1/tenant-imports` makes a
/// tenant of: settings, resources, clients that were entered, groups, policies, webhooks, quotas, users. Without
/// secrets, passwords and keys, and without what came by itself. The answer is written while it is read, each part as
/// it is at that moment; where something fails it breaks off, and is no JSON then. It takes the scopes to read
/// resources, clients, users, policies and webhooks besides, and is recorded.
#[utoipa::path(
    get,
    path = "/admin/v1/tenants/{tenant}/export",
    tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's slug.", example = "acme"), ExportQuery),
    responses((status = 200, description = "The document.", body = DocumentBody)),
)]
pub async fn export_tenant(
    access: TenantRead<Tenants>,
    api: Api,
    QueryString(query): QueryString<ExportQuery>,
) -> Result<Streamed, Problem> {
    for object in OBJECTS {
        access.caller.require_scope(object, false)?;
    }
    let event = AuditEvent::new(EventType::TenantExported, access.caller.actor(), api.now())
        .at("tenant", access.tenant.id())
        .origin(&access.caller.origin);
    let mut platform = api.database().platform().await?;
    let quotas = platform.find_tenant_quotas(access.tenant.id()).await?;
    platform.roll_back().await?;
    let mut export = Export {
        api,
        quotas,
        tenant: access.tenant,
        resources: Resources::new(Vec::new()),
        has_users: query.users.unwrap_or(true),
        next: Some(Part::Head),
    };
    // What fails at once is still an answer of its own.
    let first = export.next_part().await?;
    audit::note(&export.api, &export.tenant, event).await?;
    let parts = stream::try_unfold((first, export), async |(first, mut export)| {
        let part = match first {
            Some(part) => part,
            None => match export.next_part().await.map_err(BrokenOff)? {
                Some(part) => part,
                None => return Ok(None),
            },
        };
        Ok::<_, BrokenOff>(Some((part, (None, export))))
    });
    Ok(Streamed {
        content_type: "application/json",
        body: BoxBody::new(BodyStream::new(Box::pin(parts))),
    })
}

/// The connection is closed without an end; nothing more can be said by then.
#[derive(Debug)]
struct BrokenOff(Problem);

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the export broke off: {:?}", self.0)
    }
}

impl std::error::Error for BrokenOff {}

/// Where the document goes on.
enum Part {
    Head,
    Resources(Option<ResourceId>),
    Clients(Option<ClientKey>),
    Groups(Option<GroupName>),
    Webhooks(Option<WebhookId>),
    Users(Option<UserId>),
    End,
}

struct Export {
    api: Api,
    tenant: Tenant,
    quotas: TenantQuotas,
    /// By which clients name them.
    resources: Resources,
    has_users: bool,
    next: Option<Part>,
}

/// Rows of a list, and where the next ones begin: nowhere, if these were the last.
struct Window<Cursor> {
    rows: Vec<Map<String, Value>>,
    next: Option<Cursor>,
}

impl<Cursor> Window<Cursor> {
    fn of<Row>(
        read: &[Row],
        cursor: impl Fn(&Row) -> Cursor,
        show: impl Fn(&Row) -> Result<Map<String, Value>, Problem>,
    ) -> Result<Self, Problem> {
        let is_full = u32::try_from(read.len()).is_ok_and(|rows| rows >= WINDOW);
        Ok(Self {
            rows: read.iter().map(show).collect::<Result<_, _>>()?,
            next: read.last().filter(|_| is_full).map(cursor),
        })
    }

    /// The rows as they continue a list that begins with them, or began before.
    fn write(&self, section: &str, is_first: bool) -> Result<Vec<u8>, Problem> {
        let mut text = Vec::new();
        if is_first {
            text.extend(format!(",\n\"{section}\":[").into_bytes());
        }
        for (at, row) in self.rows.iter().enumerate() {
            let start: &[u8] = if is_first && at == 0 { b"\n" } else { b",\n" };
            text.extend(start);
            serde_json::to_writer(&mut text, row).map_err(Problem::internal)?;
        }
        if self.next.is_none() {
            text.push(b']');
        }
        Ok(text)
    }
}

impl Export {
    /// In a transaction of its own: whoever reads slowly holds no connection.
    async fn next_part(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(part) = self.next.take() else {
            return Ok(None);
        };
        let mut scope = self.api.database().tenant(&self.tenant).await?;
        let (text, next) = match part {
            Part::Head => (self.head(&mut scope).await?, Some(Part::Resources(None))),
            Part::Resources(after) => {
                let window = self.resources(&mut scope, after).await?;
                let next = window
                    .next
                    .map_or(Part::Clients(None), |it| Part::Resources(Some(it)));
                (window.write("resources", after.is_none())?, Some(next))
            }
            Part::Clients(after) => {
                let window = self.clients(&mut scope, after).await?;
                let next = window
                    .next
                    .map_or(Part::Groups(None), |it| Part::Clients(Some(it)));
                (window.write("clients", after.is_none())?, Some(next))
            }
            Part::Groups(after) => {
                let read = scope.list_groups(after.as_ref(), WINDOW).await?;
                let window = Window::of(
                    &read,
                    |it| it.name.clone(),
                    |group| row::<NewGroupBody>(&GroupOut::new(group)),
                )?;
                let text = window.write("groups", after.is_none())?;
                let next = window
                    .next
                    .map_or(Part::Webhooks(None), |it| Part::Groups(Some(it)));
                (text, Some(next))
            }
            Part::Webhooks(after) => {
                let read = scope.list_webhooks(after, WINDOW).await?;
                let window = Window::of(&read, |it| it.webhook_id, webhook)?;
                let text = window.write("webhooks", after.is_none())?;
                let last = if self.has_users {
                    Part::Users(None)
                } else {
                    Part::End
                };
                (
                    text,
                    Some(window.next.map_or(last, |it| Part::Webhooks(Some(it)))),
                )
            }
            Part::Users(after) => {
                let read = scope.list_users(after, WINDOW).await?;
                let window = Window::of(
                    &read,
                    |it| it.user_id,
                    |user| row::<ImportedUser>(&UserOut::new(user)),
                )?;
                let text = window.write("users", after.is_none())?;
                (
                    text,
                    Some(window.next.map_or(Part::End, |it| Part::Users(Some(it)))),
                )
            }
            Part::End => (b"}\n".to_vec(), None),
        };
        scope.roll_back().await?;
        self.next = next;
        Ok(Some(Bytes::from(text)))
    }

    /// The tenant itself, its policies and its quotas; without the end of the object.
    async fn head(&mut self, scope: &mut TenantScope) -> Result<Vec<u8>, Problem> {
        self.resources = clients::all_resources(scope).await?;
        let mut head = Map::new();
        head.insert("format_version".to_owned(), json!(FORMAT_VERSION));
        head.insert("tenant".to_owned(), Value::Object(self.tenant()?));
        let policies = scope.find_active_policy_version().await?;
        if let Some((version, text)) =
            policies.and_then(|it| it.policies.clone().map(|text| (it, text)))
        {
            let mut policies = Map::new();
            policies.insert("text".to_owned(), text.into());
            if let Some(note) = version.note {
                policies.insert("note".to_owned(), note.into());
            }
            head.insert("policies".to_owned(), Value::Object(policies));
        }
        let quotas = row::<QuotaPatch>(&QuotasOut::new(&self.quotas))?;
        if !quotas.is_empty() {
            head.insert("quotas".to_owned(), Value::Object(quotas));
        }
        let mut text = serde_json::to_vec(&head).map_err(Problem::internal)?;
        text.pop();
        Ok(text)
    }

    fn tenant(&self) -> Result<Map<String, Value>, Problem> {
        let tenant = &self.tenant;
        let mut members = row::<NewTenantBody>(&TenantOut::new(tenant))?;
        // What follows from the slug would be wrong for another slug, or another installation.
        let default = format!("{}/t/{}", self.api.public_url(), tenant.slug());
        if tenant.issuer().as_str() == default {
            members.remove("issuer");
        }
        if let Some(resource_id) = tenant.settings().default_resource {
            let name = identifier(&self.resources, resource_id);
            members.insert("default_resource".to_owned(), name.into());
        }
        if tenant.state() != TenantState::Active {
            members.insert("state".to_owned(), "suspended".into());
        }
        Ok(members)
    }

    async fn resources(
        &self,
        scope: &mut TenantScope,
        after: Option<ResourceId>,
    ) -> Result<Window<ResourceId>, Problem> {
        let read = scope.list_resources(after, WINDOW).await?;
        let issuer = self.tenant.issuer();
        Window::of(
            &read,
            |it| it.resource.resource_id,
            |record| row::<NewResourceBody>(&ResourceOut::of(issuer, record)),
        )
    }

    async fn clients(
        &self,
        scope: &mut TenantScope,
        after: Option<ClientKey>,
    ) -> Result<Window<ClientKey>, Problem> {
        let origin = ClientOrigin::Static;
        let read = scope.list_clients_of_origin(origin, after, WINDOW).await?;
        Window::of(
            &read,
            |it| it.client.key,
            |record| row::<NewClientBody>(&ClientOut::new(&record.client, &self.resources)),
        )
    }
}

fn webhook(webhook: &store::Webhook) -> Result<Map<String, Value>, Problem> {
    let mut members = row::<NewWebhookBody>(&WebhookOut::from(webhook))?;
    // One that Writ paused would fail elsewhere too.
    if webhook.state != WebhookState::Active {
        members.insert("state".to_owned(), "disabled".into());
    }
    Ok(members)
}
