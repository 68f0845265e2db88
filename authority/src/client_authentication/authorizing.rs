//! The client of a request that begins an authorization without a browser: at the pushed authorization request
//! and the device authorization endpoint. One that names a metadata document may be new here, as at authorize.

use std::net::IpAddr;

use protocol::client::authentication::PresentedCredentials;
use store::Tenant;

use super::{AuthenticatedClient, ClientAuthenticationFailure};
use crate::Authority;
use crate::client_documents::{DocumentError, DocumentInForce, FoundClient};

/// A client that has authenticated, and the document that it came with, if it did.
#[derive(Debug)]
pub struct AuthorizingClient {
    pub client: AuthenticatedClient,
    pub document: Option<DocumentInForce>,
}

#[derive(Debug, thiserror::Error)]
pub enum AuthorizingFailure {
    #[error(transparent)]
    Authentication(#[from] ClientAuthenticationFailure),
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Authority {
    /// As [`Authority::authenticate_client`], with a client's document fetched where need be.
    pub async fn authenticate_authorizing_client(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        address: IpAddr,
        request_id: &str,
    ) -> Result<AuthorizingClient, AuthorizingFailure> {
        let mut found = None;
        for client_id in presented.client_ids() {
            found = self
                .find_client_for_authorization(tenant, client_id, address, request_id)
                .await?;
            if found.is_some() {
                break;
            }
        }
        let (known, document) = match found {
            Some(FoundClient { client, document }) => (Some(client), document),
            None => (None, None),
        };
        let outcome = self
            .prove_known_client(tenant, presented, known, address)
            .await;
        let client = self.count_failure(outcome)?;
        Ok(AuthorizingClient { client, document })
    }
}
