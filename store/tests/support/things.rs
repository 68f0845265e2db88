//! One of everything, in one tenant. Names are the same in every tenant; ids are not.

use std::net::IpAddr;

use protocol::authorization::ProofOfPossession;
use protocol::client::{AuthMethod, Client, ClientKeys, ClientOrigin, GrantType};
use protocol::redirect_uri::RedirectUri;
use protocol::resource::{Resource, ResourceScope};
use protocol::{
    ClientId, ClientKey, CredentialId, EventId, FamilyId, GrantId, JwkThumbprint, PendingId,
    RefusedIndicatorId, ResourceId, ScopeSet, SecretText, SessionId, TokenId, UserId,
};
use serde_json::json;

use super::devices::Devices;
use super::{CountingRandom, World, at};
use crate::{
    NewAuditEvent, NewAuthorizationCode, NewBrowserSession, NewClientDocument, NewClientSecret,
    NewConsent, NewGrant, NewInitialAccessToken, NewRefreshFamily, NewRefusedResourceIndicator,
    NewResourceCredential, NewSigningKey, NewUser, RevokedReason, SecretDigest, SigningKeySighting,
    SigningKeyState, SigningKeyUse, StoredSecret, Tenant, UserUpdate,
};

const REDIRECT_URI: &str = "https://app.example/callback";

/// Ids and descriptions of one of everything.
#[derive(Clone)]
pub(crate) struct Things {
    pub user: NewUser,
    pub client: Client,
    pub client_secret: NewClientSecret,
    pub resource: Resource,
    pub resource_credential: NewResourceCredential,
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
pub(crate) const USED_JTI: &str = "assertion-1";

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
                is_enabled: true,
            },
            client_secret: client_secret(),
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
        let things = Self::new();
        let mut scope = world.database.tenant(tenant).await.unwrap();
        scope.insert_user(&things.user, at(0)).await.unwrap();
        scope
            .insert_resource(&things.resource, at(0))
            .await
            .unwrap();
        scope
            .insert_resource_credential(&things.resource_credential, at(0))
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
        scope.insert_audit_event(&things.event).await.unwrap();
        scope.commit().await.unwrap();
        things
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
        scope
            .keep_refused_resource_indicator(&new.refused, at(0))
            .await
            .unwrap();
        let ended = things.grant.session_id.as_slice();
        let notices = scope.insert_logout_notices(ended, at(0)).await.unwrap();
        assert_eq!(notices, 1);
        things.devices.insert(&mut scope).await;
        let client_id = &things.client.client_id;
        let is_first = scope.insert_client_assertion_id(client_id, USED_JTI, at(900), at(0));
        assert!(is_first.await.unwrap());
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
        let is_gone = scope.delete_resource(gone.resource_id);
        assert!(is_gone.await.unwrap());
        let told = scope.insert_ended_audience(&gone.audience, at(1), at(900));
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
        }
    }
}

/// The example of RFC 7638 §3.1.
pub(crate) fn dpop_key() -> JwkThumbprint {
    JwkThumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap()
}

fn client() -> Client {
    let blank = Client::blank(
        ClientKey::generate(&CountingRandom, at(0)),
        ClientId::parse("editor").unwrap(),
        ClientOrigin::Static,
        AuthMethod::ClientSecretBasic,
        at(0),
    );
    Client {
        name: Some("Editor".to_owned()),
        redirect_uris: vec![RedirectUri::from_stored(REDIRECT_URI)],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: Some(ScopeSet::parse("tools:call tools:list").unwrap()),
        client_uri: Some("https://app.example".to_owned()),
        backchannel_logout_uri: Some("https://app.example/signed-out".to_owned()),
        software_version: Some("1.0".to_owned()),
        ..blank
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

/// Another secret, for a client that has one.
pub(crate) fn client_secret_of(_things: &Things) -> NewClientSecret {
    client_secret()
}

pub(crate) fn client_secret() -> NewClientSecret {
    NewClientSecret {
        credential_id: CredentialId::generate(&CountingRandom, at(0)),
        secret: StoredSecret::Generated(digest()),
        expires_at: Some(at(86_400)),
    }
}

fn resource() -> Resource {
    let scope = |name: &str, is_default| ResourceScope {
        name: name.to_owned(),
        description: format!("May use {name}"),
        is_default,
    };
    Resource {
        resource_id: ResourceId::generate(&CountingRandom, at(0)),
        identifiers: vec![
            "https://Mcp.example/mcp".to_owned(),
            "https://alias.example".to_owned(),
        ],
        audience: "https://mcp.example/mcp".to_owned(),
        audience_since: at(0),
        name: "Tools".to_owned(),
        scopes: vec![scope("tools:call", true), scope("tools:list", false)],
        access_token_lifetime: Some(std::time::Duration::from_mins(5)),
    }
}

pub(crate) fn grant_and_code(
    user_id: UserId,
    client: &Client,
    resource: &Resource,
) -> (NewGrant, NewAuthorizationCode) {
    let random = &CountingRandom;
    let grant = NewGrant {
        grant_id: GrantId::generate(random, at(0)),
        user_id,
        client_key: client.key,
        scopes: ScopeSet::parse("openid tools:call").unwrap(),
        refused_scopes: ScopeSet::parse("admin").unwrap(),
        resource_ids: vec![resource.resource_id],
        authenticated_at: at(0),
        client_auth_method: client.auth_method,
        session_id: Some(SessionId::generate(random, at(0))),
        acr: Some("urn:example:password".to_owned()),
    };
    let code = NewAuthorizationCode {
        digest: digest(),
        pending_id: PendingId::generate(random, at(0)),
        redirect_uri: REDIRECT_URI.to_owned(),
        redirect_uri_was_sent: true,
        proof: ProofOfPossession::from_stored(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))
            .unwrap(),
        nonce: Some("n-1".to_owned()),
        dpop_jkt: None,
        expires_at: at(60),
    };
    (grant, code)
}

pub(crate) fn new_family() -> NewRefreshFamily {
    NewRefreshFamily {
        family_id: FamilyId::generate(&CountingRandom, at(0)),
        digest: digest(),
        idle_expires_at: at(86_400),
        absolute_expires_at: at(10 * 86_400),
        dpop_jkt: None,
    }
}

fn signing_key(kid: &str, state: SigningKeyState) -> NewSigningKey {
    NewSigningKey {
        kid: kid.to_owned(),
        algorithm: "RS256".to_owned(),
        signs: SigningKeyUse::Tokens,
        state,
        activate_at: (state == SigningKeyState::Next).then(|| at(3_600)),
        public_jwk: json!({"kty": "RSA", "kid": kid}),
        sealed_private_key: b"sealed".to_vec(),
        kek_id: "kek-1".to_owned(),
    }
}

/// A spent refresh token came again.
fn reuse_of(grant: &NewGrant) -> NewAuditEvent {
    NewAuditEvent {
        event_type: "refresh_token.stale".to_owned(),
        target_kind: Some("grant".to_owned()),
        target_id: Some(grant.grant_id.to_string()),
        details: json!({"class": "stale_copy"}),
        ..event()
    }
}

fn event() -> NewAuditEvent {
    NewAuditEvent {
        event_id: EventId::generate(&CountingRandom, at(0)),
        occurred_at: at(0),
        event_type: "login.succeeded".to_owned(),
        actor_kind: "user".to_owned(),
        actor_id: Some("alice".to_owned()),
        target_kind: None,
        target_id: None,
        request_id: Some("r-1".to_owned()),
        address: Some(IpAddr::from([192, 0, 2, 7])),
        details: json!({"method": "password"}),
    }
}
