//! A tenant with two of everything that an operation can be about, and a key of its own.

use std::time::Duration;

use serde_json::{Value, json};

use super::cases::{NEWCOMER, OWN_RESOURCE, OWN_USER, body_of};
use super::document::Operation;
use super::{id_of, key_for};
use crate::harness::{AdminApi, Answer, TestApp, TestTenant, with_the_next_batch};

#[derive(Debug)]
pub struct Things {
    pub tenant: TestTenant,
    pub tenant_id: String,
    /// With a key that may write in this tenant and in no other.
    pub owner: AdminApi,
    pub reader: AdminApi,
    pub reader_key_id: String,
    /// Of this tenant, and for nobody: to be changed and ended.
    pub spare_key: String,
    /// A verified claim to a host where no tenant is; there is another, that is pending.
    pub issuer_host: String,
    /// Of somebody on the platform.
    pub platform_membership: String,
    /// Of somebody in this tenant.
    pub membership: String,
    /// Of the system tenant, and a member nowhere yet.
    pub newcomer: String,
    pub resource: String,
    pub credential: String,
    pub client: String,
    /// Of the client; there is another one, that ended.
    pub secret: String,
    pub initial_access_token: String,
    pub refused_resource: String,
    /// Another one, to be accepted.
    pub acceptable_resource: String,
    pub user: String,
    /// Whose one session nothing else ends.
    pub guest: String,
    /// Of the guest.
    pub session: String,
    /// The user is in it, and one more.
    pub group: String,
    /// Who is in no group.
    pub loner: String,
    pub grant: String,
    /// The kid of the one that signs.
    pub signing_key: String,
    /// The number of the newest one; no other tenant has a version of this number.
    pub policy_version: String,
    /// What leads to the trace of a decision.
    pub error_id: String,
    pub webhook: String,
    /// Of the webhook.
    pub delivery: String,
}

impl Things {
    /// Two users, each with a grant of a client of its own: every list has a second page.
    pub async fn in_tenant(app: &TestApp, slug: &str) -> Self {
        let tenant = app.tenant(slug).await;
        let (owner, _) = key_for(app, Some(slug), "write").await;
        let (reader, reader_key_id) = key_for(app, Some(slug), "read").await;
        let administration = Administration::of(app, &tenant).await;
        let resource = tenant
            .another_resource(&format!("https://more.{slug}.test/mcp"))
            .await;
        tenant.resource_credential_of(&resource).await;
        let tools = tenant.path(&format!("/resources/{}/tools/import", resource.id));
        let listed = json!({ "tools": [{ "name": format!("{slug}_search") }] });
        let imported = tenant.admin().post(&tools, &listed).await;
        imported.expect_status(200);
        let credentials = tenant.path(&format!("/resources/{}/credentials", resource.id));
        let credential = id_of(&tenant.admin().create(&credentials, &json!({})).await);
        // A code and nothing more: what is issued is recorded a moment later, and rows are compared here.
        tenant
            .public_client()
            .await
            .code_from(&tenant.browser_of("alice").await)
            .await;
        let client = tenant.confidential_client().await;
        // For two resources: two consents are remembered.
        let request = client.authorization_request();
        let request = request.and("resource", &resource.identifier);
        request.walk(&tenant.browser_of("bob").await).await.code();
        let grants = owner
            .get(&tenant.path("/grants"))
            .await
            .expect_status(200)
            .json();
        let grants = grants["data"].as_array().unwrap();
        assert_eq!(grants.len(), 2);
        let grant = grants
            .iter()
            .find(|grant| grant["client_id"] == client.client_id.as_str())
            .unwrap();
        for n in 1..=3 {
            let unknown = format!("https://unknown-{n}.{slug}.test/mcp");
            let asking = client.clone().with_resource(Some(&unknown));
            asking.client_credentials(None).await.expect_status(400);
        }
        let secrets = tenant.path(&format!("/clients/{}/secrets", client.client_id));
        let rotation = json!({ "old_secrets_expire_in": 1 });
        let secret = id_of(&tenant.admin().create(&secrets, &rotation).await);
        app.clock().advance(Duration::from_secs(1));
        // It signs from now on: so this secret may be deleted whether or not there is another.
        let signing = json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": "https://notes.example/jwks.json",
        });
        tenant
            .change(&format!("/clients/{}", client.client_id), &signing)
            .await;
        let tokens = tenant.path("/initial-access-tokens");
        for name in ["one", "another"] {
            tenant
                .admin()
                .create(&tokens, &json!({ "name": name }))
                .await;
        }
        let people = People::of(&tenant).await;
        let refused = owner.get(&tenant.path("/refused-resources")).await;
        let refused = refused.expect_status(200).json();
        let listed = owner.get(&tokens).await.expect_status(200).json();
        let found = owner.get(&tenant.path("")).await.expect_status(200).json();
        let keys = owner.get(&tenant.path("/signing-keys")).await;
        let keys = keys.expect_status(200).json();
        app.database().db_execute(REUSES).await;
        let (webhook, delivery) = webhook_of(&tenant).await;
        let tenant_id = id_of(&found);
        let policy_version = policy_version_of(app, &tenant, &tenant_id).await;
        Self {
            tenant_id,
            policy_version,
            error_id: decision_of(&tenant).await,
            resource: resource.id,
            credential,
            refused_resource: id_of(&refused["data"][0]),
            acceptable_resource: id_of(&refused["data"][1]),
            user: tenant.user("bob").await.id,
            guest: people.guest,
            session: people.session,
            group: people.group,
            loner: people.loner,
            grant: id_of(grant),
            signing_key: keys["data"][0]["kid"].as_str().unwrap().to_owned(),
            client: client.client_id,
            secret,
            initial_access_token: id_of(&listed["data"][0]),
            owner,
            reader,
            reader_key_id,
            spare_key: administration.spare_key,
            platform_membership: administration.platform_membership,
            membership: administration.membership,
            issuer_host: administration.issuer_host,
            newcomer: administration.newcomer,
            webhook,
            delivery,
            tenant,
        }
    }

    /// Every id by which something of this tenant could be named.
    pub fn ids(&self) -> [&str; 22] {
        [
            &self.resource,
            &self.credential,
            &self.client,
            &self.secret,
            &self.initial_access_token,
            &self.refused_resource,
            &self.acceptable_resource,
            &self.user,
            &self.guest,
            &self.session,
            &self.group,
            &self.loner,
            &self.grant,
            &self.signing_key,
            &self.reader_key_id,
            &self.spare_key,
            &self.membership,
            &self.policy_version,
            &self.error_id,
            &self.webhook,
            &self.delivery,
            &self.tenant_id,
        ]
    }

    /// The path of an operation on these objects.
    #[track_caller]
    pub fn path_of(&self, operation: &Operation) -> String {
        self.path_with(
            operation,
            self.id_for(operation),
            self.second_id_for(operation),
        )
    }

    /// What `{id}` stands for.
    #[track_caller]
    pub fn id_for(&self, operation: &Operation) -> &str {
        match operation.kind() {
            None => "",
            Some("resources") => &self.resource,
            Some("clients") => &self.client,
            Some("initial-access-tokens") => &self.initial_access_token,
            Some("refused-resources") if operation.path.ends_with("/accept") => {
                &self.acceptable_resource
            }
            Some("refused-resources") => &self.refused_resource,
            Some("users") if operation.path.contains("{session_id}") => &self.guest,
            Some("users") => &self.user,
            Some("groups") => &self.group,
            Some("grants") => &self.grant,
            Some("signing-keys") => &self.signing_key,
            Some("versions") if operation.is_in_tenant() => &self.policy_version,
            Some("versions") => "1",
            Some("webhooks") => &self.webhook,
            Some("admin-keys") if operation.is_in_tenant() => &self.spare_key,
            Some("admin-keys") => &self.reader_key_id,
            Some("memberships") if operation.is_in_tenant() => &self.membership,
            Some("memberships") => &self.platform_membership,
            Some("issuer-hosts") => &self.issuer_host,
            Some(kind) => panic!("give admin_api/things.rs one of {kind}"),
        }
    }

    /// What stands for what is inside of it.
    pub fn second_id_for(&self, operation: &Operation) -> &str {
        if operation.path.contains("{secret_id}") {
            &self.secret
        } else if operation.path.contains("{session_id}") {
            &self.session
        } else if operation.path.contains("{user_id}") {
            &self.user
        } else if operation.path.contains("{client_id}") {
            &self.client
        } else if operation.path.contains("{error_id}") {
            &self.error_id
        } else if operation.path.contains("{delivery_id}") {
            &self.delivery
        } else {
            &self.credential
        }
    }

    /// The same in this tenant, with ids that may be another's.
    #[track_caller]
    pub fn path_with(&self, operation: &Operation, id: &str, second_id: &str) -> String {
        let path = operation.path.replace("{tenant}", &self.tenant.slug);
        let path = path
            .replace("{id}", id)
            .replace("{credential_id}", second_id)
            .replace("{secret_id}", second_id)
            .replace("{session_id}", second_id)
            .replace("{user_id}", second_id)
            .replace("{error_id}", second_id)
            .replace("{delivery_id}", second_id)
            .replace("{client_id}", second_id);
        assert!(
            !path.contains('{'),
            "give admin_api/things.rs what {path} asks for"
        );
        if operation.takes_query("reason") {
            return format!("{path}?reason=tests");
        }
        path
    }

    /// A body that the operation accepts in this tenant.
    #[track_caller]
    pub fn body_of(&self, operation: &Operation, number: u32) -> Option<Value> {
        let body = body_of(operation, number)?.to_string();
        let body = body
            .replace(OWN_RESOURCE, &self.resource)
            .replace(OWN_USER, &self.loner)
            .replace(NEWCOMER, &self.newcomer);
        Some(serde_json::from_str(&body).unwrap())
    }

    /// The call that does what the operation is for, on these objects.
    pub async fn call(&self, api: &AdminApi, operation: &Operation, number: u32) -> Answer {
        let body = self.body_of(operation, number);
        api.call(
            operation.method.clone(),
            &self.path_of(operation),
            body.as_ref(),
        )
        .await
    }
}

/// Groups and who is in them, and sessions.
struct People {
    guest: String,
    session: String,
    group: String,
    loner: String,
}

impl People {
    async fn of(tenant: &TestTenant) -> Self {
        let bob = tenant.user("bob").await.id;
        // A second one, for a second page.
        tenant.signed_in_browser_of("bob").await;
        let guest = tenant.user("guest").await.id;
        tenant.signed_in_browser_of("guest").await;
        let sessions = tenant.path(&format!("/users/{guest}/sessions"));
        let sessions = tenant.admin().get(&sessions).await;
        let session = id_of(&sessions.expect_status(200).json()["data"][0]);
        let groups = tenant.path("/groups");
        let group = format!("{}-editors", tenant.slug);
        for name in [&group, &format!("{}-others", tenant.slug)] {
            let body = json!({ "name": name });
            tenant.admin().create(&groups, &body).await;
        }
        let carol = tenant.user("carol").await.id;
        let members = format!("{groups}/{group}/members");
        for user_id in [&bob, &carol] {
            let body = json!({ "user_id": user_id });
            tenant.admin().create(&members, &body).await;
        }
        Self {
            guest,
            session,
            group,
            loner: tenant.user("loner").await.id,
        }
    }
}

/// Two versions of the policies, with numbers that only this tenant has, and two of the guard rails.
async fn policy_version_of(app: &TestApp, tenant: &TestTenant, tenant_id: &str) -> String {
    let (own, rails) = (
        tenant.path("/policies/versions"),
        "/admin/v1/guard-rails/versions",
    );
    for note in ["one", "another"] {
        let body = json!({ "text": null, "note": note });
        tenant.admin().post(&own, &body).await.expect_status(201);
        let body = json!({ "text": "", "note": note });
        app.admin().post(rails, &body).await.expect_status(201);
    }
    // As if it had written that many.
    // The end of an id is random, its beginning is the time.
    let digits = tenant_id.bytes().rev().filter(u8::is_ascii_digit).take(8);
    let digits = digits.fold(1_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    let raise = format!(
        "update policy_versions set version = version + {digits} where tenant_id = '{tenant_id}'"
    );
    app.database().db_execute(raise.leak()).await;
    (digits + 2).to_string()
}

/// A trace of what people did before, and another one: they are written in batches.
async fn decision_of(tenant: &TestTenant) -> String {
    let path = tenant.path("/decisions");
    let list = async || {
        let listed = tenant.admin().get(&path).await.expect_status(200).json();
        listed["data"].as_array().unwrap().clone()
    };
    with_the_next_batch("two traces", async || list().await.len() > 1).await;
    list().await[0]["error_id"].as_str().unwrap().to_owned()
}

/// Two webhooks, and two deliveries of one of them.
async fn webhook_of(tenant: &TestTenant) -> (String, String) {
    let path = tenant.path("/webhooks");
    let new = |name| json!({ "name": name, "url": "https://hooks.example/writ", "events": ["user.deleted"] });
    tenant.admin().create(&path, &new("the first")).await;
    let webhook = id_of(&tenant.admin().create(&path, &new("the second")).await);
    let test = tenant.path(&format!("/webhooks/{webhook}/test"));
    let mut delivery = String::new();
    for _ in 0..2 {
        let tested = tenant
            .admin()
            .call(reqwest::Method::POST, &test, None)
            .await;
        delivery = id_of(&tested.expect_status(201).json());
    }
    (webhook, delivery)
}

/// For tenants that are never made. No host of these tests answers, so the proof is written by hand.
async fn issuer_host_of(app: &TestApp, slug: &str) -> String {
    let claim = async |host: &str| {
        let body =
            json!({ "host": format!("{host}.{slug}.test"), "tenant": format!("{slug}-{host}") });
        id_of(&app.admin().create("/admin/v1/issuer-hosts", &body).await)
    };
    let verified = claim("auth").await;
    claim("login").await;
    let proof = format!(
        "update issuer_hosts set verified_at = created_at where issuer_host_id = '{verified}'"
    );
    app.database().db_execute(proof.leak()).await;
    verified
}

/// Who administers the tenant, besides its own keys.
struct Administration {
    spare_key: String,
    platform_membership: String,
    membership: String,
    issuer_host: String,
    newcomer: String,
}

impl Administration {
    /// In an app that was started with administrators.
    async fn of(app: &TestApp, tenant: &TestTenant) -> Self {
        let spare = json!({ "name": "spare", "scopes": ["clients:read"] });
        let spare = app
            .admin()
            .create(&tenant.path("/admin-keys"), &spare)
            .await;
        let system = app.system_tenant();
        let person = async |name: &str| system.user(&format!("{name}-{}", tenant.slug)).await.id;
        let (alice, bob) = (person("alice").await, person("bob").await);
        let create = async |path: &str, user_id: &str, role: &str| {
            let body = json!({ "user_id": user_id, "role": role });
            id_of(&app.admin().create(path, &body).await)
        };
        let here = tenant.path("/memberships");
        create(&here, &bob, "auditor").await;
        Self {
            spare_key: id_of(&spare),
            platform_membership: create("/admin/v1/memberships", &alice, "auditor").await,
            membership: create(&here, &alice, "administrator").await,
            issuer_host: issuer_host_of(app, &tenant.slug).await,
            newcomer: person("newcomer").await,
        }
    }
}

/// What a spent refresh token leaves behind when it comes again, twice for each grant that has none of it; long ago, so
/// that the newest event is what a test did.
const REUSES: &str = "
    insert into audit_events (tenant_id, occurred_at, event_id, event_type, actor_kind, actor_id, target_kind, target_id,
        details)
    select g.tenant_id, g.created_at - n * interval '1 second', gen_random_uuid(), 'refresh_token.stale', 'client', 'x', 'grant',
        g.grant_id, '{\"class\": \"stale_copy\"}'
    from grants g, generate_series(1, 2) n
    where not exists (select from audit_events e
                      where e.tenant_id = g.tenant_id and e.event_type = 'refresh_token.stale')";
