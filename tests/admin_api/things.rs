//! A tenant with two of everything that an operation can be about, and a key of its own.

use std::time::Duration;

use serde_json::{Value, json};

use super::cases::{OWN_RESOURCE, body_of};
use super::document::Operation;
use super::{id_of, key_for};
use crate::harness::{AdminApi, Answer, TestApp, TestTenant};

#[derive(Debug)]
pub struct Things {
    pub tenant: TestTenant,
    pub tenant_id: String,
    /// With a key that may write in this tenant and in no other.
    pub owner: AdminApi,
    pub reader: AdminApi,
    pub reader_key_id: String,
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
    pub grant: String,
    /// The kid of the one that signs.
    pub signing_key: String,
}

impl Things {
    /// Two users, each with a grant of a client of its own: every list has a second page.
    pub async fn in_tenant(app: &TestApp, slug: &str) -> Self {
        let tenant = app.tenant(slug).await;
        let (owner, _) = key_for(app, Some(slug), "write").await;
        let (reader, reader_key_id) = key_for(app, Some(slug), "read").await;
        let resource = tenant
            .another_resource(&format!("https://more.{slug}.test/mcp"))
            .await;
        tenant.resource_credential_of(&resource).await;
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
        let refused = owner.get(&tenant.path("/refused-resources")).await;
        let refused = refused.expect_status(200).json();
        let listed = owner.get(&tokens).await.expect_status(200).json();
        let found = owner.get(&tenant.path("")).await.expect_status(200).json();
        let keys = owner.get(&tenant.path("/signing-keys")).await;
        let keys = keys.expect_status(200).json();
        app.database().db_execute(REUSES).await;
        Self {
            tenant_id: id_of(&found),
            resource: resource.id,
            credential,
            refused_resource: id_of(&refused["data"][0]),
            acceptable_resource: id_of(&refused["data"][1]),
            user: tenant.user("bob").await.id,
            grant: id_of(grant),
            signing_key: keys["data"][0]["kid"].as_str().unwrap().to_owned(),
            client: client.client_id,
            secret,
            initial_access_token: id_of(&listed["data"][0]),
            owner,
            reader,
            reader_key_id,
            tenant,
        }
    }

    /// Every id by which something of this tenant could be named.
    pub fn ids(&self) -> [&str; 12] {
        [
            &self.resource,
            &self.credential,
            &self.client,
            &self.secret,
            &self.initial_access_token,
            &self.refused_resource,
            &self.acceptable_resource,
            &self.user,
            &self.grant,
            &self.signing_key,
            &self.reader_key_id,
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
            Some("users") => &self.user,
            Some("grants") => &self.grant,
            Some("signing-keys") => &self.signing_key,
            Some("admin-keys") => &self.reader_key_id,
            Some(kind) => panic!("give admin_api/things.rs one of {kind}"),
        }
    }

    /// What stands for what is inside of it.
    pub fn second_id_for(&self, operation: &Operation) -> &str {
        if operation.path.contains("{secret_id}") {
            &self.secret
        } else if operation.path.contains("{client_id}") {
            &self.client
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
        let body = body.replace(OWN_RESOURCE, &self.resource);
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
