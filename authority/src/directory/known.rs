//! Clients and credentials as they are remembered: the rules' view, and the stored secrets.

use std::ops::Deref;

use protocol::client::Client;
use protocol::ids::{ClientId, ResourceId};
use store::{ClientRecord, ClientSecret, ResourceCredential};

/// A client as it was when it was loaded. Reads as a [`Client`].
#[derive(Debug)]
pub struct KnownClient {
    pub client: Client,
    pub(crate) secrets: Vec<ClientSecret>,
}

impl KnownClient {
    pub(crate) fn new(record: ClientRecord) -> Self {
        Self {
            client: record.client,
            secrets: record.secrets,
        }
    }
}

impl Deref for KnownClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The credential of a resource server: it may ask about tokens of this one resource.
#[derive(Debug)]
pub struct KnownResourceCredential {
    pub client_id: ClientId,
    pub resource_id: ResourceId,
    pub(crate) secrets: Vec<ClientSecret>,
}

impl KnownResourceCredential {
    pub(crate) fn new(credential: ResourceCredential) -> Self {
        let secret = ClientSecret {
            credential_id: credential.credential_id,
            secret: credential.secret,
            created_at: credential.created_at,
            expires_at: None,
        };
        Self {
            client_id: credential.client_id,
            resource_id: credential.resource_id,
            secrets: vec![secret],
        }
    }
}
