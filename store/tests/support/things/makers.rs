//! How each of the [`Things`] looks.

use super::*;

pub(super) fn attributes() -> UserAttributes {
    let attributes = json!({"department": "sales", "level": 3, "regions": ["eu", "us"]});
    UserAttributes::new(serde_json::from_value(attributes).unwrap()).unwrap()
}

pub(super) fn webhook() -> NewWebhook {
    NewWebhook {
        webhook_id: WebhookId::generate(&CountingRandom, at(0)),
        name: "Alarm".to_owned(),
        url: "https://alarm.example/writ".to_owned(),
        event_types: vec!["*".to_owned()],
        secret: SealedWebhookSecret {
            sealed: vec![1, 2, 3],
            kek_id: "kek-1".to_owned(),
        },
    }
}

/// The answer to one and the same call, for every tenant.
pub(crate) fn idempotent_answer() -> NewIdempotentAnswer {
    NewIdempotentAnswer {
        caller: ANSWERED_CALLER.to_owned(),
        key_digest: [7; 32],
        fingerprint: [8; 32],
        sealed_answer: vec![9],
        expires_at: at(900),
    }
}

/// The example of RFC 7638 §3.1.
pub(crate) fn dpop_key() -> JwkThumbprint {
    JwkThumbprint::parse("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").unwrap()
}

pub(super) fn client() -> Client {
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

pub(super) fn decision(user_id: UserId, client: &Client) -> NewDecision {
    let decision_id = DecisionId::generate(&CountingRandom, at(0));
    NewDecision {
        decision_id,
        error_id: decision_id.to_string(),
        decided_at: at(0),
        action: "issue".to_owned(),
        outcome: "denied".to_owned(),
        user_id: Some(user_id),
        client_id: client.client_id.clone(),
        policy_version: Some(1),
        inputs: json!({ "scopes": ["tools:call"] }),
        checks: json!([{ "check": "policy" }]),
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

pub(super) fn resource() -> Resource {
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

pub(super) fn signing_key(kid: &str, state: SigningKeyState) -> NewSigningKey {
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
pub(super) fn reuse_of(grant: &NewGrant) -> NewAuditEvent {
    NewAuditEvent {
        event_type: "refresh_token.stale".to_owned(),
        target_kind: Some("grant".to_owned()),
        target_id: Some(grant.grant_id.to_string()),
        details: json!({"class": "stale_copy"}),
        ..event()
    }
}

pub(super) fn event() -> NewAuditEvent {
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
