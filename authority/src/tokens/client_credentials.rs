//! `grant_type=client_credentials` (OAuth 2.1 §4.2): no round trip to the database when warm.

use protocol::client::GrantType;
use protocol::token::TokenResponse;
use protocol::token::client_credentials::decide;
use protocol::token::request::ClientCredentialsRequest;
use store::Tenant;

use super::{Issued, TokenError};
use crate::Authority;
use crate::audit::EventType;
use crate::client_authentication::AuthenticatedClient;
use crate::issue::{AccessTokenOrder, sign_access_token};

impl Authority {
    /// Row E13.
    pub async fn client_credentials(
        &self,
        tenant: &Tenant,
        client: &AuthenticatedClient,
        request: &ClientCredentialsRequest,
    ) -> Result<TokenResponse, TokenError> {
        let ground = self.ground(tenant, client).await;
        let ground = self.count_store_error(ground)?;
        let asked: Vec<&str> = request.resources.iter().map(String::as_str).collect();
        let choice = ground.choice();
        let granted = decide(&choice, &asked, request.scopes.as_ref())?;
        let order = AccessTokenOrder {
            client,
            subject: granted.subject,
            resource: granted.resource,
            scopes: granted.scopes.clone(),
            grant_id: None,
            authenticated_at: None,
        };
        let signed = sign_access_token(tenant, &ground.keys, order, self.random(), ground.now)?;
        let resource_id = granted.resource.resource_id;
        let issued = Issued {
            signed,
            scopes: granted.scopes,
            resource_id,
        };
        let grant_type = GrantType::ClientCredentials;
        self.record_issued(
            &ground,
            grant_type,
            EventType::ClientCredentialsIssued,
            None,
            &issued,
        );
        Ok(issued.into_response(None))
    }
}
