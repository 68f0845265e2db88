//! What of a document is judged before a transaction, and what is made of it in one.

use authority::audit::{EventType, Target};
use authority::policy::{PolicyLayer, compile};
use crypto::SecretKind;
use protocol::client::Client;
use protocol::resource::{Resource, Resources};
use protocol::{CredentialId, ResourceId, SigningAlgorithm, TenantId, Timestamp, WebhookId};
use store::{
    NewClientSecret, NewGroup, NewPolicyVersion, NewTenant, NewWebhook, PolicyAuthor, Tenant,
    TenantQuotas, TenantScope, Webhook, WebhookState, WebhookUpdate,
};

use super::body::{DocumentBody, DocumentWebhook, DocumentWebhookState};
use super::import::{ClientSecretOut, WebhookSecretOut};
use crate::api::Api;
use crate::audit::{self, Changes};
use crate::clients::body::NewClientBody;
use crate::clients::{self, ClientOut};
use crate::groups::GroupOut;
use crate::policies::{self, VersionOut, conflicting, default_text, refused};
use crate::problem::{Faults, Problem};
use crate::resources::{self, ResourceOut};
use crate::tenants::ChosenState;
use crate::users::import::{ImportedUser, take_over};
use crate::webhooks::{self, WebhookOut};
use crate::{secret, wire};

/// What is told of each thing that was made.
pub type Event = (EventType, Target, Changes);

/// A document that holds by itself; what needs the tenant to be judged comes later.
pub struct Plan {
    pub tenant: NewTenant,
    pub default_resource: Option<ResourceId>,
    pub is_suspended: bool,
    pub quotas: Option<TenantQuotas>,
    resources: Vec<Resource>,
    groups: Vec<NewGroup>,
    policies: Option<NewPolicyVersion>,
    clients: Vec<NewClientBody>,
    webhooks: Vec<DocumentWebhook>,
    users: Vec<ImportedUser>,
}

impl Plan {
    /// Every fault that can be seen without the tenant, in one answer.
    pub async fn read(
        mut body: DocumentBody,
        api: &Api,
        author: PolicyAuthor,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut faults = Faults::default();
        body.check_bounds(&mut faults);
        let mut resources = Vec::with_capacity(body.resources.len());
        for (at, row) in body.resources.iter().enumerate() {
            let read = row.validate(ResourceId::generate(api.random(), now), now);
            resources.extend(faults.take_within(&format!("resources[{at}]"), read)?);
        }
        let mut groups = Vec::with_capacity(body.groups.len());
        for (at, row) in body.groups.into_iter().enumerate() {
            groups.extend(faults.take_within(&format!("groups[{at}]"), row.validate())?);
        }
        let default_resource = body.tenant.default_resource.take();
        let default_resource = default_resource.and_then(|name| {
            let found = find_resource(&resources, &name);
            if found.is_none() {
                let detail = "Not the identifier of a resource of this document.";
                faults.add("tenant.default_resource", detail);
            }
            found
        });
        let is_suspended = body.tenant.state == Some(ChosenState::Suspended);
        let tenant_id = TenantId::generate(api.random(), now);
        let tenant = faults.take_within("tenant", body.tenant.validate(api, tenant_id))?;
        let quotas = match body.quotas {
            None => None,
            Some(quotas) => faults.take_within("quotas", quotas.apply(&TenantQuotas::default()))?,
        };
        let policies = match body.policies {
            None => None,
            Some(policies) => {
                let read = read_policies(policies, author).await;
                faults.take_within("policies", read)?
            }
        };
        faults.finish()?;
        Ok(Self {
            tenant: tenant.ok_or_else(|| Problem::internal("a fault was not named"))?,
            default_resource,
            is_suspended,
            quotas,
            resources,
            groups,
            policies,
            clients: body.clients,
            webhooks: body.webhooks,
            users: body.users,
        })
    }
}

fn find_resource(resources: &[Resource], name: &str) -> Option<ResourceId> {
    let named = |resource: &&Resource| resource.identifiers.iter().any(|it| it == name);
    resources.iter().find(named).map(|it| it.resource_id)
}

async fn read_policies(
    body: policies::write::NewVersionBody,
    author: PolicyAuthor,
) -> Result<NewPolicyVersion, Problem> {
    let note = policies::write::read_note(body.note.as_deref())?;
    let layer = PolicyLayer::Tenant;
    let text = body.text.as_deref().unwrap_or_else(|| default_text(layer));
    compile(text, layer).await.map_err(|it| refused(&it))?;
    Ok(NewPolicyVersion {
        policies: body.text,
        note,
        reverts_to: None,
        author,
    })
}

/// What was made, and what has to be told of it.
#[derive(Default)]
pub struct Made {
    pub events: Vec<Event>,
    pub webhooks: Vec<(NewWebhook, Webhook)>,
    pub client_secrets: Vec<ClientSecretOut>,
    pub webhook_secrets: Vec<WebhookSecretOut>,
    pub resources: usize,
    pub clients: usize,
    pub groups: usize,
    pub users: usize,
}

/// Makes a tenant's things, in the order in which they refer to one another.
pub struct Maker<'a> {
    pub api: &'a Api,
    pub tenant: &'a Tenant,
    pub now: Timestamp,
    pub made: Made,
}

impl Maker<'_> {
    /// All but the webhooks, which are told of nothing that comes before them.
    pub async fn make(&mut self, scope: &mut TenantScope, plan: Plan) -> Result<(), Problem> {
        let resources = self.resources(scope, plan.resources).await?;
        self.groups(scope, &plan.groups).await?;
        let mut faults = Faults::default();
        let clients = self.read_clients(&mut faults, &plan.clients, &resources)?;
        self.read_webhooks(&mut faults, &plan.webhooks);
        self.users(scope, &mut faults, plan.users).await?;
        faults.finish()?;
        self.clients(scope, &clients, &resources).await?;
        if let Some(new) = &plan.policies {
            let written = scope.insert_policy_version(new, self.now).await;
            let written = written.map_err(conflicting)?;
            let (event_type, target) = policies::target(written.version);
            let changes = Changes::created(&VersionOut::new(&written));
            self.made.events.push((event_type, target, changes));
        }
        Ok(())
    }

    async fn resources(
        &mut self,
        scope: &mut TenantScope,
        resources: Vec<Resource>,
    ) -> Result<Resources, Problem> {
        let now = self.now;
        for (at, resource) in resources.iter().enumerate() {
            let inserted = scope.insert_resource(resource, now).await;
            inserted
                .map_err(|error| resources::taken(error).within(&format!("resources[{at}]")))?;
            let shown = ResourceOut::new(self.tenant.issuer(), resource, now, now);
            let target = audit::target("resource", &resource.resource_id);
            let event = (EventType::ResourceCreated, target, Changes::created(&shown));
            self.made.events.push(event);
        }
        self.made.resources = resources.len();
        Ok(Resources::new(resources))
    }

    async fn groups(
        &mut self,
        scope: &mut TenantScope,
        groups: &[NewGroup],
    ) -> Result<(), Problem> {
        for (at, new) in groups.iter().enumerate() {
            let inserted = scope.insert_group(new, self.now).await;
            inserted.map_err(|error| {
                let taken = Problem::from_conflict(error, |_| {
                    Some(("name", format!("{} comes twice in the document.", new.name)))
                });
                taken.within(&format!("groups[{at}]"))
            })?;
            let shown = GroupOut::new(&store::Group {
                name: new.name.clone(),
                display_name: new.display_name.clone(),
                description: new.description.clone(),
                created_at: self.now,
                updated_at: self.now,
            });
            let target = audit::target("group", &shown.name);
            let event = (EventType::GroupCreated, target, Changes::created(&shown));
            self.made.events.push(event);
        }
        self.made.groups = groups.len();
        Ok(())
    }

    fn read_clients(
        &self,
        faults: &mut Faults,
        bodies: &[NewClientBody],
        resources: &Resources,
    ) -> Result<Vec<Client>, Problem> {
        // The one that its first key is made for.
        let algorithm: SigningAlgorithm = self.tenant.settings().signing_algorithm;
        let mut clients = Vec::with_capacity(bodies.len());
        for (at, body) in bodies.iter().enumerate() {
            let (api, tenant) = (self.api, self.tenant);
            let read = clients::create::validate(api, body, tenant, algorithm, resources, self.now);
            clients.extend(faults.take_within(&format!("clients[{at}]"), read)?);
        }
        Ok(clients)
    }

    async fn clients(
        &mut self,
        scope: &mut TenantScope,
        clients: &[Client],
        resources: &Resources,
    ) -> Result<(), Problem> {
        for (at, client) in clients.iter().enumerate() {
            let secret = if client.auth_method.is_secret() {
                Some(self.client_secret(client).await?)
            } else {
                None
            };
            let inserted = scope.insert_client(client, secret.as_ref(), self.now).await;
            inserted.map_err(|error| {
                clients::create::taken(error, client).within(&format!("clients[{at}]"))
            })?;
            let shown = ClientOut::new(client, resources);
            let target = audit::target("client", &client.client_id);
            let event = (EventType::ClientCreated, target, Changes::created(&shown));
            self.made.events.push(event);
        }
        self.made.clients = clients.len();
        Ok(())
    }

    /// Generated: nothing is hashed while others wait.
    async fn client_secret(&mut self, client: &Client) -> Result<NewClientSecret, Problem> {
        let kind = SecretKind::ClientSecret;
        let (text, secret) = secret::client_secret(self.api, kind, None).await?;
        self.made.client_secrets.push(ClientSecretOut {
            client_id: client.client_id.to_string(),
            client_secret: text,
        });
        Ok(NewClientSecret {
            credential_id: CredentialId::generate(self.api.random(), self.now),
            secret,
            expires_at: None,
        })
    }

    fn read_webhooks(&mut self, faults: &mut Faults, bodies: &[DocumentWebhook]) {
        for (at, body) in bodies.iter().enumerate() {
            let mut own = Faults::default();
            let name = wire::words(&mut own, "name", &body.name, wire::NAME_LIMIT);
            let url = webhooks::url(&mut own, self.api.authority(), self.tenant, &body.url);
            let event_types = webhooks::events(&mut own, &body.events);
            if let Err(errors) = own.finish_row() {
                faults.add_within(&format!("webhooks[{at}]"), errors);
                continue;
            }
            let webhook_id = WebhookId::generate(self.api.random(), self.now);
            let authority = self.api.authority();
            let (secret, sealed) = authority.make_webhook_secret(self.tenant, webhook_id);
            self.made.webhook_secrets.push(WebhookSecretOut {
                id: webhook_id.to_string(),
                name: name.clone(),
                secret: secret.expose().to_string(),
            });
            let state = match body.state {
                Some(DocumentWebhookState::Disabled) => WebhookState::Disabled,
                Some(DocumentWebhookState::Active) | None => WebhookState::Active,
            };
            let webhook = Webhook {
                webhook_id,
                name: name.clone(),
                url: url.clone(),
                event_types: event_types.clone(),
                state,
                previous_secret_ends_at: None,
                failing_since: None,
                last_delivered_at: None,
                paused_reason: None,
                created_at: self.now,
                updated_at: self.now,
            };
            let new = NewWebhook {
                webhook_id,
                name,
                url,
                event_types,
                secret: sealed,
            };
            self.made.webhooks.push((new, webhook));
        }
    }

    async fn users(
        &mut self,
        scope: &mut TenantScope,
        faults: &mut Faults,
        mut rows: Vec<ImportedUser>,
    ) -> Result<(), Problem> {
        if rows.is_empty() {
            return Ok(());
        }
        let outcomes = take_over(scope, self.api, &mut rows, self.now).await?;
        for (at, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok((target, changes)) => {
                    let event = (EventType::UserImported, target, changes);
                    self.made.events.push(event);
                    self.made.users += 1;
                }
                Err(errors) => faults.add_within(&format!("users[{at}]"), errors),
            }
        }
        Ok(())
    }
}

/// The last of all: it is told of what happens from then on.
pub async fn insert_webhook(
    scope: &mut TenantScope,
    (new, webhook): &(NewWebhook, Webhook),
    now: Timestamp,
) -> Result<Event, Problem> {
    let inserted = scope.insert_webhook(new, now).await;
    inserted.map_err(|error| webhooks::taken(error, &new.name))?;
    if webhook.state != WebhookState::Active {
        let update = WebhookUpdate {
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            event_types: webhook.event_types.clone(),
            state: webhook.state,
        };
        scope
            .update_webhook(webhook.webhook_id, &update, now)
            .await?;
    }
    let target = audit::target("webhook", &webhook.webhook_id);
    let changes = Changes::created(&WebhookOut::from(webhook));
    Ok((EventType::WebhookCreated, target, changes))
}
