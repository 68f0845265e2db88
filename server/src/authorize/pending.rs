//! Sealing and opening a pending authorization: how it travels through the browser.
//!
//! Not here: what is in it (`protocol::authorization::pending`). Two seals: one for whoever holds
//! this browser's cookie, one that the person who was shown a consent page must also still be signed
//! in for. Either opens at its own tenant only (O1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{AssociatedData, Purpose};
use protocol::authorization::PendingAuthorization;
use url::form_urlencoded;

use super::journey::{BrowserSecret, Session};
use super::stop::Stop;
use super::trouble::Trouble;
use crate::tenancy::TenantRequest;

/// For the sign-in form and for our own URL.
pub fn seal(request: &TenantRequest, pending: &PendingAuthorization) -> Result<String, Stop> {
    seal_for(request, Purpose::Pending, &tenant_place(request), pending)
}

/// For the consent form of this person in this browser (L3). Not of this very session: signing in
/// again in a second tab makes a new one, and the form in the first tab must still be good.
pub fn seal_for_consent(
    request: &TenantRequest,
    pending: &PendingAuthorization,
    session: &Session,
) -> Result<String, Stop> {
    seal_for(
        request,
        Purpose::Consent,
        &person_place(request, session),
        pending,
    )
}

pub fn open(request: &TenantRequest, sealed: &str) -> Result<PendingAuthorization, Stop> {
    let place = tenant_place(request);
    open_for(request, Purpose::Pending, &place, sealed)
        .ok_or_else(|| Stop::new(Trouble::UnknownPending))
        .and_then(|pending| of_this_browser(request, pending))
}

/// A consent form that somebody else was shown is a forgery as far as anybody can tell: 403.
pub fn open_for_consent(
    request: &TenantRequest,
    sealed: &str,
    session: &Session,
) -> Result<PendingAuthorization, Stop> {
    let place = person_place(request, session);
    open_for(request, Purpose::Consent, &place, sealed)
        .ok_or_else(|| Stop::new(Trouble::ForeignForm))
        .and_then(|pending| of_this_browser(request, pending))
}

/// Our own URL that takes the sign-in on.
pub fn continue_url(request: &TenantRequest, sealed: &str) -> String {
    let path = request.tenant.issuer().endpoint_path("authorize/continue");
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("pending", sealed)
        .finish();
    format!("{path}?{query}")
}

fn tenant_place(request: &TenantRequest) -> AssociatedData {
    AssociatedData::of(&[request.tenant.id().as_uuid().as_bytes()])
}

fn person_place(request: &TenantRequest, session: &Session) -> AssociatedData {
    let user_id = session.signed_in.user_id.as_uuid();
    AssociatedData::of(&[request.tenant.id().as_uuid().as_bytes(), user_id.as_bytes()])
}

fn seal_for(
    request: &TenantRequest,
    purpose: Purpose,
    place: &AssociatedData,
    pending: &PendingAuthorization,
) -> Result<String, Stop> {
    let plaintext =
        serde_json::to_vec(pending).map_err(|error| Stop::new(Trouble::Internal).because(error))?;
    let sealed = request
        .authority()
        .encryption_keys()
        .seal(purpose, place, &plaintext);
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

fn open_for(
    request: &TenantRequest,
    purpose: Purpose,
    place: &AssociatedData,
    sealed: &str,
) -> Option<PendingAuthorization> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plaintext = request
        .authority()
        .encryption_keys()
        .open(purpose, place, &sealed)
        .ok()?;
    serde_json::from_slice(&plaintext).ok()
}

/// Begun here, and not too long ago.
fn of_this_browser(
    request: &TenantRequest,
    pending: PendingAuthorization,
) -> Result<PendingAuthorization, Stop> {
    let is_here = BrowserSecret::find(request)
        .is_some_and(|secret| pending.belongs_to_browser(&secret.digest()));
    if !is_here {
        return Err(Stop::new(Trouble::OtherBrowser));
    }
    if pending.is_expired(request.now()) {
        return Err(Stop::new(Trouble::PendingExpired));
    }
    Ok(pending)
}

/// `GET {issuer}/login` or `/consent`: only our forms lead there.
pub fn not_by_itself() -> Stop {
    Stop::new(Trouble::UnknownPending).because("a form's address was opened by itself")
}
