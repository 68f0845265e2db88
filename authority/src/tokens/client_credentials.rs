//! `grant_type=client_credentials` (OAuth 2.1 §4.2): no round trip to the database when warm, but for a
//! DPoP proof, which counts once.

use protocol::client::GrantType;
use protocol::token::client_credentials::decide;
use protocol::token::request::ClientCredentialsRequest;
use protocol::token::{TokenResponse, TokenType};
use store::Tenant;

use super::{Ground, Issued, TokenError};
use crate::Authority;
use crate::audit::EventType;
use crate::client_authentication::AuthenticatedClient;
use crate::decisions::{IssueQuestion, lost_at_token};
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
        let lost = lost_at_token(request.scopes.as_ref(), &granted.scopes);
        let scopes = self.decide_issue(&IssueQuestion {
            tenant,
            policies: &ground.policies,
            client,
            of_grant: None,
            scopes: &granted.scopes,
            resource: Some(granted.resource),
            grant_type: GrantType::ClientCredentials,
            redirect_host: None,
            origin: ground.origin,
            now: ground.now,
            before: &lost,
        })?;
        let order = AccessTokenOrder {
            client,
            subject: granted.subject,
            audience: &granted.resource.audience,
            resource_lifetime: granted.resource.access_token_lifetime,
            scopes: scopes.clone(),
            grant_id: None,
            authenticated_at: None,
            acr: None,
            confirmation: ground.dpop_key.cloned(),
        };
        if ground.dpop_proof.is_some() {
            let spent = self.spend_proof_alone(&ground).await;
            self.count_store_error(spent)?;
        }
        let signed = sign_access_token(tenant, &ground.keys, order, self.random(), ground.now)?;
        let resource_id = granted.resource.resource_id;
        let issued = Issued {
            signed,
            scopes,
            id_token: None,
            resource_id: Some(resource_id),
            token_type: TokenType::of_bound(ground.dpop_key.is_some()),
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

    /// There is nothing else to write: the client has authenticated, so it may cost a row.
    async fn spend_proof_alone(&self, ground: &Ground<'_>) -> Result<(), TokenError> {
        let mut scope = self.database().tenant(ground.tenant).await?;
        self.spend_proof(&mut scope, ground).await?;
        scope.commit().await?;
        Ok(())
    }
}
