//! A tenant with two of everything that an operation can be about, and a key of its own.

use serde_json::json;

use super::cases::body_of;
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
    pub user: String,
    pub grant: String,
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
        client.code_from(&tenant.browser_of("bob").await).await;
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
        let found = owner.get(&tenant.path("")).await.expect_status(200).json();
        Self {
            tenant_id: id_of(&found),
            resource: resource.id,
            credential,
            user: tenant.user("bob").await.id,
            grant: id_of(grant),
            client: client.client_id,
            owner,
            reader,
            reader_key_id,
            tenant,
        }
    }

    /// Every id by which something of this tenant could be named.
    pub fn ids(&self) -> [&str; 7] {
        [
            &self.resource,
            &self.credential,
            &self.client,
            &self.user,
            &self.grant,
            &self.reader_key_id,
            &self.tenant_id,
        ]
    }

    /// The path of an operation on these objects.
    #[track_caller]
    pub fn path_of(&self, operation: &Operation) -> String {
        let id = match operation.kind() {
            None => "",
            Some("resources") => &self.resource,
            Some("clients") => &self.client,
            Some("users") => &self.user,
            Some("grants") => &self.grant,
            Some("admin-keys") => &self.reader_key_id,
            Some(kind) => panic!("give admin_api/things.rs one of {kind}"),
        };
        self.path_with(operation, id, &self.credential)
    }

    /// The same in this tenant, with ids that may be another's.
    #[track_caller]
    pub fn path_with(&self, operation: &Operation, id: &str, credential: &str) -> String {
        let path = operation.path.replace("{tenant}", &self.tenant.slug);
        let path = path
            .replace("{id}", id)
            .replace("{credential_id}", credential);
        assert!(
            !path.contains('{'),
            "give admin_api/things.rs what {path} asks for"
        );
        path
    }

    /// The call that does what the operation is for, on these objects.
    pub async fn call(&self, api: &AdminApi, operation: &Operation, number: u32) -> Answer {
        let body = body_of(operation, number);
        api.call(
            operation.method.clone(),
            &self.path_of(operation),
            body.as_ref(),
        )
        .await
    }
}
