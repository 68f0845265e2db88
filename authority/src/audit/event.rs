//! What is recorded, and by whom: the closed list of event types and the builder of one event.
//!
//! Nothing secret can get in: details are name and value pairs of text, and the types that hold
//! secrets have no text form.
//!
//! To add one more: a variant of [`EventType`], its name below, and a test that looks for it.

use std::fmt::Display;
use std::net::IpAddr;

use protocol::client::UsedTolerances;
use protocol::clock::Timestamp;
use protocol::ids::{AdminKeyId, ClientId, EventId, UserId};
use protocol::random::Random;
use serde_json::{Map, Value};
use store::NewAuditEvent;

/// Everything that an audit row can say happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    LoginSucceeded,
    LoginLimited,
    BrowserSessionEnded,
    /// A client could not be told that a session has ended.
    LogoutNoticeGivenUp,
    ConsentGranted,
    ConsentDenied,
    ConsentWithdrawn,
    CodeIssued,
    CodeRedeemed,
    CodeReused,
    DeviceCodeRedeemed,
    RefreshTokenRotated,
    RefreshTokenRepeated,
    RefreshTokenReused,
    /// A client that does not rotate used the one it has.
    RefreshTokenKept,
    /// Spent, its successor unused and the window over: refused, nothing revoked.
    RefreshTokenStale,
    /// Genuine, and of a family that was ended before, or without the key that it is bound to.
    RefreshTokenRefused,
    RefreshTokensVoided,
    ClientCredentialsIssued,
    GrantRevoked,
    AccessTokenRevoked,
    /// Somebody asked about a token without saying who, where a tenant tolerates it.
    TokenIntrospected,
    ClientRegistered,
    ClientDocumentChanged,
    TenantCreated,
    TenantUpdated,
    TenantSuspended,
    TenantResumed,
    TenantDeleted,
    ResourceCreated,
    ResourceUpdated,
    ResourceDeleted,
    RefusedResourceAccepted,
    RefusedResourceDismissed,
    ResourceCredentialCreated,
    ResourceCredentialDeleted,
    ClientCreated,
    ClientUpdated,
    ClientEnabled,
    ClientDisabled,
    ClientDeleted,
    ClientSecretCreated,
    ClientSecretDeleted,
    InitialAccessTokenCreated,
    InitialAccessTokenRevoked,
    UserCreated,
    UserUpdated,
    UserEnabled,
    UserDisabled,
    UserDeleted,
    UserPasswordSet,
    SigningKeyCreated,
    SigningKeyActivated,
    SigningKeyRetired,
    SigningKeyRemoved,
    /// An operator took it away at once, with everything that it signed.
    SigningKeyRemovedInEmergency,
    SigningKeyResealed,
    AdminKeyCreated,
    AdminKeyRevoked,
    /// Older than the operator keeps them.
    AuditEventsRemoved,
}

impl EventType {
    /// `thing.happened`, stable: reports and alerts match on it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginSucceeded => "login.succeeded",
            Self::LoginLimited => "login.limited",
            Self::BrowserSessionEnded => "browser_session.ended",
            Self::LogoutNoticeGivenUp => "logout_notice.given_up",
            Self::ConsentGranted => "consent.granted",
            Self::ConsentDenied => "consent.denied",
            Self::ConsentWithdrawn => "consent.withdrawn",
            Self::CodeIssued => "code.issued",
            Self::CodeRedeemed => "code.redeemed",
            Self::CodeReused => "code.reused",
            Self::DeviceCodeRedeemed => "device_code.redeemed",
            Self::RefreshTokenRotated => "refresh_token.rotated",
            Self::RefreshTokenRepeated => "refresh_token.repeated",
            Self::RefreshTokenReused => "refresh_token.reused",
            Self::RefreshTokenKept => "refresh_token.kept",
            Self::RefreshTokenStale => "refresh_token.stale",
            Self::RefreshTokenRefused => "refresh_token.refused",
            Self::RefreshTokensVoided => "refresh_tokens.voided",
            Self::ClientCredentialsIssued => "client_credentials.issued",
            Self::GrantRevoked => "grant.revoked",
            Self::AccessTokenRevoked => "access_token.revoked",
            Self::TokenIntrospected => "token.introspected",
            Self::ClientRegistered => "client.registered",
            Self::ClientDocumentChanged => "client.document_changed",
            Self::TenantCreated => "tenant.created",
            Self::TenantUpdated => "tenant.updated",
            Self::TenantSuspended => "tenant.suspended",
            Self::TenantResumed => "tenant.resumed",
            Self::TenantDeleted => "tenant.deleted",
            Self::ResourceCreated => "resource.created",
            Self::ResourceUpdated => "resource.updated",
            Self::ResourceDeleted => "resource.deleted",
            Self::RefusedResourceAccepted => "refused_resource.accepted",
            Self::RefusedResourceDismissed => "refused_resource.dismissed",
            Self::ResourceCredentialCreated => "resource_credential.created",
            Self::ResourceCredentialDeleted => "resource_credential.deleted",
            Self::ClientCreated => "client.created",
            Self::ClientUpdated => "client.updated",
            Self::ClientEnabled => "client.enabled",
            Self::ClientDisabled => "client.disabled",
            Self::ClientDeleted => "client.deleted",
            Self::ClientSecretCreated => "client_secret.created",
            Self::ClientSecretDeleted => "client_secret.deleted",
            Self::InitialAccessTokenCreated => "initial_access_token.created",
            Self::InitialAccessTokenRevoked => "initial_access_token.revoked",
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserEnabled => "user.enabled",
            Self::UserDisabled => "user.disabled",
            Self::UserDeleted => "user.deleted",
            Self::UserPasswordSet => "user.password_set",
            Self::SigningKeyCreated => "signing_key.created",
            Self::SigningKeyActivated => "signing_key.activated",
            Self::SigningKeyRetired => "signing_key.retired",
            Self::SigningKeyRemoved => "signing_key.removed",
            Self::SigningKeyRemovedInEmergency => "signing_key.removed_in_emergency",
            Self::SigningKeyResealed => "signing_key.resealed",
            Self::AdminKeyCreated => "admin_key.created",
            Self::AdminKeyRevoked => "admin_key.revoked",
            Self::AuditEventsRemoved => "audit_events.removed",
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    Client(ClientId),
    AdminKey(AdminKeyId),
    /// The admin key of the configuration, which is in no table.
    BootstrapKey,
    /// Whoever may run `writ` with the installation's settings.
    CommandLine,
    /// Writ itself: a sweep, a schedule.
    System,
}

impl Actor {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Client(_) => "client",
            Self::AdminKey(_) => "admin_key",
            Self::BootstrapKey => "bootstrap_key",
            Self::CommandLine => "command_line",
            Self::System => "system",
        }
    }

    pub fn id(&self) -> Option<String> {
        match self {
            Self::User(user_id) => Some(user_id.to_string()),
            Self::Client(client_id) => Some(client_id.to_string()),
            Self::AdminKey(admin_key_id) => Some(admin_key_id.to_string()),
            Self::BootstrapKey | Self::CommandLine | Self::System => None,
        }
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub kind: &'static str,
    pub id: String,
}

/// One event on its way to a row. Built from what is known, then given to `store`.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    event_type: EventType,
    actor: Actor,
    occurred_at: Timestamp,
    target: Option<Target>,
    request_id: Option<String>,
    address: Option<IpAddr>,
    details: Map<String, Value>,
}

impl AuditEvent {
    pub fn new(event_type: EventType, actor: Actor, occurred_at: Timestamp) -> Self {
        Self {
            event_type,
            actor,
            occurred_at,
            target: None,
            request_id: None,
            address: None,
            details: Map::new(),
        }
    }

    #[must_use]
    pub fn at(mut self, kind: &'static str, id: impl Display) -> Self {
        self.target = Some(Target {
            kind,
            id: id.to_string(),
        });
        self
    }

    #[must_use]
    pub fn request_id(mut self, request_id: Option<&str>) -> Self {
        self.request_id = request_id.map(str::to_owned);
        self
    }

    #[must_use]
    pub fn address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// Never a secret: what can be read here is read by whoever reads the audit.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Display) -> Self {
        self.details
            .insert(name.to_owned(), Value::String(value.to_string()));
        self
    }

    /// A whole value, such as what changed from what to what.
    #[must_use]
    pub fn detail_json(mut self, name: &'static str, value: Value) -> Self {
        self.details.insert(name.to_owned(), value);
        self
    }

    /// What was let pass for this request; nothing is said where nothing was.
    #[must_use]
    pub fn tolerances(self, used: &UsedTolerances) -> Self {
        if used.is_empty() {
            return self;
        }
        self.detail("tolerances", used)
    }

    pub fn into_row(self, random: &dyn Random) -> NewAuditEvent {
        let (target_kind, target_id) = match self.target {
            Some(target) => (Some(target.kind.to_owned()), Some(target.id)),
            None => (None, None),
        };
        NewAuditEvent {
            event_id: EventId::generate(random, self.occurred_at),
            occurred_at: self.occurred_at,
            event_type: self.event_type.as_str().to_owned(),
            actor_kind: self.actor.kind().to_owned(),
            actor_id: self.actor.id(),
            target_kind,
            target_id,
            request_id: self.request_id,
            address: self.address,
            details: Value::Object(self.details),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn an_event_becomes_a_row_with_its_parts() {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let client_id = ClientId::parse("c_1").unwrap();
        let event = AuditEvent::new(EventType::CodeReused, Actor::Client(client_id), now)
            .at("grant", "g")
            .address(Some(IpAddr::from([192, 0, 2, 1])))
            .detail("scope", "a b");
        let row = event.into_row(&Zeros);
        assert_eq!(row.event_type, "code.reused");
        assert_eq!(
            (row.actor_kind.as_str(), row.actor_id.as_deref()),
            ("client", Some("c_1"))
        );
        assert_eq!(
            (row.target_kind.as_deref(), row.target_id.as_deref()),
            (Some("grant"), Some("g"))
        );
        assert_eq!(row.details, serde_json::json!({"scope": "a b"}));
    }
}
