//! Making the system tenant, and keeping it in step with the settings: at each start, by one replica at a time.
//!
//! What an operator changed stays: its settings, a disabled client, more resources. What is put right is what nobody
//! could sign in without: that the resource is there and is called what `WRIT_ADMIN_URL` says, and that `writ-cli` is
//! there and may use it.

use std::time::Duration;

use protocol::client::registration::RegistrationPolicy;
use protocol::client::{ApplicationType, AuthMethod, Client, ClientOrigin, GrantType};
use protocol::ids::InvalidSlug;
use protocol::issuer::IssuerError;
use protocol::redirect_uri::RedirectUri;
use protocol::resource::{Resource, ResourceScope};
use protocol::{ClientId, ClientKey, Issuer, Slug, TenantId, Timestamp};
use store::{
    ClientDocumentPolicy, DocumentMode, LeftAudience, NewTenant, StoreError, Tenant, TenantScope,
    TenantSettings, Waiting,
};

use super::{ADMIN_RESOURCE, READ_SCOPE, WRITE_SCOPE};
use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType};
use crate::grants::last_token_ends;
use crate::key_ring::KeyRingError;

/// What `writ login` calls itself.
pub const CLI_CLIENT_ID: &str = "writ-cli";
/// RFC 8252 §7.3: the port is whichever the program got.
const CLI_REDIRECT_URIS: [&str; 2] = ["http://127.0.0.1/callback", "http://[::1]/callback"];
const DAY: Duration = Duration::from_hours(24);

/// What the settings of the installation say about it.
#[derive(Debug, Clone)]
pub struct SystemTenantSettings {
    /// Without a trailing slash; the issuer is made from it, once.
    pub public_url: String,
    /// Without a trailing slash: identifier and audience of the admin API.
    pub admin_url: String,
}

/// Why nobody can sign in to administer.
#[derive(Debug, thiserror::Error)]
pub enum SystemTenantError {
    #[error(
        "a tenant of an earlier time is called `system`, or has the issuer of the system tenant ({0})"
    )]
    Taken(String),
    #[error("another resource of the system tenant is called like the admin API ({0})")]
    ResourceTaken(String),
    #[error("WRIT_PUBLIC_URL makes no issuer: {0}")]
    Issuer(#[from] IssuerError),
    #[error(transparent)]
    Slug(#[from] InvalidSlug),
    #[error(transparent)]
    KeyRing(#[from] KeyRingError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SystemTenantError {
    /// Whether trying again later may help.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Store(error) | Self::KeyRing(KeyRingError::Store(error)) => {
                error.is_unavailable()
            }
            _ => false,
        }
    }

    fn of_resource(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(constraint) => Self::ResourceTaken(constraint),
            error => Self::Store(error),
        }
    }
}

impl Authority {
    /// Makes the system tenant unless it is there, and puts right what nobody could sign in without.
    pub async fn ensure_system_tenant(
        &self,
        settings: &SystemTenantSettings,
    ) -> Result<(), SystemTenantError> {
        let mut platform = self.database().platform().await?;
        let found = platform.find_system_tenant().await?;
        platform.commit().await?;
        match found {
            Some(tenant) => self.mend(&tenant, settings).await,
            None => self.make(settings).await,
        }
    }

    async fn make(&self, settings: &SystemTenantSettings) -> Result<(), SystemTenantError> {
        let now = self.now();
        let new = new_tenant(settings, TenantId::generate(self.random(), now))?;
        // Before the transaction: making a key takes a while, and locks should not.
        let keys = self
            .key_ring()
            .make_first_keys(new.tenant_id, new.settings.signing_algorithm)
            .await?;
        let mut platform = self.database().platform().await?;
        platform.wait_for_system_tenant().await?;
        if let Some(tenant) = platform.find_system_tenant().await? {
            drop(platform);
            return self.mend(&tenant, settings).await;
        }
        let now = self.now();
        // An ordinary tenant of this name never becomes it: others may administer that one already.
        let tenant = match platform.insert_tenant(&new, now).await {
            Err(StoreError::Conflict(constraint)) => {
                return Err(SystemTenantError::Taken(constraint));
            }
            inserted => inserted?,
        };
        let tenant = platform.mark_system_tenant(&tenant).await?;
        let mut scope = platform.into_tenant(&tenant).await?;
        for key in &keys {
            scope.insert_signing_key(key, now).await?;
        }
        let event = AuditEvent::new(EventType::TenantCreated, Actor::System, now)
            .at("tenant", tenant.id())
            .detail("slug", tenant.slug());
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        self.put_right(&mut scope, settings, now).await?;
        scope.commit().await?;
        tracing::info!(issuer = tenant.issuer().as_str(), "made the system tenant");
        Ok(())
    }

    async fn mend(
        &self,
        tenant: &Tenant,
        settings: &SystemTenantSettings,
    ) -> Result<(), SystemTenantError> {
        let database = self.database();
        let mut scope = database
            .tenant_in_line(tenant, Waiting::Administrator)
            .await?;
        self.put_right(&mut scope, settings, self.now()).await?;
        Ok(scope.commit().await?)
    }

    async fn put_right(
        &self,
        scope: &mut TenantScope,
        settings: &SystemTenantSettings,
        now: Timestamp,
    ) -> Result<(), SystemTenantError> {
        let left = self
            .put_resource_right(scope, &settings.admin_url, now)
            .await?;
        self.put_client_right(scope, now).await?;
        if let Some(left) = left {
            let now = self.now();
            scope
                .insert_ended_audience(&left, now, last_token_ends(now))
                .await?;
        }
        Ok(())
    }

    async fn put_resource_right(
        &self,
        scope: &mut TenantScope,
        admin_url: &str,
        now: Timestamp,
    ) -> Result<Option<LeftAudience>, SystemTenantError> {
        let found = scope.find_resource_for_update(ADMIN_RESOURCE).await?;
        let Some(before) = found.map(|record| record.resource) else {
            let resource = admin_resource(admin_url, now);
            scope
                .insert_resource(&resource, now)
                .await
                .map_err(SystemTenantError::of_resource)?;
            let event = AuditEvent::new(EventType::ResourceCreated, Actor::System, now);
            self.record(scope, event, "resource", &ADMIN_RESOURCE, admin_url)
                .await?;
            return Ok(None);
        };
        let mut after = before.clone();
        if after.identifier() != admin_url {
            after.identifiers = vec![admin_url.to_owned()];
        }
        admin_url.clone_into(&mut after.audience);
        for scope in admin_scopes() {
            if !after.has_scope(&scope.name) {
                after.scopes.push(scope);
            }
        }
        if after == before {
            return Ok(None);
        }
        let left = scope
            .update_resource(&after, now)
            .await
            .map_err(SystemTenantError::of_resource)?;
        let event = AuditEvent::new(EventType::ResourceUpdated, Actor::System, now);
        self.record(scope, event, "resource", &ADMIN_RESOURCE, admin_url)
            .await?;
        Ok(left)
    }

    async fn put_client_right(
        &self,
        scope: &mut TenantScope,
        now: Timestamp,
    ) -> Result<(), SystemTenantError> {
        let client_id = ClientId::parse(CLI_CLIENT_ID)
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        let found = scope.find_client_for_update(&client_id).await?;
        let Some(mut client) = found.map(|record| record.client) else {
            let key = ClientKey::generate(self.random(), now);
            scope
                .insert_client(&cli_client(key, client_id, now), None, now)
                .await?;
            let event = AuditEvent::new(EventType::ClientCreated, Actor::System, now);
            return self
                .record(scope, event, "client", &CLI_CLIENT_ID, "Writ CLI")
                .await;
        };
        let resources = client.resources.get_or_insert_default();
        if resources.contains(&ADMIN_RESOURCE) {
            return Ok(());
        }
        // The resource was deleted, and the client's right to it with it.
        resources.push(ADMIN_RESOURCE);
        client.default_resource = Some(ADMIN_RESOURCE);
        scope.update_client(&client, now).await?;
        let event = AuditEvent::new(EventType::ClientUpdated, Actor::System, now);
        self.record(scope, event, "client", &CLI_CLIENT_ID, "Writ CLI")
            .await
    }

    async fn record(
        &self,
        scope: &mut TenantScope,
        event: AuditEvent,
        kind: &'static str,
        id: &impl std::fmt::Display,
        name: &str,
    ) -> Result<(), SystemTenantError> {
        let event = event.at(kind, id).detail("name", name);
        let row = event.into_row(self.random());
        Ok(scope.insert_audit_event(&row).await?)
    }
}

/// Nobody registers here by themselves, and people who administer sign in again now and then.
fn new_tenant(
    settings: &SystemTenantSettings,
    tenant_id: TenantId,
) -> Result<NewTenant, SystemTenantError> {
    let issuer = format!("{}/t/{}", settings.public_url, Slug::SYSTEM);
    Ok(NewTenant {
        tenant_id,
        slug: Slug::parse(Slug::SYSTEM)?,
        display_name: "Writ administration".to_owned(),
        issuer: Issuer::parse(&issuer)?,
        settings: TenantSettings {
            registration_policy: RegistrationPolicy::Off,
            client_documents: ClientDocumentPolicy {
                mode: DocumentMode::Off,
                domains: Vec::new(),
            },
            refresh_idle_lifetime: 7 * DAY,
            refresh_absolute_lifetime: 30 * DAY,
            ..TenantSettings::default()
        },
    })
}

fn admin_resource(admin_url: &str, now: Timestamp) -> Resource {
    Resource {
        resource_id: ADMIN_RESOURCE,
        identifiers: vec![admin_url.to_owned()],
        audience: admin_url.to_owned(),
        audience_since: now,
        name: "Admin API".to_owned(),
        scopes: admin_scopes().to_vec(),
        access_token_lifetime: None,
    }
}

fn admin_scopes() -> [ResourceScope; 2] {
    [
        ResourceScope {
            name: READ_SCOPE.to_owned(),
            description: "See everything that you may see as an administrator or auditor"
                .to_owned(),
            is_default: true,
        },
        ResourceScope {
            name: WRITE_SCOPE.to_owned(),
            description: "Change everything that you may change as an administrator".to_owned(),
            is_default: false,
        },
    ]
}

fn cli_client(key: ClientKey, client_id: ClientId, now: Timestamp) -> Client {
    Client {
        name: Some("Writ CLI".to_owned()),
        redirect_uris: CLI_REDIRECT_URIS.map(RedirectUri::from_stored).to_vec(),
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::DeviceCode,
        ],
        application_type: ApplicationType::Native,
        // Good for nothing else, whatever is registered beside it.
        resources: Some(vec![ADMIN_RESOURCE]),
        default_resource: Some(ADMIN_RESOURCE),
        ..Client::blank(key, client_id, ClientOrigin::Static, AuthMethod::None, now)
    }
}
