//! Device authorization (RFC 8628): a device asks, a person finds its request by the code and decides.
//!
//! Not here: what may be asked (`protocol::device`), the pages (`server`), redeeming (`tokens::device_code`).
//!
//! Guesses of user codes are limited by address, and by person or else by tenant; requests by address and tenant,
//! because an unauthenticated client's request writes a row.

use std::net::IpAddr;
use std::time::Duration;

use crypto::{SecretKind, SecretToken};
use protocol::authorization::PendingAuthorization;
use protocol::client::DeviceAuthorizationMode;
use protocol::device::{self, DeviceRequest, DeviceRequestError, UserCode};
use protocol::error_code::{ErrorCode, ProtocolError};
use protocol::ids::{GrantId, PendingId, SessionId, UserId};
use protocol::openid::PASSWORD_ACR;
use protocol::resource::ResourceChoice;
use protocol::{Parameters, ScopeSet, Timestamp};
use store::{DeviceAuthorizationRecord, NewDeviceAuthorization, NewGrant, StoreError, Tenant};

use crate::Authority;
use crate::audit::{Actor, AuditEvent, EventType, Origin};
use crate::client_authentication::AuthorizingClient;
use crate::client_documents::{DocumentToStore, StoreDocumentError};
use crate::digests;
use crate::directory::KnownClient;
use crate::grants::GrantError;
use crate::limits::{Limit, RateLimited};
use crate::policy::{self, DocumentRefusal};

/// A second row with the same live code is as good as impossible; a third is a fault.
const ATTEMPTS: u32 = 3;

/// Why a device gets no codes.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Request(#[from] DeviceRequestError),
    #[error(transparent)]
    Document(#[from] DocumentRefusal),
    #[error("the tenant holds as many clients with a metadata document as it may")]
    TooManyClients,
    #[error("the client was deleted meanwhile")]
    ClientGone,
    #[error(transparent)]
    Limited(#[from] RateLimited),
    #[error(transparent)]
    Store(#[from] StoreError),
}

const CLIENT_IS_THERE: &str = "device_authorizations_tenant_id_client_key_fkey";

impl From<StoreDocumentError> for AskError {
    fn from(error: StoreDocumentError) -> Self {
        match error {
            StoreDocumentError::TooManyClients => Self::TooManyClients,
            StoreDocumentError::Store(error) => Self::Store(error),
        }
    }
}

impl ProtocolError for AskError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Request(error) => error.code(),
            Self::Document(_) => ErrorCode::UnauthorizedClient,
            Self::ClientGone => ErrorCode::InvalidClient,
            Self::TooManyClients | Self::Limited(_) => ErrorCode::TemporarilyUnavailable,
            Self::Store(error) if error.is_unavailable() => ErrorCode::TemporarilyUnavailable,
            Self::Store(_) => ErrorCode::ServerError,
        }
    }
}

/// Where a device's request came from.
pub struct AskingDevice<'a> {
    pub parameters: &'a Parameters,
    pub address: IpAddr,
    pub request_id: &'a str,
}

/// What the device is told. The codes are in no log.
#[derive(Debug)]
pub struct DeviceCodes {
    pub device_code: SecretToken,
    pub user_code: UserCode,
    pub lifetime: Duration,
    pub interval: Duration,
}

/// Who types a code.
#[derive(Clone, Copy, Debug)]
pub struct Typist {
    pub address: IpAddr,
    /// Once somebody is signed in.
    pub user_id: Option<UserId>,
}

#[derive(Debug, thiserror::Error)]
pub enum UserCodeError {
    /// Never made, decided, or too late: nobody outside can tell.
    #[error("no device waits with this code")]
    Unknown,
    #[error(transparent)]
    Limited(#[from] RateLimited),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a person allowed a device, with everything checked again.
pub struct ApprovedDevice<'a> {
    pub pending: &'a PendingAuthorization,
    pub client: &'a KnownClient,
    pub request: DeviceRequest,
    pub user_id: UserId,
    pub authenticated_at: Timestamp,
    pub session_id: SessionId,
    pub scopes: ScopeSet,
    pub origin: Origin,
}

impl Authority {
    /// A device asks (RFC 8628 §3.1, §3.2).
    pub async fn ask_for_device(
        &self,
        tenant: &Tenant,
        authorizing: &AuthorizingClient,
        asking: &AskingDevice<'_>,
    ) -> Result<DeviceCodes, AskError> {
        let outcome = self.try_ask_for_device(tenant, authorizing, asking).await;
        let label = if outcome.is_ok() {
            "requested"
        } else {
            "refused"
        };
        self.count_device(label);
        outcome
    }

    async fn try_ask_for_device(
        &self,
        tenant: &Tenant,
        authorizing: &AuthorizingClient,
        asking: &AskingDevice<'_>,
    ) -> Result<DeviceCodes, AskError> {
        let client = &authorizing.client.client;
        policy::check_origin(tenant, client)?;
        let resources = self.directory().list_resources(tenant).await?;
        let choice = ResourceChoice {
            resources: &resources,
            client,
            tenant_default: tenant.settings().default_resource,
            issuer: tenant.issuer(),
        };
        let mode = tenant.settings().device_authorization;
        let asked = device::request::check(asking.parameters, &choice, mode)?;
        self.limit_asking(tenant, asking.address).await?;
        let now = self.now();
        let mut scope = self.database().tenant(tenant).await?;
        let to_store = DocumentToStore {
            client,
            document: authorizing.document.as_ref(),
            origin: Origin {
                request_id: Some(asking.request_id.to_owned()),
                address: Some(asking.address),
            },
        };
        let client_key = self
            .store_document_in(&mut scope, tenant, &to_store)
            .await?;
        let device_code = SecretToken::generate(SecretKind::DeviceCode, self.random());
        for _ in 0..ATTEMPTS {
            let user_code = UserCode::generate(self.random());
            let new = NewDeviceAuthorization {
                pending_id: PendingId::generate(self.random(), now),
                client_key,
                device_code: digests::to_store(&self.peppers().digest(&device_code)),
                user_code: digests::to_store(&self.peppers().digest(&user_code)),
                scopes: asked.scopes.clone(),
                resource_ids: asked.resources.iter().map(|it| it.resource_id).collect(),
                requested_from: asking.address,
                interval: device::INTERVAL,
                expires_at: now + device::LIFETIME,
            };
            let inserted = scope.insert_device_authorization(&new, now).await;
            if inserted.map_err(|error| match error.conflict() {
                Some(CLIENT_IS_THERE) => AskError::ClientGone,
                _ => error.into(),
            })? {
                scope.commit().await?;
                if let Some(document) = &authorizing.document {
                    document.was_stored();
                }
                return Ok(DeviceCodes {
                    device_code,
                    user_code,
                    lifetime: device::LIFETIME,
                    interval: device::INTERVAL,
                });
            }
        }
        Err(StoreError::Internal("every user code was taken".to_owned()).into())
    }

    async fn limit_asking(&self, tenant: &Tenant, address: IpAddr) -> Result<(), RateLimited> {
        let tenant_id = Some(tenant.id());
        self.limits()
            .take_by_address(Limit::DeviceRequestAddress, tenant_id, address)
            .await?;
        self.limits()
            .take(Limit::DeviceRequestTenant, tenant_id, "")
            .await
    }

    /// What waits for this code. Every try counts, before anything is looked up.
    pub async fn find_device_by_user_code(
        &self,
        tenant: &Tenant,
        typed: &str,
        typist: Typist,
    ) -> Result<DeviceAuthorizationRecord, UserCodeError> {
        if tenant.settings().device_authorization == DeviceAuthorizationMode::Off {
            return Err(UserCodeError::Unknown);
        }
        let code = UserCode::parse(typed).map_err(|_| UserCodeError::Unknown)?;
        let (limits, tenant_id) = (self.limits(), Some(tenant.id()));
        limits
            .take_by_address(Limit::UserCodeAddress, tenant_id, typist.address)
            .await?;
        // Whoever is signed in is counted for themselves: strangers who guess from many addresses do not keep
        // the tenant's people from their devices.
        let (limit, whose) = match typist.user_id {
            Some(user_id) => (Limit::UserCodePerson, user_id.to_string()),
            None => (Limit::UserCodeTenant, String::new()),
        };
        limits.take(limit, tenant_id, &whose).await?;
        let digests = digests::for_look_up(self.peppers(), &code);
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope
            .find_device_authorization_by_user_code(&digests, self.now())
            .await?;
        scope.commit().await?;
        if found.is_none() {
            self.count_device("unknown_code");
        }
        found.ok_or(UserCodeError::Unknown)
    }

    /// What a sign-in for a device is about.
    pub async fn find_device(
        &self,
        tenant: &Tenant,
        pending_id: PendingId,
    ) -> Result<Option<DeviceAuthorizationRecord>, StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope.find_device_authorization(pending_id).await?;
        scope.commit().await?;
        Ok(found)
    }

    /// Grant, answer and audit event in one transaction; the device gets its tokens when it asks next. The session
    /// cannot end beside it, as at `issue_code`.
    pub async fn approve_device(
        &self,
        tenant: &Tenant,
        approved: ApprovedDevice<'_>,
    ) -> Result<(), GrantError> {
        let now = self.now();
        let grant = NewGrant {
            grant_id: GrantId::generate(self.random(), now),
            user_id: approved.user_id,
            client_key: approved.client.key,
            scopes: approved.scopes.clone(),
            refused_scopes: approved.pending.refused_scopes.clone(),
            resource_ids: approved.pending.resources.clone(),
            authenticated_at: approved.authenticated_at,
            client_auth_method: approved.client.auth_method,
            session_id: Some(approved.session_id),
            // The one way to sign in.
            acr: Some(PASSWORD_ACR.to_owned()),
        };
        let event = decided_event(EventType::ConsentGranted, &approved, now)
            .at("grant", grant.grant_id)
            .detail("scope", &approved.scopes);
        let mut scope = self.database().tenant(tenant).await?;
        if !scope.hold_browser_session(approved.session_id).await? {
            return Err(GrantError::SessionEnded);
        }
        // Before the device's row: deleting the client takes them in this order.
        if !scope.hold_client(approved.client.key).await? {
            return Err(GrantError::ClientGone);
        }
        let pending_id = approved.pending.pending_id;
        let is_first = scope
            .approve_device_authorization(pending_id, &grant, now)
            .await?;
        if !is_first {
            scope.roll_back().await?;
            return Err(GrantError::AlreadyUsed);
        }
        scope
            .insert_audit_event(&event.into_row(self.random()))
            .await?;
        scope.commit().await?;
        self.metrics()
            .consents
            .with_label_values(&["granted"])
            .inc();
        self.count_device("approved");
        Ok(())
    }

    /// The device hears `access_denied`: a person refused, or what was asked is no longer to be had. False when
    /// it was answered before.
    pub async fn deny_device(
        &self,
        tenant: &Tenant,
        pending_id: PendingId,
    ) -> Result<bool, StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let is_first = scope
            .deny_device_authorization(pending_id, self.now())
            .await?;
        scope.commit().await?;
        if is_first {
            self.count_device("denied");
        }
        Ok(is_first)
    }

    fn count_device(&self, outcome: &str) {
        self.metrics()
            .device_authorizations
            .with_label_values(&[outcome])
            .inc();
    }
}

fn decided_event(
    event_type: EventType,
    approved: &ApprovedDevice<'_>,
    now: Timestamp,
) -> AuditEvent {
    let resources = approved.pending.resources.iter();
    let resources: Vec<String> = resources.map(ToString::to_string).collect();
    AuditEvent::new(event_type, Actor::User(approved.user_id), now)
        .origin(&approved.origin)
        .detail("client_id", &approved.client.client_id)
        .detail("device_requested_from", approved.request.requested_from)
        .detail("resources", resources.join(" "))
}
