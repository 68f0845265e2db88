//! Clients and credentials as they are remembered: the rules' view, and the stored secrets.

use std::ops::Deref;

use protocol::client::{Client, ClientKeys};
use protocol::ids::{ClientId, ResourceId};
use store::{ClientRecord, ClientSecret, ResourceCredential};

use crate::client_keys::ParsedKeys;

/// A client as it was when it was loaded. Reads as a [`Client`].
#[derive(Debug)]
pub struct KnownClient {
    pub client: Client,
    pub(crate) secrets: Vec<ClientSecret>,
    pub(crate) parsed_keys: ParsedKeys,
}

impl KnownClient {
    pub(crate) fn new(record: ClientRecord) -> Self {
        Self {
            client: record.client,
            secrets: record.secrets,
            parsed_keys: ParsedKeys::default(),
        }
    }

    /// As its metadata document describes it; such a client has no secrets.
    pub(crate) fn of_document(client: Client) -> Self {
        Self {
            client,
            secrets: Vec::new(),
            parsed_keys: ParsedKeys::default(),
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
    /// None where it signs assertions instead.
    pub(crate) secrets: Vec<ClientSecret>,
    pub keys: ClientKeys,
    pub(crate) parsed_keys: ParsedKeys,
}

impl KnownResourceCredential {
    pub(crate) fn new(credential: ResourceCredential) -> Self {
        let secret = credential.secret.map(|secret| ClientSecret {
            credential_id: credential.credential_id,
            secret,
            created_at: credential.created_at,
            expires_at: None,
        });
        Self {
            client_id: credential.client_id,
            resource_id: credential.resource_id,
            secrets: secret.into_iter().collect(),
            keys: credential.keys,
            parsed_keys: ParsedKeys::default(),
        }
    }
}
