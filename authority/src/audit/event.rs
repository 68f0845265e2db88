//! What is recorded, and by whom: the closed list of event types and the builder of one event.
//!
//! Nothing secret can get in: details are name and value pairs of text, and the types that hold
//! secrets have no text form.
//!
//! To add one more: a line in [`EventType`] with its name, and a test that looks for it.

use std::fmt::Display;
use std::net::IpAddr;

use protocol::client::UsedTolerances;
use protocol::clock::Timestamp;
use protocol::ids::{AdminKeyId, ClientId, EventId, UserId};
use protocol::random::Random;
use serde_json::{Map, Value};
use store::NewAuditEvent;

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)+) => {
        /// Everything that an audit row can say happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType {
            $($(#[$doc])* $variant,)+
        }

        impl EventType {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// `thing.happened`, stable: reports and alerts match on it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

event_types! {
    LoginSucceeded => "login.succeeded",
    LoginLimited => "login.limited",
    BrowserSessionEnded => "browser_session.ended",
    /// A client could not be told that a session has ended.
    LogoutNoticeGivenUp => "logout_notice.given_up",
    ConsentGranted => "consent.granted",
    ConsentDenied => "consent.denied",
    ConsentWithdrawn => "consent.withdrawn",
    CodeIssued => "code.issued",
    CodeRedeemed => "code.redeemed",
    CodeReused => "code.reused",
    DeviceCodeRedeemed => "device_code.redeemed",
    RefreshTokenRotated => "refresh_token.rotated",
    RefreshTokenRepeated => "refresh_token.repeated",
    RefreshTokenReused => "refresh_token.reused",
    /// A client that does not rotate used the one it has.
    RefreshTokenKept => "refresh_token.kept",
    /// Spent, its successor unused and the window over: refused, nothing revoked.
    RefreshTokenStale => "refresh_token.stale",
    /// Genuine, and of a family that was ended before, or without the key that it is bound to.
    RefreshTokenRefused => "refresh_token.refused",
    RefreshTokensVoided => "refresh_tokens.voided",
    ClientCredentialsIssued => "client_credentials.issued",
    GrantRevoked => "grant.revoked",
    AccessTokenRevoked => "access_token.revoked",
    /// Somebody asked about a token without saying who, where a tenant tolerates it.
    TokenIntrospected => "token.introspected",
    ClientRegistered => "client.registered",
    ClientDocumentChanged => "client.document_changed",
    TenantCreated => "tenant.created",
    TenantUpdated => "tenant.updated",
    TenantSuspended => "tenant.suspended",
    TenantResumed => "tenant.resumed",
    /// It serves nothing any more, and goes after a time of grace.
    TenantDeletionScheduled => "tenant.deletion_scheduled",
    /// It was to be deleted, and is what it was before.
    TenantRestored => "tenant.restored",
    /// Everything that it is made of was read at once, its people among it.
    TenantExported => "tenant.exported",
    TenantDeleted => "tenant.deleted",
    /// Somebody wants a tenant's issuer to be at a host.
    IssuerHostClaimed => "issuer_host.claimed",
    /// The host showed that it is theirs.
    IssuerHostVerified => "issuer_host.verified",
    IssuerHostReleased => "issuer_host.released",
    ResourceCreated => "resource.created",
    ResourceUpdated => "resource.updated",
    ResourceDeleted => "resource.deleted",
    /// Scopes were added for the tools that its server lists.
    ResourceToolsImported => "resource.tools_imported",
    /// Its server was asked again; only what was found is kept.
    ResourceToolsChecked => "resource.tools_checked",
    RefusedResourceAccepted => "refused_resource.accepted",
    RefusedResourceDismissed => "refused_resource.dismissed",
    ResourceCredentialCreated => "resource_credential.created",
    ResourceCredentialDeleted => "resource_credential.deleted",
    ClientCreated => "client.created",
    ClientUpdated => "client.updated",
    ClientEnabled => "client.enabled",
    ClientDisabled => "client.disabled",
    ClientDeleted => "client.deleted",
    ClientSecretCreated => "client_secret.created",
    ClientSecretDeleted => "client_secret.deleted",
    InitialAccessTokenCreated => "initial_access_token.created",
    InitialAccessTokenRevoked => "initial_access_token.revoked",
    UserCreated => "user.created",
    UserUpdated => "user.updated",
    UserEnabled => "user.enabled",
    UserDisabled => "user.disabled",
    UserDeleted => "user.deleted",
    UserPasswordSet => "user.password_set",
    /// Made with the hash of a password that other software had made, or without any.
    UserImported => "user.imported",
    /// Everything about a person was read at once.
    UserExported => "user.exported",
    GroupCreated => "group.created",
    GroupUpdated => "group.updated",
    GroupDeleted => "group.deleted",
    GroupMemberAdded => "group.member_added",
    GroupMemberRemoved => "group.member_removed",
    TenantQuotasUpdated => "tenant.quotas_updated",
    SigningKeyCreated => "signing_key.created",
    SigningKeyActivated => "signing_key.activated",
    SigningKeyRetired => "signing_key.retired",
    SigningKeyRemoved => "signing_key.removed",
    /// An operator took it away at once, with everything that it signed.
    SigningKeyRemovedInEmergency => "signing_key.removed_in_emergency",
    SigningKeyResealed => "signing_key.resealed",
    /// The policies of a tenant are others from here.
    PolicyVersionCreated => "policy_version.created",
    GuardRailVersionCreated => "guard_rail_version.created",
    AdminKeyCreated => "admin_key.created",
    AdminKeyUpdated => "admin_key.updated",
    /// Another took its place, and it ends in a while.
    AdminKeyRotated => "admin_key.rotated",
    AdminKeyRevoked => "admin_key.revoked",
    /// Somebody became an administrator or an auditor.
    MembershipCreated => "membership.created",
    MembershipDeleted => "membership.deleted",
    /// Older than the operator keeps them.
    AuditEventsRemoved => "audit_events.removed",
    /// Somebody asked that a person's data be taken out of them.
    AuditErasureRequested => "audit_erasure.requested",
    /// It was.
    AuditEventsErased => "audit_events.erased",
    WebhookCreated => "webhook.created",
    WebhookUpdated => "webhook.updated",
    WebhookDeleted => "webhook.deleted",
    WebhookSecretRotated => "webhook.secret_rotated",
    WebhookTested => "webhook.tested",
    /// It failed for days, or said that it is gone.
    WebhookPaused => "webhook.paused",
    WebhookDeliveryReplayed => "webhook_delivery.replayed",
}

impl EventType {
    /// What is issued by the thousand, or happens at strangers' wish: recorded in batches only. Webhooks are told of
    /// it where they name it in full.
    pub const fn is_recorded_in_batches(self) -> bool {
        matches!(
            self,
            Self::LoginLimited
                | Self::ClientRegistered
                | Self::CodeRedeemed
                | Self::DeviceCodeRedeemed
                | Self::ClientCredentialsIssued
                | Self::RefreshTokenRotated
                | Self::RefreshTokenRepeated
                | Self::RefreshTokenKept
                | Self::RefreshTokenStale
                | Self::RefreshTokenRefused
                | Self::TokenIntrospected
        )
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    Client(ClientId),
    AdminKey(AdminKeyId),
    /// A person of the system tenant, who signed in to administer.
    Administrator(UserId),
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
            Self::Administrator(_) => "administrator",
            Self::BootstrapKey => "bootstrap_key",
            Self::CommandLine => "command_line",
            Self::System => "system",
        }
    }

    pub fn id(&self) -> Option<String> {
        match self {
            Self::User(user_id) | Self::Administrator(user_id) => Some(user_id.to_string()),
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
