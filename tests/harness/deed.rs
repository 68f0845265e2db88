//! What an operator does that ends what people allowed.

use serde_json::json;

use super::oauth_client::OAuthClient;
use super::tenant::{TestTenant, TestUser};

/// Each through the admin API; none of it is done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    DisableUser,
    DeleteUser,
    ChangePassword,
    DisableClient,
    DeleteClient,
    /// All that the tenant has.
    RevokeGrants,
    WithdrawConsent,
    SuspendTenant,
}

impl Deed {
    /// Those after which the tenant still answers.
    pub const IN_A_TENANT: [Self; 7] = [
        Self::DisableUser,
        Self::DeleteUser,
        Self::ChangePassword,
        Self::DisableClient,
        Self::DeleteClient,
        Self::RevokeGrants,
        Self::WithdrawConsent,
    ];

    pub async fn is_done(self, tenant: &TestTenant, user: &TestUser, client: &OAuthClient) {
        let consent = format!("/users/{}/consents/{}", user.id, client.client_id);
        let user = format!("/users/{}", user.id);
        let client = format!("/clients/{}", client.client_id);
        match self {
            Self::DisableUser => drop(tenant.change(&user, &json!({ "is_enabled": false })).await),
            Self::ChangePassword => drop(
                tenant
                    .change(&user, &json!({ "password": "another password" }))
                    .await,
            ),
            Self::DisableClient => drop(
                tenant
                    .change(&client, &json!({ "is_enabled": false }))
                    .await,
            ),
            Self::SuspendTenant => drop(tenant.change("", &json!({ "state": "suspended" })).await),
            Self::WithdrawConsent => drop(
                tenant
                    .admin()
                    .delete(&tenant.path(&consent))
                    .await
                    .expect_status(204),
            ),
            Self::DeleteUser => drop(
                tenant
                    .admin()
                    .delete(&tenant.path(&user))
                    .await
                    .expect_status(204),
            ),
            Self::DeleteClient => drop(
                tenant
                    .admin()
                    .delete(&tenant.path(&client))
                    .await
                    .expect_status(204),
            ),
            Self::RevokeGrants => {
                let grants = tenant
                    .admin()
                    .get(&tenant.path("/grants?limit=200"))
                    .await
                    .json();
                for grant in grants["data"].as_array().unwrap() {
                    let path = tenant.path(&format!("/grants/{}", grant["id"].as_str().unwrap()));
                    tenant.admin().delete(&path).await.expect_status(204);
                }
            }
        }
    }
}
