//! One sign-in as a step sees it: the pending authorization, and everything around it looked up
//! again, because a client, a resource or a session may have gone since the step before.
//!
//! Not here: what happens next (`continue_`). To let steps see one more thing: a field, filled in
//! by [`Journey::resume`] and by `authorize::begin`.

use std::sync::Arc;

use actix_web::cookie::Cookie;
use authority::client_documents::{DocumentInForce, FoundClient};
use authority::directory::KnownClient;
use authority::policy;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::authorization::consent::{self, RememberedConsent};
use protocol::authorization::step_up::HeldGrant;
use protocol::authorization::{
    Destination, PageError, PendingAuthorization, ProofOfPossession, RedirectError, Refusal,
    SignedIn,
};
use protocol::client::Client;
use protocol::device::{self, DeviceState};
use protocol::openid::OpenSession;
use protocol::pkce::ChallengeError;
use protocol::redirect_uri::match_redirect_uri;
use protocol::resource::{Resource, Resources, TargetError};
use protocol::scope;
use protocol::{ScopeSet, SessionId};
use sha2::{Digest as _, Sha256};
use store::Tenant;

use super::client_document;
use super::cookies::{self, CookieKind};
use super::stop::Stop;
use super::trouble::Trouble;
use crate::tenancy::TenantRequest;

pub struct Journey {
    pub pending: PendingAuthorization,
    pub client: Arc<KnownClient>,
    /// What the client was read from, where it came by a metadata document.
    pub document: Option<DocumentInForce>,
    pub destination: Destination,
    pub resources: Arc<Resources>,
    pub session: Option<Session>,
    /// The request before the policies narrowed it for this person: what travels on.
    pub as_asked: Option<PendingAuthorization>,
    /// The scopes that the policies keep back from this person.
    pub withheld: ScopeSet,
}

impl Journey {
    /// Looks everything up again.
    pub async fn resume(
        request: &TenantRequest,
        mut pending: PendingAuthorization,
    ) -> Result<Self, Stop> {
        let directory = request.authority().directory();
        let FoundClient { client, document } =
            client_document::find_client(request, &pending.client_id)
                .await?
                .ok_or(PageError::UnknownClient)?;
        let destination = find_destination(request, &pending, &client).await?;
        if !client.is_enabled {
            return Err(PageError::ClientDisabled.into());
        }
        let resources = directory.list_resources(&request.tenant).await?;
        let narrowed = narrow_again(&mut pending, &client, &resources)
            .and_then(|()| check_proof_again(&pending, &client, &request.tenant));
        if let Err(error) = narrowed {
            pending.refusal.get_or_insert_with(|| Refusal::from(&error));
        }
        let session = Session::find(request).await?;
        Ok(Self {
            pending,
            client,
            document,
            destination,
            resources,
            session,
            as_asked: None,
            withheld: ScopeSet::empty(),
        })
    }

    /// Nobody has decided yet.
    pub fn forget_answer(&mut self) {
        if let Some(asked) = self.as_asked.take() {
            self.pending = asked;
        }
        self.pending.outcome = None;
    }

    /// What is sealed into the next form: whoever sends it may be somebody else, about whom the policies say
    /// something else.
    pub fn to_carry(&self) -> &PendingAuthorization {
        self.as_asked.as_ref().unwrap_or(&self.pending)
    }

    /// The resources that the request is about.
    pub fn asked_resources(&self) -> impl Iterator<Item = &Resource> {
        self.pending
            .resources
            .iter()
            .filter_map(|id| self.resources.find(*id))
    }

    /// What this person allowed this client before.
    pub async fn list_remembered(
        &self,
        request: &TenantRequest,
    ) -> Result<Vec<RememberedConsent>, Stop> {
        let Some(session) = &self.session else {
            return Ok(Vec::new());
        };
        // An answer to the question that was just put needs no older one.
        let is_settled = self.pending.outcome.is_some() || self.pending.refusal.is_some();
        // Row K13: what was allowed was allowed to the client as its document was then.
        let has_changed = self
            .document
            .as_ref()
            .is_some_and(DocumentInForce::is_changed);
        if is_settled
            || has_changed
            || !consent::may_be_remembered(&self.client, self.destination.registered())
        {
            return Ok(Vec::new());
        }
        let user_id = session.signed_in.user_id;
        let mut scope = request
            .authority()
            .database()
            .tenant(&request.tenant)
            .await?;
        let remembered = scope.list_consents(user_id, self.client.key).await?;
        scope.commit().await?;
        Ok(remembered)
    }

    /// What this client may hold a token for since this sign-in: other devices of the person, where the
    /// client may be called the same, are another matter. Asked only where the request asks for something
    /// in vain.
    pub async fn list_held(&self, request: &TenantRequest) -> Result<Vec<HeldGrant>, Stop> {
        let Some(session) = &self.session else {
            return Ok(Vec::new());
        };
        if self.pending.refused_scopes.is_empty() || self.pending.outcome.is_some() {
            return Ok(Vec::new());
        }
        let SignedIn {
            user_id,
            authenticated_at,
        } = session.signed_in;
        let tenant = &request.tenant;
        let since = request.now() - tenant.settings().access_token_lifetime;
        let mut scope = request.authority().database().tenant(tenant).await?;
        let held = scope
            .list_held_grants(user_id, self.client.key, authenticated_at, since)
            .await?;
        scope.commit().await?;
        Ok(held)
    }
}

/// Where the answer goes: looked up again, like everything else.
async fn find_destination(
    request: &TenantRequest,
    pending: &PendingAuthorization,
    client: &Client,
) -> Result<Destination, Stop> {
    if !pending.is_device {
        let sent = pending.redirect_uri.as_deref();
        let verified = match_redirect_uri(&client.redirect_uris, sent).map_err(PageError::from)?;
        return Ok(Destination::Redirect(verified));
    }
    let (authority, tenant) = (request.authority(), &request.tenant);
    let found = authority.find_device(tenant, pending.pending_id).await?;
    let record = found
        .filter(|record| record.client_id == client.client_id)
        .ok_or_else(|| {
            Stop::new(Trouble::PendingExpired).because("the device's request is gone")
        })?;
    if record.device.state != DeviceState::Pending {
        return Err(Stop::new(Trouble::PendingUsed));
    }
    if request.now() >= record.device.expires_at {
        return Err(Stop::new(Trouble::PendingExpired));
    }
    // An administrator may have changed it since the device asked.
    device::request::check_client(client, tenant.settings().device_authorization)
        .map_err(|error| Stop::new(Trouble::ClientDisabled).because(error))?;
    Ok(Destination::Device(record.request))
}

/// A resource or a scope that the client lost between two steps is not given.
fn narrow_again(
    pending: &mut PendingAuthorization,
    client: &Client,
    resources: &Resources,
) -> Result<(), RedirectError> {
    let asked: Vec<&Resource> = pending
        .resources
        .iter()
        .map(|id| resources.find(*id).filter(|_| client.may_use_resource(*id)))
        .collect::<Option<_>>()
        .ok_or(TargetError::Gone)?;
    if !pending.scopes.is_empty() {
        pending.scopes = scope::narrow(Some(&pending.scopes), &asked, client)?;
    }
    Ok(())
}

/// What was tolerated when the sign-in began may not be any more.
fn check_proof_again(
    pending: &PendingAuthorization,
    client: &Client,
    tenant: &Tenant,
) -> Result<(), RedirectError> {
    let leaves_pkce_out = pending.proof == Some(ProofOfPossession::ClientAuthentication);
    let may = client.is_confidential() && policy::tolerates_missing_challenge(tenant);
    if leaves_pkce_out && !may {
        return Err(ChallengeError::Missing.into());
    }
    Ok(())
}

/// Who is signed in here.
pub struct Session {
    pub id: SessionId,
    pub signed_in: SignedIn,
    pub username: String,
    /// The secret as the browser holds it.
    pub cookie: String,
}

impl Session {
    pub const fn as_open(&self) -> OpenSession {
        OpenSession {
            session_id: self.id,
            user_id: self.signed_in.user_id,
        }
    }

    pub async fn find(request: &TenantRequest) -> Result<Option<Self>, Stop> {
        match cookies::find(&request.http, &request.tenant, CookieKind::Session) {
            Some(cookie) => Self::of_cookie(request, cookie).await,
            None => Ok(None),
        }
    }

    pub async fn of_cookie(request: &TenantRequest, cookie: String) -> Result<Option<Self>, Stop> {
        let found = request
            .authority()
            .find_browser_session(&request.tenant, &cookie)
            .await?;
        Ok(found.map(|session| Self {
            id: session.session_id,
            signed_in: SignedIn {
                user_id: session.user_id,
                authenticated_at: session.authenticated_at,
            },
            username: session.username,
            cookie,
        }))
    }
}

/// What binds a pending authorization to one browser. It is no session: it says nothing about who
/// sits there, and every tab shares it.
pub struct BrowserSecret {
    text: String,
    is_new: bool,
}

const SECRET_BYTES: usize = 32;

impl BrowserSecret {
    /// The browser's own secret, or a fresh one.
    pub fn of_request(request: &TenantRequest) -> Self {
        Self::find(request).unwrap_or_else(|| {
            let mut bytes = [0; SECRET_BYTES];
            request.authority().random().fill(&mut bytes);
            Self {
                text: URL_SAFE_NO_PAD.encode(bytes),
                is_new: true,
            }
        })
    }

    /// A value that is not of our making is as good as none.
    pub fn find(request: &TenantRequest) -> Option<Self> {
        let text = cookies::find(&request.http, &request.tenant, CookieKind::Browser)?;
        let decoded = URL_SAFE_NO_PAD.decode(&text).ok()?;
        (decoded.len() == SECRET_BYTES).then_some(Self {
            text,
            is_new: false,
        })
    }

    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The cookie to set, if the browser has none yet.
    pub fn new_cookie(&self, tenant: &Tenant) -> Option<Cookie<'static>> {
        self.is_new
            .then(|| cookies::set(tenant, CookieKind::Browser, self.text.clone()))
    }
}
