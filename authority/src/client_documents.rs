//! Clients whose `client_id` is the URL of their metadata document: finding the document, keeping it, and
//! standing by the last good copy when its host does not answer.
//!
//! Order: the tenant's policy, then what is remembered, then the row's copy, then one fetch for all who
//! wait for it. Nothing here writes to the database: the client's row and the copy are written with its
//! first code ([`Authority::issue_code`]), so that strangers cannot fill it. Errors and documents that the
//! rules refuse are never kept.
//!
//! What it is not: the rules (`protocol::client::metadata_document`), the way out (`outbound`), or anything
//! that the token endpoint needs: that reads the row.
//!
//! To add one more source of a copy: `keeper`. One more reason to refuse: [`DocumentError`].

mod flights;
mod keeper;
mod logos;
mod storing;
mod tenant_shares;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use outbound::{FetchError, FetchKind, FetchRequest, UrlFault};
use protocol::client::ClientOrigin;
use protocol::client::metadata_document::{
    ClientDocument, DocumentFault, DocumentRules, DocumentUrl, DocumentUrlError, guard_digest,
};
use protocol::error_code::ProtocolError as _;
use protocol::ids::{ClientId, ClientKey};
use protocol::{ErrorCode, Timestamp};
use store::{ClientDocumentRecord, NewClientDocument, StoreError, Tenant};

use crate::Authority;
use crate::audit::Origin;
use crate::decisions::PolicyRefusal;
use crate::directory::KnownClient;
use crate::limits::RateLimited;
use crate::policy::{self, DocumentRefusal};

pub(crate) use keeper::ClientDocuments;
pub use logos::Logo;
pub(crate) use storing::{DocumentToStore, StoreDocumentError};

/// Why a client that names a document cannot be used now.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error(transparent)]
    Url(#[from] DocumentUrlError),
    #[error(transparent)]
    NotFetchable(#[from] UrlFault),
    #[error(transparent)]
    Policy(#[from] DocumentRefusal),
    /// What it says of itself is nothing that the tenant's policies take.
    #[error(transparent)]
    Refused(#[from] PolicyRefusal),
    #[error(transparent)]
    Invalid(#[from] DocumentFault),
    /// Row K11: whatever it was, it is told alike. The reason is for the log.
    #[error(
        "the document at the client_id could not be fetched: it must be served at exactly this URL with \
         status 200, without a redirect or compression, as application/json, in at most 5 KB and within \
         3 seconds"
    )]
    Unreachable(FetchError),
    #[error("too many documents are being fetched; try again shortly")]
    Busy,
    #[error(transparent)]
    Limited(#[from] RateLimited),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DocumentError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Url(_) | Self::NotFetchable(_) => ErrorCode::InvalidClient,
            Self::Policy(_) => ErrorCode::UnauthorizedClient,
            Self::Refused(refusal) => refusal.code(),
            Self::Invalid(_) => ErrorCode::InvalidClientMetadata,
            Self::Unreachable(_) | Self::Busy | Self::Limited(_) | Self::Store(_) => {
                ErrorCode::TemporarilyUnavailable
            }
        }
    }

    /// The member of the document that is at fault.
    pub fn member(&self) -> Option<&'static str> {
        match self {
            Self::Url(_) | Self::NotFetchable(_) => Some("client_id"),
            Self::Invalid(fault) => fault.member(),
            Self::Policy(_)
            | Self::Refused(_)
            | Self::Unreachable(_)
            | Self::Busy
            | Self::Limited(_)
            | Self::Store(_) => None,
        }
    }

    /// One word for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Url(_) | Self::NotFetchable(_) => "url",
            Self::Policy(_) | Self::Refused(_) => "policy",
            Self::Invalid(_) => "invalid",
            Self::Unreachable(error) => error.reason(),
            Self::Busy => "busy",
            Self::Limited(_) => "limited",
            Self::Store(_) => "store",
        }
    }
}

/// A document as it was fetched and found good.
#[derive(Debug)]
pub(crate) struct DocumentCopy {
    text: String,
    fetched_at: Timestamp,
    expires_at: Timestamp,
    /// Whether the row has this very copy.
    is_stored: AtomicBool,
}

impl DocumentCopy {
    fn of_row(record: ClientDocumentRecord) -> Self {
        Self {
            text: record.document,
            fetched_at: record.fetched_at,
            expires_at: record.expires_at,
            is_stored: AtomicBool::new(true),
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

/// The document that a client came with.
#[derive(Clone, Debug)]
pub struct DocumentInForce {
    copy: Arc<DocumentCopy>,
    guard_digest: [u8; 32],
    is_changed: bool,
    is_to_be_stored: bool,
}

impl DocumentInForce {
    /// Redirect URIs, method or keys are not those that people consented to (row K13).
    pub const fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// What to write with the next code, if anything.
    pub(crate) fn to_store(&self) -> Option<NewClientDocument> {
        self.is_to_be_stored.then(|| NewClientDocument {
            document: self.copy.text.clone(),
            fetched_at: self.copy.fetched_at,
            expires_at: self.copy.expires_at,
            guard_digest: self.guard_digest,
        })
    }

    pub(crate) fn was_stored(&self) {
        self.copy.is_stored.store(true, Ordering::Relaxed);
    }
}

/// A client at the authorization endpoint.
#[derive(Debug)]
pub struct FoundClient {
    pub client: Arc<KnownClient>,
    /// Where it came by one.
    pub document: Option<DocumentInForce>,
}

impl FoundClient {
    fn of_row(client: Arc<KnownClient>) -> Self {
        Self {
            client,
            document: None,
        }
    }
}

impl Authority {
    /// The client of this name as it is now. One that names a document is fetched where need be; a client
    /// that an operator entered under a URL is the operator's.
    pub async fn find_client_for_authorization(
        &self,
        tenant: &Tenant,
        client_id: &ClientId,
        address: IpAddr,
        request_id: &str,
    ) -> Result<Option<FoundClient>, DocumentError> {
        let row = self.directory().find_client(tenant, client_id).await?;
        let is_by_hand = |row: &Arc<KnownClient>| row.origin != ClientOrigin::Document;
        if !DocumentUrl::is_meant_by(client_id) || row.as_ref().is_some_and(is_by_hand) {
            return Ok(row.map(FoundClient::of_row));
        }
        // Boxed: most clients have no document, and should not carry the state of a fetch about.
        let found = Box::pin(async {
            let found = self.find_document_client(tenant, client_id, row, address);
            let found = found.await?;
            let origin = Origin {
                request_id: Some(request_id.to_owned()),
                address: Some(address),
            };
            self.check_described(tenant, &found.client, &origin).await?;
            Ok(found)
        });
        let found: Result<FoundClient, DocumentError> = found.await;
        if let Err(error) = &found {
            self.count_document(error.reason());
            tracing::info!(
                %client_id,
                reason = error.reason(),
                cause = ?error,
                "a client's document cannot be used"
            );
        }
        found.map(Some)
    }

    /// Each time it comes: what a document says may change, and so may the policies. One that is switched off is
    /// refused for that.
    async fn check_described(
        &self,
        tenant: &Tenant,
        client: &KnownClient,
        origin: &Origin,
    ) -> Result<(), DocumentError> {
        if !client.is_enabled {
            return Ok(());
        }
        let ground = self.registration_ground(tenant).await?;
        self.decide_registration(tenant, &ground, client, origin)?;
        Ok(())
    }

    async fn find_document_client(
        &self,
        tenant: &Tenant,
        client_id: &ClientId,
        row: Option<Arc<KnownClient>>,
        address: IpAddr,
    ) -> Result<FoundClient, DocumentError> {
        let url = DocumentUrl::parse(client_id)?;
        // Row K15: before anything is fetched.
        policy::check_document(tenant, &url)?;
        let request = fetch_request(tenant, &url, row.is_some());
        self.outbound().check_url(&request)?;
        if let Some(row) = &row
            && !row.is_enabled
        {
            // Whatever its document says by now; the checks will say that it is switched off.
            return Ok(FoundClient::of_row(Arc::clone(row)));
        }
        let copy = self
            .find_document(tenant, &url, row.is_some(), address)
            .await?;
        let found = self.describe(tenant, &url, row.as_deref(), copy)?;
        if !found
            .document
            .as_ref()
            .is_some_and(DocumentInForce::is_changed)
        {
            return Ok(found);
        }
        // The row may know a later document than we remember: another replica stored it.
        let stored = self.find_stored_document(tenant, client_id).await?;
        let is_later = |stored: &DocumentCopy| {
            let fetched_at = found.document.as_ref().map(|it| it.copy.fetched_at);
            fetched_at.is_none_or(|fetched_at| stored.fetched_at > fetched_at)
        };
        match stored.filter(is_later) {
            Some(later) => {
                let later = Arc::new(later);
                self.client_documents()
                    .keep(tenant.id(), &url, Arc::clone(&later));
                self.describe(tenant, &url, row.as_deref(), later)
            }
            None => Ok(found),
        }
    }

    /// The client that a copy describes.
    fn describe(
        &self,
        tenant: &Tenant,
        url: &DocumentUrl,
        row: Option<&KnownClient>,
        copy: Arc<DocumentCopy>,
    ) -> Result<FoundClient, DocumentError> {
        let document = read(tenant, url, copy.text.as_bytes())?;
        let mut client = if let Some(row) = row {
            document.into_client_of(row)
        } else {
            let now = self.now();
            document.into_new_client(ClientKey::generate(self.random(), now), now)
        };
        // What a document says of scopes is not read, and no administrator sets them for one client: the
        // tenant's limit for those who come by themselves, as it is now.
        client
            .scopes
            .clone_from(&tenant.settings().registration.scopes);
        let digest = guard_digest(&client);
        let is_as_stored = |row: &KnownClient| row.client == client;
        let in_force = DocumentInForce {
            guard_digest: digest,
            is_changed: row.is_some_and(|row| guard_digest(row) != digest),
            is_to_be_stored: !row.is_some_and(is_as_stored)
                || !copy.is_stored.load(Ordering::Relaxed),
            copy,
        };
        Ok(FoundClient {
            client: Arc::new(KnownClient::of_document(client)),
            document: Some(in_force),
        })
    }

    pub(crate) async fn find_stored_document(
        &self,
        tenant: &Tenant,
        client_id: &ClientId,
    ) -> Result<Option<DocumentCopy>, StoreError> {
        let mut scope = self.database().tenant(tenant).await?;
        let found = scope.find_client_document(client_id).await?;
        scope.commit().await?;
        Ok(found.map(DocumentCopy::of_row))
    }

    fn count_document(&self, outcome: &str) {
        self.metrics()
            .client_documents
            .with_label_values(&[outcome])
            .inc();
    }
}

/// The rules, with what the tenant adds to them.
fn read(tenant: &Tenant, url: &DocumentUrl, text: &[u8]) -> Result<ClientDocument, DocumentFault> {
    let rules = DocumentRules {
        private_use_redirect_uris: &tenant.settings().private_use_redirect_uris,
    };
    ClientDocument::parse(url, text, &rules)
}

/// `has_row`: the client is known, so that strangers' look-ups do not hinder this one.
fn fetch_request<'a>(tenant: &Tenant, url: &'a DocumentUrl, has_row: bool) -> FetchRequest<'a> {
    FetchRequest {
        url: url.as_str(),
        kind: FetchKind::MetadataDocument,
        is_known: has_row,
        share: tenant.id().as_uuid().as_u128(),
        issuer_is_loopback: tenant.issuer().is_loopback(),
    }
}
