//! POST /admin/v1/tenant-imports: a new tenant of a document. Not below `…/tenants`, where every name is a tenant's.

use authority::audit::EventType;
use protocol::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::{Tenant, TenantScope, TenantSettings, TenantUpdate};
use utoipa::ToSchema;

use super::body::DocumentBody;
use super::rows::{Made, Maker, Plan, insert_webhook};
use crate::api::Api;
use crate::audit::{self, Changes};
use crate::issuer_hosts::proof::require_proof;
use crate::mutation::Mutation;
use crate::operation::{Committed, Created};
use crate::policies::author;
use crate::principal::PlatformWrite;
use crate::principal::kinds::Tenants;
use crate::problem::Problem;
use crate::request::LargeBody;
use crate::tenants::create::taken;
use crate::tenants::{self, TenantOut};

/// What was made, with the secrets of it: the only time that they are shown.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantImport)]
pub struct ImportOut {
    pub tenant: TenantOut,
    #[schema(example = 2)]
    pub resources: usize,
    #[schema(example = 3)]
    pub clients: usize,
    #[schema(example = 1)]
    pub groups: usize,
    #[schema(example = 0)]
    pub webhooks: usize,
    #[schema(example = 25)]
    pub users: usize,
    /// Of clients that authenticate by secret.
    pub client_secrets: Vec<ClientSecretOut>,
    pub webhook_secrets: Vec<WebhookSecretOut>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImportedClientSecret)]
pub struct ClientSecretOut {
    #[schema(example = "notes-robot")]
    pub client_id: String,
    #[schema(example = "writ_cs_…")]
    pub client_secret: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ImportedWebhookSecret)]
pub struct WebhookSecretOut {
    pub id: String,
    #[schema(example = "alarms")]
    pub name: String,
    /// What its messages are signed with.
    #[schema(example = "whsec_…")]
    pub secret: String,
}

/// Import a tenant
///
/// Makes a new tenant of a document, as `GET …/tenants/{tenant}/export` writes it, in one transaction: all of it, or
/// nothing and the faults with their places. Slug and issuer must be new: change the slug for a copy in the same
/// installation. Keys and secrets are new, too; users have no passwords, unless a `password_hash` was added. Up to
/// 4 MB and 1,000 things of a kind; more users go by `users/import` afterwards. Each section takes the scope to write
/// such things, besides `tenants:write`.
#[utoipa::path(
    post,
    path = "/admin/v1/tenant-imports",
    tag = "tenants",
    request_body = DocumentBody,
    responses((status = 201, description = "The tenant, and the secrets of what was made.", body = ImportOut)),
)]
pub async fn import_tenant(
    access: PlatformWrite<Tenants>,
    api: Api,
    LargeBody(body): LargeBody<DocumentBody>,
) -> Result<Committed<Created<ImportOut>>, Problem> {
    body.require_rights(&access.caller)?;
    let now = api.now();
    let plan = Plan::read(body, &api, author(&access.caller), now).await?;
    // Before the transaction: making a key takes a while, and locks should not.
    let keys = api
        .authority()
        .key_ring()
        .make_first_keys(
            plan.tenant.tenant_id,
            plan.tenant.settings.signing_algorithm,
        )
        .await
        .map_err(Problem::internal)?;
    let mut platform = access.open(&api).await?;
    require_proof(&mut platform, &api, &access.caller, &plan.tenant)
        .await
        .map_err(|refused| refused.within("tenant"))?;
    let inserted = platform.insert_tenant(&plan.tenant, now).await;
    let tenant = inserted.map_err(|error| taken(error, &plan.tenant).within("tenant"))?;
    let last_words = LastWords::of(&plan);
    let mut scope = platform.into_tenant(&tenant).await?;
    for key in &keys {
        scope.insert_signing_key(key, now).await?;
    }
    let mut maker = Maker {
        api: &api,
        tenant: &tenant,
        now,
        made: Made::default(),
    };
    maker.make(&mut scope, plan).await?;
    let made = maker.made;
    let (scope, tenant) = last_words.say(scope, tenant, now).await?;
    finish(scope, &tenant, made, now).await
}

/// What can be said of a tenant once its things are there.
struct LastWords {
    default_resource: Option<protocol::ResourceId>,
    quotas: Option<store::TenantQuotas>,
    is_suspended: bool,
}

impl LastWords {
    const fn of(plan: &Plan) -> Self {
        Self {
            default_resource: plan.default_resource,
            quotas: plan.quotas,
            is_suspended: plan.is_suspended,
        }
    }

    async fn say(
        self,
        scope: Mutation<TenantScope>,
        tenant: Tenant,
        now: Timestamp,
    ) -> Result<(Mutation<TenantScope>, Tenant), Problem> {
        let mut platform = scope.into_platform().await?;
        if self.default_resource.is_some() {
            let update = TenantUpdate {
                display_name: tenant.display_name().to_owned(),
                settings: TenantSettings {
                    default_resource: self.default_resource,
                    ..tenant.settings().clone()
                },
            };
            platform.update_tenant(&tenant, &update, now).await?;
        }
        // What is there may be more than they allow; what comes may not.
        if let Some(quotas) = &self.quotas {
            platform.set_tenant_quotas(tenant.id(), quotas, now).await?;
        }
        if self.is_suspended {
            platform.suspend_tenant(&tenant, now).await?;
        }
        let tenant = platform.find_tenant(tenant.id()).await?;
        let tenant = tenant.ok_or_else(tenants::unknown)?;
        let scope = platform.into_tenant(&tenant).await?;
        Ok((scope, tenant))
    }
}

async fn finish(
    scope: Mutation<TenantScope>,
    tenant: &Tenant,
    made: Made,
    now: Timestamp,
) -> Result<Committed<Created<ImportOut>>, Problem> {
    let shown = TenantOut::new(tenant);
    let counts = json!({
        "resources": made.resources, "clients": made.clients, "groups": made.groups,
        "webhooks": made.webhooks.len(), "users": made.users,
    });
    let changes = Changes::created(&shown).noting("imported", counts);
    let target = audit::target("tenant", &tenant.id());
    let mut recorded = scope
        .record(EventType::TenantCreated, target, changes)
        .await?;
    for (event_type, target, changes) in made.events {
        recorded.record(event_type, target, changes).await?;
    }
    for (at, webhook) in made.webhooks.iter().enumerate() {
        let inserted = insert_webhook(&mut recorded, webhook, now).await;
        let (event_type, target, changes) =
            inserted.map_err(|problem| problem.within(&format!("webhooks[{at}]")))?;
        recorded.record(event_type, target, changes).await?;
    }
    recorded
        .commit(Created {
            location: tenants::location(tenant.slug()),
            thing: ImportOut {
                tenant: shown,
                resources: made.resources,
                clients: made.clients,
                groups: made.groups,
                webhooks: made.webhooks.len(),
                users: made.users,
                client_secrets: made.client_secrets,
                webhook_secrets: made.webhook_secrets,
            },
        })
        .await
}
