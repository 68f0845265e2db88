//! Who the client of a request is: `protocol`'s rule of methods, then the comparing of secrets or the
//! verifying of an assertion.
//!
//! The work done depends on what the caller sent, never on what exists: an unknown client, a
//! public one that sends a secret, and a wrong secret cost the same computations (row E5).
//! A disabled client is still authenticated; what it may get is each grant's own question
//! (`invalid_grant`, since `invalid_client` would make it register anew).
//!
//! To add one more method: its rule in `protocol::client::authentication`, its proof here.

mod assertions;
mod authorizing;
mod secrets;

use std::net::IpAddr;
use std::sync::Arc;

use crypto::SigningAlgorithm;
use protocol::client::UsedTolerances;
use protocol::client::authentication::{
    ClientAuthenticationError, PresentedCredentials, PresentedSecret, Proof, required_proof,
};
use protocol::client::catalogue::tolerances_of;
use protocol::error_code::{ErrorCode, ProtocolError};
use protocol::{JwkThumbprint, SecretText};
use store::{StoreError, Tenant};

use crate::Authority;
use crate::audit::Origin;
use crate::client_keys::{KeyOwner, KeyOwnerKind};
use crate::directory::{KnownClient, KnownResourceCredential};
use crate::dpop::UnspentProof;
use crate::limits::{Limit, RateLimited, address_key};

use assertions::Signer;
pub use authorizing::{AuthorizingClient, AuthorizingFailure};
pub use secrets::VerifiedSecrets;
use secrets::{Owner, SecretCheck};

/// Why a caller was not authenticated.
#[derive(Debug, thiserror::Error)]
pub enum ClientAuthenticationFailure {
    #[error(transparent)]
    Refused(#[from] ClientAuthenticationError),
    #[error(transparent)]
    Limited(#[from] RateLimited),
    #[error("too many secrets are being checked")]
    Busy,
    /// A `jwks_uri` said nothing: never a reason to do without a proof.
    #[error("the client's jwks_uri does not answer; try again in a moment")]
    KeysUnreachable {
        /// For this request; else a fetch a moment ago is remembered.
        was_fetched: bool,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProtocolError for ClientAuthenticationFailure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(error) => error.code(),
            Self::Limited(_) | Self::Busy | Self::KeysUnreachable { .. } | Self::Store(_) => {
                ErrorCode::TemporarilyUnavailable
            }
        }
    }
}

impl ClientAuthenticationFailure {
    const fn reason(&self) -> &'static str {
        match self {
            Self::Refused(ClientAuthenticationError::UnknownClient) => "unknown_client",
            Self::Refused(ClientAuthenticationError::WrongSecret) => "wrong_secret",
            Self::Refused(ClientAuthenticationError::Assertion(error)) => error.reason(),
            Self::Refused(_) => "method",
            Self::Limited(_) => "limited",
            Self::Busy => "busy",
            Self::KeysUnreachable { .. } => "keys_unreachable",
            Self::Store(_) => "store",
        }
    }
}

/// The client of a request. Reads as a [`KnownClient`].
#[derive(Debug)]
pub struct AuthenticatedClient {
    pub client: Arc<KnownClient>,
    /// What was let pass for this request so far.
    pub tolerances: UsedTolerances,
    /// The name of the key that signed its assertion, for the audit.
    pub kid: Option<String>,
    /// The key that its DPoP proof is by, once that was checked (`crate::dpop`).
    pub dpop_key: Option<JwkThumbprint>,
    /// The proof itself, to be used up in the transaction of whatever it gets.
    pub dpop_proof: Option<UnspentProof>,
    /// Where it asks from, for the audit.
    pub origin: Origin,
}

impl AuthenticatedClient {
    fn new(client: Arc<KnownClient>) -> Self {
        Self {
            client,
            tolerances: UsedTolerances::default(),
            kid: None,
            dpop_key: None,
            dpop_proof: None,
            origin: Origin::default(),
        }
    }
}

impl std::ops::Deref for AuthenticatedClient {
    type Target = KnownClient;

    fn deref(&self) -> &KnownClient {
        &self.client
    }
}

impl Authority {
    /// Rows E1 to E6: the client that a request at token or revoke comes from.
    pub async fn authenticate_client(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, ClientAuthenticationFailure> {
        let outcome = self.prove_client(tenant, presented, address).await;
        self.count_failure(outcome)
    }

    /// Rows H1 and H4: the resource server that introspects. It always has a secret or keys.
    pub async fn authenticate_resource_server(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        address: IpAddr,
    ) -> Result<Arc<KnownResourceCredential>, ClientAuthenticationFailure> {
        let outcome = self.prove_resource_server(tenant, presented, address).await;
        self.count_failure(outcome)
    }

    async fn prove_client(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, ClientAuthenticationFailure> {
        let known = self.find_presented_client(tenant, presented).await?;
        self.prove_known_client(tenant, presented, known, address)
            .await
    }

    async fn prove_known_client(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        known: Option<Arc<KnownClient>>,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, ClientAuthenticationFailure> {
        let refusal = match &known {
            None => Some(ClientAuthenticationError::UnknownClient),
            Some(known) => match required_proof(known.auth_method, presented) {
                Ok(Proof::Nothing) => return Ok(AuthenticatedClient::new(Arc::clone(known))),
                Ok(Proof::Assertion(assertion)) => {
                    return self.prove_signer(tenant, known, assertion, address).await;
                }
                Ok(Proof::Secret(_)) => None,
                Err(refusal) => Some(refusal),
            },
        };
        let Some(secret) = &presented.secret else {
            if presented.assertion.is_some() {
                let name = presented.client_id.as_str();
                self.count_against(tenant, name, address).await?;
            }
            return Err(refusal
                .unwrap_or(ClientAuthenticationError::SecretMissing)
                .into());
        };
        let owner = Owner {
            tenant,
            name: presented.client_id.as_str(),
            secrets: known.as_ref().map_or(&[], |known| known.secrets.as_slice()),
        };
        let is_right = self.check_secret(&owner, secret, address).await?;
        match (known, refusal) {
            (_, Some(refusal)) => Err(refusal.into()),
            (Some(known), None) if is_right => Ok(AuthenticatedClient::new(known)),
            _ => Err(ClientAuthenticationError::WrongSecret.into()),
        }
    }

    async fn prove_signer(
        &self,
        tenant: &Tenant,
        known: &Arc<KnownClient>,
        assertion: &SecretText,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, ClientAuthenticationFailure> {
        let signer = Signer {
            owner: KeyOwner {
                tenant,
                kind: KeyOwnerKind::Client,
                client_id: &known.client_id,
                keys: &known.keys,
                parsed: &known.parsed_keys,
                algorithm: known.assertion_algorithm.map(SigningAlgorithm::from),
            },
            algorithm: known.assertion_algorithm,
            tolerances: tolerances_of(known),
        };
        let right = self.prove_by_assertion(&signer, assertion, address).await?;
        Ok(AuthenticatedClient {
            client: Arc::clone(known),
            tolerances: right.tolerances,
            kid: right.kid,
            dpop_key: None,
            dpop_proof: None,
            origin: Origin::default(),
        })
    }

    async fn prove_resource_server(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        address: IpAddr,
    ) -> Result<Arc<KnownResourceCredential>, ClientAuthenticationFailure> {
        if presented.secret.is_none() && presented.assertion.is_none() {
            return Err(ClientAuthenticationError::SecretMissing.into());
        }
        let mut known = None;
        for client_id in presented.client_ids() {
            known = self
                .directory()
                .find_resource_credential(tenant, client_id)
                .await?;
            if known.is_some() {
                break;
            }
        }
        if let Some(assertion) = &presented.assertion {
            return self
                .prove_signing_server(tenant, presented, known, assertion, address)
                .await;
        }
        let Some(secret) = &presented.secret else {
            return Err(ClientAuthenticationError::SecretMissing.into());
        };
        let owner = Owner {
            tenant,
            name: presented.client_id.as_str(),
            secrets: known.as_ref().map_or(&[], |known| known.secrets.as_slice()),
        };
        let is_right = self.check_secret(&owner, secret, address).await?;
        match known {
            None => Err(ClientAuthenticationError::UnknownClient.into()),
            Some(known) if is_right => Ok(known),
            Some(_) => Err(ClientAuthenticationError::WrongSecret.into()),
        }
    }

    async fn prove_signing_server(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
        known: Option<Arc<KnownResourceCredential>>,
        assertion: &SecretText,
        address: IpAddr,
    ) -> Result<Arc<KnownResourceCredential>, ClientAuthenticationFailure> {
        let refusal = match &known {
            None => Some(ClientAuthenticationError::UnknownClient),
            Some(known) if known.keys.is_none() => Some(ClientAuthenticationError::OtherMethod),
            Some(_) => None,
        };
        let (Some(known), None) = (known, &refusal) else {
            let name = presented.client_id.as_str();
            self.count_against(tenant, name, address).await?;
            return Err(refusal
                .unwrap_or(ClientAuthenticationError::UnknownClient)
                .into());
        };
        let signer = Signer {
            owner: KeyOwner {
                tenant,
                kind: KeyOwnerKind::ResourceServer,
                client_id: &known.client_id,
                keys: &known.keys,
                parsed: &known.parsed_keys,
                algorithm: None,
            },
            algorithm: None,
            tolerances: &[],
        };
        let right = self.prove_by_assertion(&signer, assertion, address).await?;
        self.count_tolerances(&right.tolerances);
        Ok(known)
    }

    async fn find_presented_client(
        &self,
        tenant: &Tenant,
        presented: &PresentedCredentials,
    ) -> Result<Option<Arc<KnownClient>>, StoreError> {
        for client_id in presented.client_ids() {
            let known = self.directory().find_client(tenant, client_id).await?;
            if known.is_some() {
                return Ok(known);
            }
        }
        Ok(None)
    }

    /// Compares a secret with those of its owner. What fails counts against client and address.
    async fn check_secret(
        &self,
        owner: &Owner<'_>,
        presented: &PresentedSecret,
        address: IpAddr,
    ) -> Result<bool, ClientAuthenticationFailure> {
        let now = self.now();
        match self
            .verified_secrets()
            .check_without_hashing(self.peppers(), owner, presented, now)
        {
            SecretCheck::Right => Ok(true),
            SecretCheck::Wrong => {
                self.count_against(owner.tenant, owner.name, address)
                    .await?;
                Ok(false)
            }
            // Before argon2, so that guessing never buys more computations than the limits allow.
            SecretCheck::NeedsHashing(text) => {
                self.count_against(owner.tenant, owner.name, address)
                    .await?;
                let is_right = self
                    .verified_secrets()
                    .check_by_hashing(owner, &text, now)
                    .await;
                is_right.map_err(|_| ClientAuthenticationFailure::Busy)
            }
        }
    }

    /// One client seen from one address, and the address over all clients: a stranger's guesses
    /// must not lock out the client itself.
    async fn count_against(
        &self,
        tenant: &Tenant,
        name: &str,
        address: IpAddr,
    ) -> Result<(), RateLimited> {
        let tenant_id = Some(tenant.id());
        let key = format!("{name}@{}", address_key(address));
        self.limits()
            .take(Limit::ClientFailure, tenant_id, &key)
            .await?;
        self.limits()
            .take_by_address(Limit::ClientFailureAddress, None, address)
            .await
    }

    fn count_failure<T>(
        &self,
        outcome: Result<T, ClientAuthenticationFailure>,
    ) -> Result<T, ClientAuthenticationFailure> {
        if let Err(failure) = &outcome {
            let failures = &self.metrics().client_authentication_failures;
            failures.with_label_values(&[failure.reason()]).inc();
            if let ClientAuthenticationFailure::Store(_) = failure {
                self.metrics().database_errors.inc();
            }
        }
        outcome
    }
}
