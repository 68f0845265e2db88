//! One of everything, in one tenant. Names are the same in every tenant; ids are not.

mod makers;

use std::net::IpAddr;

use protocol::authorization::ProofOfPossession;
use protocol::client::{AuthMethod, Client, ClientKeys, ClientOrigin, GrantType};
use protocol::redirect_uri::RedirectUri;
use protocol::resource::{Resource, ResourceScope};
use protocol::{
    AdminKeyId, AdminRole, ClientId, ClientKey, CredentialId, DecisionId, EventId, FamilyId,
    GrantId, GroupName, JwkThumbprint, MembershipId, PendingId, RefusedIndicatorId, ResourceId,
    ScopeSet, SecretText, SessionId, TokenId, UserAttributes, UserId, WebhookId,
};
use serde_json::json;

use self::makers::*;
pub(crate) use self::makers::{
    client_secret, client_secret_of, dpop_key, grant_and_code, idempotent_answer, new_family,
};
use super::devices::Devices;
use super::{CountingRandom, World, at};
use crate::{
    GroupUpdate, NewAdminKey, NewAuditEvent, NewAuthorizationCode, NewBrowserSession,
    NewClientDocument, NewClientSecret, NewConsent, NewDecision, NewGrant, NewGroup,
    NewIdempotentAnswer, NewInitialAccessToken, NewMembership, NewPolicyVersion, NewRefreshFamily,
    NewRefusedResourceIndicator, NewResourceCredential, NewSigningKey, NewUser, NewWebhook,
    PolicyAuthor, ResourceTools, RevokedReason, SealedWebhookSecret, SecretDigest,
    SigningKeySighting, SigningKeyState, SigningKeyUse, StoredSecret, Tenant, TenantQuotas,
    UserUpdate,
};

const REDIRECT_URI: &str = "https://app.example/callback";

/// Ids and descriptions of one of everything.
#[derive(Clone)]
pub(crate) struct Things {
    pub user: NewUser,
    /// The user is in it.
    pub group: NewGroup,
    pub client: Client,
    pub client_secret: NewClientSecret,
    pub resource: Resource,
    pub resource_credential: NewResourceCredential,
    pub resource_tools: ResourceTools,
    pub session: NewBrowserSession,
    pub consent: NewConsent,
    pub grant: NewGrant,
    pub code: NewAuthorizationCode,
    pub family: NewRefreshFamily,
    /// A second grant whose code was not redeemed.
    pub open_grant: NewGrant,
    pub open_code: NewAuthorizationCode,
    /// A third one, revoked.
    pub revoked_grant: GrantId,
    pub signing_key: NewSigningKey,
    pub next_signing_key: NewSigningKey,
    pub jti: TokenId,
    pub event: NewAuditEvent,
    pub admin_key: NewAdminKey,
    /// Of its own user, as if it were the system tenant; [`Things::insert`] writes it.
    membership: Option<NewMembership>,
    /// It is told of every event.
    pub webhook: NewWebhook,
    pub decision: NewDecision,
    pub newcomers: Newcomers,
    /// [`Things::insert_all`] writes them.
    pub devices: Devices,
}

/// What is there once clients come by themselves; [`Things::insert_all`] writes it.
#[derive(Clone)]
pub(crate) struct Newcomers {
    pub registered: Client,
    pub registration_token: SecretDigest,
    pub described: Client,
    pub document: NewClientDocument,
    pub initial_access_token: NewInitialAccessToken,
    pub refused: NewRefusedResourceIndicator,
}

/// The `jti` of an assertion that was used.
pub(crate) const ANSWERED_CALLER: &str = "key:1";
pub(crate) const USED_JTI: &str = "assertion-1";

pub(crate) fn policy_version() -> NewPolicyVersion {
    NewPolicyVersion {
        policies: Some("permit (principal, action, resource);".to_owned()),
        note: Some("at first".to_owned()),
        reverts_to: None,
        author: PolicyAuthor {
            kind: "bootstrap_key".to_owned(),
            id: None,
        },
    }
}

fn admin_key() -> NewAdminKey {
    NewAdminKey {
        admin_key_id: AdminKeyId::generate(&CountingRandom, at(0)),
        tenant: None,
        name: "deploy".to_owned(),
        digest: digest(),
        scopes: AdminRole::Auditor.scopes(),
        rotated_from: None,
        expires_at: None,
    }
}

/// A digest that is nobody else's.
pub(crate) fn digest() -> SecretDigest {
    let mut bytes = [0; 32];
    protocol::Random::fill(&CountingRandom, &mut bytes);
    SecretDigest {
        bytes,
        pepper_id: 1,
    }
}

impl Things {
    /// Things that are not there yet.
    pub fn new() -> Self {
        let random = &CountingRandom;
        let user_id = UserId::generate(random, at(0));
        let client = client();
        let resource = resource();
        let (grant, code) = grant_and_code(user_id, &client, &resource);
        let (open_grant, open_code) = grant_and_code(user_id, &client, &resource);
        Self {
            user: NewUser {
                user_id,
                username: "Alice".to_owned(),
                folded_username: "alice".to_owned(),
                email: Some("alice@example.com".to_owned()),
                folded_email: Some("alice@example.com".to_owned()),
                name: Some("Alice".to_owned()),
                password_hash: Some(SecretText::from(
                    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
                )),
                password_scheme: Some("bcrypt:10".to_owned()),
                is_enabled: true,
                attributes: attributes(),
            },
            group: NewGroup {
                name: GroupName::parse("editors").unwrap(),
                display_name: Some("Editors".to_owned()),
                description: None,
            },
            client_secret: client_secret(),
            resource_tools: ResourceTools {
                resource_id: resource.resource_id,
                url: Some("https://mcp.acme.test/mcp".to_owned()),
                imported: Vec::new(),
                imported_at: at(0),
                found: None,
            },
            resource_credential: NewResourceCredential {
                credential_id: CredentialId::generate(random, at(0)),
                resource_id: resource.resource_id,
                client_id: ClientId::parse("resource-server").unwrap(),
                secret: Some(StoredSecret::Generated(digest())),
                keys: ClientKeys::None,
            },
            session: NewBrowserSession {
                session_id: SessionId::generate(random, at(0)),
                digest: digest(),
                user_id,
                authenticated_at: at(0),
                expires_at: at(3_600),
            },
            consent: NewConsent {
                user_id,
                client_key: client.key,
                resource_id: resource.resource_id,
                redirect_uri: RedirectUri::from_stored(REDIRECT_URI),
                scopes: ScopeSet::parse("tools:call").unwrap(),
            },
            family: new_family(),
            revoked_grant: GrantId::generate(random, at(0)),
            signing_key: signing_key("key-1", SigningKeyState::Active),
            next_signing_key: signing_key("key-2", SigningKeyState::Next),
            jti: TokenId::generate(random, at(0)),
            event: event(),
            admin_key: admin_key(),
            membership: None,
            webhook: webhook(),
            decision: decision(user_id, &client),
            newcomers: Newcomers::new(),
            devices: Devices::new(client.key, resource.resource_id, &grant),
            client,
            resource,
            grant,
            code,
            open_grant,
            open_code,
        }
    }

    /// The same, written.
    pub async fn insert(world: &World, tenant: &Tenant) -> Self {
        let mut things = Self::new();
        let mut scope = world.database.tenant(tenant).await.unwrap();
        scope.insert_user(&things.user, at(0)).await.unwrap();
        scope.insert_group(&things.group, at(0)).await.unwrap();
        let (group, user_id) = (&things.group.name, things.user_id());
        let is_new = scope.insert_group_member(group, user_id, at(0));
        assert!(is_new.await.unwrap());
        scope
            .insert_resource(&things.resource, at(0))
            .await
            .unwrap();
        scope
            .insert_resource_credential(&things.resource_credential, at(0))
            .await
            .unwrap();
        scope
            .keep_resource_tools(&things.resource_tools)
            .await
            .unwrap();
        scope
            .insert_client(&things.client, Some(&things.client_secret), at(0))
            .await
            .unwrap();
        scope
            .insert_browser_session(&things.session, at(0))
            .await
            .unwrap();
        scope.insert_consent(&things.consent, at(0)).await.unwrap();
        scope
            .insert_grant_with_code(&things.grant, &things.code, at(0))
            .await
            .unwrap();
        let digest = &things.code.digest;
        assert!(
            scope
                .redeem_authorization_code(digest, Some(&things.family), at(1))
                .await
                .unwrap()
        );
        scope
            .insert_grant_with_code(&things.open_grant, &things.open_code, at(0))
            .await
            .unwrap();
        let (mut revoked, code) =
            grant_and_code(things.user.user_id, &things.client, &things.resource);
        revoked.grant_id = things.revoked_grant;
        scope
            .insert_grant_with_code(&revoked, &code, at(0))
            .await
            .unwrap();
        let reason = RevokedReason::Operator;
        assert!(
            scope
                .revoke_grant(things.revoked_grant, reason, at(1), at(900))
                .await
                .unwrap()
        );
        scope
            .insert_signing_key(&things.signing_key, at(0))
            .await
            .unwrap();
        scope
            .insert_signing_key(&things.next_signing_key, at(0))
            .await
            .unwrap();
        let sightings = [things.sighting()];
        let seen = scope.insert_signing_key_sightings(&sightings).await;
        assert_eq!(seen.unwrap(), 1);
        assert!(
            scope
                .revoke_access_token(things.jti, at(1), at(900))
                .await
                .unwrap()
        );
        // Before the event, which it is told of.
        scope.insert_webhook(&things.webhook, at(0)).await.unwrap();
        scope.insert_audit_event(&things.event).await.unwrap();
        scope
            .insert_admin_key(&things.admin_key, at(0))
            .await
            .unwrap();
        let membership = NewMembership {
            membership_id: MembershipId::generate(&CountingRandom, at(0)),
            system_tenant: tenant.clone(),
            user_id: things.user.user_id,
            role: AdminRole::Auditor,
        };
        scope.insert_membership(&membership, at(0)).await.unwrap();
        things.membership = Some(membership);
        scope.commit().await.unwrap();
        let mut platform = world.database.platform().await.unwrap();
        let decisions = [(tenant.clone(), things.decision.clone())];
        let inserted = platform.insert_decisions_of_tenants(&decisions);
        inserted.await.unwrap();
        platform.commit().await.unwrap();
        things
    }

    /// Once it was inserted.
    pub fn membership(&self) -> &NewMembership {
        self.membership.as_ref().unwrap()
    }

    /// Its resource was shown the key that signs, and not the next one.
    pub fn sighting(&self) -> SigningKeySighting {
        SigningKeySighting {
            resource_id: self.resource.resource_id,
            kid: self.signing_key.kid.clone(),
            first_seen_at: at(0),
        }
    }

    /// The same, and the newcomers.
    pub async fn insert_all(world: &World, tenant: &Tenant) -> Self {
        // One of everything is more than a caller's future should hold.
        let things = Box::pin(Self::insert(world, tenant)).await;
        let mut platform = world.database.platform().await.unwrap();
        let quotas = TenantQuotas {
            users: Some(1_000),
            ..TenantQuotas::default()
        };
        platform
            .set_tenant_quotas(tenant.id(), &quotas, at(0))
            .await
            .unwrap();
        platform.commit().await.unwrap();
        let new = &things.newcomers;
        let mut scope = world.database.tenant(tenant).await.unwrap();
        scope
            .insert_client(&new.registered, None, at(0))
            .await
            .unwrap();
        let token = &new.registration_token;
        let is_set = scope.set_client_registration_token(new.registered.key, token);
        assert!(is_set.await.unwrap());
        let upserted = scope.upsert_document_client(&new.described, &new.document, at(0));
        assert!(upserted.await.unwrap().is_new);
        scope
            .insert_initial_access_token(&new.initial_access_token, at(0))
            .await
            .unwrap();
        let version = scope.insert_policy_version(&policy_version(), at(0)).await;
        assert_eq!(version.unwrap().version, 1);
        scope
            .keep_refused_resource_indicator(&new.refused, at(0))
            .await
            .unwrap();
        let erasure = scope.insert_audit_erasure(things.user.user_id, at(0), at(0));
        assert!(erasure.await.unwrap());
        let ended = things.grant.session_id.as_slice();
        let notices = scope.insert_logout_notices(ended, at(0)).await.unwrap();
        assert_eq!(notices, 1);
        things.devices.insert(&mut scope).await;
        let client_id = &things.client.client_id;
        let is_first = scope.insert_client_assertion_id(client_id, USED_JTI, at(900), at(0));
        assert!(is_first.await.unwrap());
        let answer = idempotent_answer();
        let kept = scope.insert_idempotent_answer(&answer, at(0));
        assert!(kept.await.unwrap());
        let key = dpop_key();
        let is_first = scope.insert_dpop_proof_id(&key, USED_JTI, at(900), at(0));
        assert!(is_first.await.unwrap());
        scope
            .insert_audit_event(&reuse_of(&things.grant))
            .await
            .unwrap();
        let gone = Client {
            key: ClientKey::generate(&CountingRandom, at(0)),
            client_id: ClientId::parse("gone").unwrap(),
            ..client()
        };
        scope.insert_client(&gone, None, at(0)).await.unwrap();
        let deleted = scope.delete_client(gone.key).await.unwrap().unwrap();
        let told = scope.insert_ended_client(&deleted, at(1), at(900));
        told.await.unwrap();
        let gone = Resource {
            resource_id: ResourceId::generate(&CountingRandom, at(0)),
            identifiers: vec!["https://gone.example".to_owned()],
            audience: "https://gone.example".to_owned(),
            ..resource()
        };
        scope.insert_resource(&gone, at(0)).await.unwrap();
        let left = scope.delete_resource(gone.resource_id).await.unwrap();
        let told = scope.insert_ended_audience(left.as_ref().unwrap(), at(1), at(900));
        told.await.unwrap();
        scope.commit().await.unwrap();
        things
    }

    pub fn user_id(&self) -> UserId {
        self.user.user_id
    }

    /// As somebody who should not would have it.
    pub fn user_update() -> UserUpdate {
        UserUpdate {
            username: "Mallory".to_owned(),
            folded_username: "mallory".to_owned(),
            email: None,
            folded_email: None,
            name: None,
            is_enabled: false,
            attributes: UserAttributes::default(),
        }
    }

    /// Likewise.
    pub fn group_update() -> GroupUpdate {
        GroupUpdate {
            display_name: Some("Mallory's".to_owned()),
            description: None,
        }
    }
}

impl Newcomers {
    fn new() -> Self {
        let random = &CountingRandom;
        let one = |client_id: &str, origin| Client {
            key: ClientKey::generate(random, at(0)),
            client_id: ClientId::parse(client_id).unwrap(),
            origin,
            auth_method: AuthMethod::None,
            scopes: None,
            ..client()
        };
        let described = one("https://app.example/client.json", ClientOrigin::Document);
        Self {
            registered: one("c_registered", ClientOrigin::Registered),
            registration_token: digest(),
            document: NewClientDocument {
                document: json!({"client_id": described.client_id}).to_string(),
                fetched_at: at(0),
                expires_at: at(3_600),
                guard_digest: [7; 32],
            },
            described,
            initial_access_token: NewInitialAccessToken {
                token_id: TokenId::generate(random, at(0)),
                name: "CI".to_owned(),
                digest: digest(),
                max_uses: Some(2),
                expires_at: Some(at(3_600)),
            },
            refused: NewRefusedResourceIndicator {
                indicator_id: RefusedIndicatorId::generate(random, at(0)),
                value: "https://unknown.example/mcp".to_owned(),
                client_id: ClientId::parse("editor").unwrap(),
            },
        }
    }
}
