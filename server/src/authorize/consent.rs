//! The consent step: what the person is asked, and the answer.
//!
//! Not here: whether to ask and whether to remember (`protocol::authorization::consent`), the grant
//! (`authority::grants`), what comes after (`continue_`). To show one more thing: a field of
//! `pages::consent::ConsentPage`, filled in [`page`].

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use authority::audit::{Actor, AuditEvent, EventType};
use authority::browser_sessions::{EndedBy, SessionEnding};
use protocol::UserId;
use protocol::authorization::consent as consent_rule;
use protocol::authorization::{ConsentOutcome, Destination, PendingAuthorization};
use protocol::client::catalogue::{self, CatalogueEntry};
use protocol::client::{Client, ClientOrigin};
use protocol::redirect_uri::{RedirectUriKind, VerifiedRedirectUri};

use super::cookies::{self, CookieKind};
use super::form::Form;
use super::journey::{Journey, Session};
use super::stop::{self, Stop};
use super::trouble::Trouble;
use super::{client_document, continue_, decision, pending, refusal, same_site};
use crate::client_logo;
use crate::pages::consent::{ConsentPage, DeviceView, ResourceView, ScopeView};
use crate::pages::login::{Failure, ReturnsTo};
use crate::pages::{self, Frame};
use crate::tenancy::TenantRequest;

const NOTHING_TICKED: Failure = Failure {
    title: "Nothing is ticked",
    advice: "Tick what the application may do, or choose Deny.",
};

const CLIENT_CHANGED: Failure = Failure {
    title: "The application has just changed",
    advice: "What it says about itself is not what you were shown. Look again, and decide again.",
};

/// The question.
pub fn show(request: &TenantRequest, journey: &Journey) -> Result<HttpResponse, Stop> {
    let page = page(request, journey)?;
    Ok(pages::respond(StatusCode::OK, &page))
}

fn page(request: &TenantRequest, journey: &Journey) -> Result<ConsentPage, Stop> {
    let Some(session) = &journey.session else {
        return Err(Stop::new(Trouble::Internal).because("consent without a session"));
    };
    let tenant = request.tenant.display_name();
    let client = &journey.client;
    let kind = journey
        .destination
        .redirect_uri()
        .map(VerifiedRedirectUri::kind);
    let (badge, vouched) = voucher_of(client, kind, tenant);
    let is_impersonable =
        kind.is_some_and(|kind| kind != RedirectUriKind::Https) && !client.is_confidential();
    Ok(ConsentPage {
        frame: Frame::of_tenant(tenant),
        action: request.tenant.issuer().endpoint_path("consent"),
        pending: pending::seal_for_consent(request, &as_shown(journey), session)?,
        username: session.username.clone(),
        client_name: client.display_name().to_owned(),
        logo: client_logo::path_for(request, client),
        client_initial: pages::initial_of(client.display_name()),
        client_host: host_of(client),
        is_host_proven: client.origin == ClientOrigin::Document
            && (kind.is_some() || client.is_confidential()),
        badge,
        vouched,
        is_unverified: is_unverified(journey),
        returns_to: returns_to(journey),
        is_private_scheme: kind == Some(RedirectUriKind::PrivateUse),
        is_device_only: is_impersonable || kind.is_some() && client.is_loopback_only(),
        // Per resource, so a sign-in and nothing else is asked about every time.
        is_remembered: consent_rule::may_be_remembered(client, journey.destination.registered())
            && !journey.pending.resources.is_empty(),
        device: device_of(request, journey),
        resources: journey
            .asked_resources()
            .map(|resource| ResourceView {
                name: resource.name.clone(),
                identifier: resource.identifier().to_owned(),
            })
            .collect(),
        scopes: scopes_of(journey),
        withheld: journey.withheld.tokens().to_vec(),
        error_id: request.request_id.to_string(),
        failure: None,
    })
}

/// The request with what its client is now. An answer to an earlier page is none to this one.
fn as_shown(journey: &Journey) -> PendingAuthorization {
    PendingAuthorization {
        shown_digest: Some(digest_of(journey)),
        outcome: None,
        ..journey.to_carry().clone()
    }
}

fn digest_of(journey: &Journey) -> [u8; 32] {
    consent_rule::shown_digest(&journey.client, &journey.destination)
}

/// Rows K13, L4: whether the client, and where its answer goes, are still those of the page.
pub fn is_as_shown(journey: &Journey) -> bool {
    journey.pending.shown_digest == Some(digest_of(journey))
}

/// Where the answer goes, as a person reads it; a device has no address.
pub fn returns_to(journey: &Journey) -> Option<ReturnsTo> {
    let redirect_uri = journey.destination.redirect_uri()?;
    Some(ReturnsTo {
        host: refusal::host_of(redirect_uri),
        is_loopback: redirect_uri.kind() == RedirectUriKind::Loopback,
    })
}

/// Whether nobody answers for the client. A device has no address that would prove a known one.
pub fn is_unverified(journey: &Journey) -> bool {
    let client = &journey.client;
    let is_device = matches!(journey.destination, Destination::Device(_));
    !client.is_trusted() || is_device && !client.is_vouched_for()
}

/// RFC 8628 §5.4: whoever decides should see that it is not their own device. That the addresses are the same
/// is not said: behind a proxy that is not among the trusted ones they always are.
fn device_of(request: &TenantRequest, journey: &Journey) -> Option<DeviceView> {
    let Destination::Device(device) = &journey.destination else {
        return None;
    };
    let ago = request.now().saturating_since(device.requested_at);
    Some(DeviceView {
        address: device.requested_from.to_canonical().to_string(),
        minutes_ago: ago.as_secs() / 60,
        is_elsewhere: device.requested_from.to_canonical() != request.client_address.to_canonical(),
    })
}

/// Who vouches for the client: in two words, and in a sentence. Only an address proves that a client is one that
/// is known; a device has none.
fn voucher_of(
    client: &Client,
    returns_to: Option<RedirectUriKind>,
    tenant: &str,
) -> (String, String) {
    if !client.is_vouched_for()
        && let Some(returns_to) = returns_to
        && let Some(known) = catalogue::find_proven(client)
    {
        return recognised(client, known, returns_to);
    }
    match client.origin {
        ClientOrigin::Static => (
            format!("Added by {tenant}"),
            format!("An administrator of {tenant} added this application."),
        ),
        ClientOrigin::Registered => (
            "Unverified".to_owned(),
            format!("It registered itself; nobody at {tenant} has checked its name."),
        ),
        ClientOrigin::Document => (
            "Unverified".to_owned(),
            format!("It describes itself there; nobody at {tenant} has checked it."),
        ),
    }
}

/// What recognising a client means, and what it does not: a program on the device is whichever one is
/// there. What a client merely says of itself never comes here.
fn recognised(
    client: &Client,
    known: &CatalogueEntry,
    returns_to: RedirectUriKind,
) -> (String, String) {
    let (name, vendor) = (&known.name, &known.vendor);
    let meaning = match (client.origin, returns_to) {
        (ClientOrigin::Document, RedirectUriKind::Https) => {
            format!("This is {name}: {vendor} publishes its description there.")
        }
        (ClientOrigin::Document, _) => format!(
            "{vendor} publishes the description of {name} there; which program on this device uses it, nobody can check."
        ),
        _ => format!("Its answers go to {vendor}, as those of {name} do."),
    };
    ("Recognised client".to_owned(), meaning)
}

/// The host of a metadata document is proven; the host of a `client_uri` is the client's word, which has
/// no place beside a badge of ours.
fn host_of(client: &Client) -> Option<String> {
    let uri = match client.origin {
        ClientOrigin::Registered if client.is_trusted() => return None,
        ClientOrigin::Document => client.client_id.as_str(),
        ClientOrigin::Static | ClientOrigin::Registered => client.client_uri.as_deref()?,
    };
    client_document::host_of(uri)
}

fn scopes_of(journey: &Journey) -> Vec<ScopeView> {
    let describe = |name: &str| {
        journey
            .asked_resources()
            .find_map(|resource| resource.describe_scope(name))
            .or_else(|| words_of_tenant_scope(name))
            .filter(|words| !words.is_empty())
            .unwrap_or(name)
            .to_owned()
    };
    let scopes = journey.pending.scopes.iter();
    scopes
        .map(|name| ScopeView {
            name: name.to_owned(),
            description: describe(name),
            is_chosen: true,
        })
        .collect()
}

/// Scopes that belong to the tenant instead of to a resource.
fn words_of_tenant_scope(name: &str) -> Option<&'static str> {
    Some(match name {
        "openid" => "Know which account you signed in with",
        "profile" => "See your name",
        "email" => "See your e-mail address",
        "offline_access" => "Stay connected while you are away",
        _ => return None,
    })
}

/// `POST {issuer}/consent`
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    // Boxed, so that the answers of all other paths do not carry the room that this one takes.
    let answered = Box::pin(submit(&mut request)).await;
    answered.unwrap_or_else(|stop| stop.respond(&request))
}

async fn submit(request: &mut TenantRequest) -> Result<HttpResponse, Stop> {
    if *request.http.method() != Method::POST {
        return Err(pending::not_by_itself());
    }
    if !same_site::is_posted_by_us(&request.http, &request.tenant) {
        return Err(Stop::new(Trouble::ForeignForm));
    }
    let form = Form::read(&request.body().await?)?;
    let Some(session) = Session::find(request).await? else {
        return Err(Stop::new(Trouble::SignedOut).because("a consent without a session"));
    };
    let asked = pending::open_for_consent(request, &form.pending, &session)?;
    let mut journey = Journey::resume(request, asked).await?;
    let user_id = session.signed_in.user_id;
    match form.decision.as_str() {
        "allow" if !is_as_shown(&journey) => {
            return ask_again(request, journey, show_changed).await;
        }
        "allow" => {
            let ticked: Vec<&str> = form.scopes.iter().map(String::as_str).collect();
            let scopes = consent_rule::chosen_scopes(&journey.pending.scopes, &ticked);
            if scopes.is_empty() && !journey.pending.scopes.is_empty() {
                return ask_again(request, journey, show_unticked).await;
            }
            journey.pending.outcome = Some(ConsentOutcome::Allowed { user_id, scopes });
        }
        "deny" => {
            record_denial(request, &journey, user_id).await?;
            journey.pending.outcome = Some(ConsentOutcome::Denied { user_id });
        }
        "switch_account" => return switch_account(request, journey.pending, &session).await,
        _ => return Err(Stop::new(Trouble::UnreadableRequest).because("no such decision")),
    }
    continue_::dispatch(request, journey).await
}

/// With a word about why, unless the policies have put an end to it meanwhile.
async fn ask_again(
    request: &TenantRequest,
    mut journey: Journey,
    show: fn(&TenantRequest, &Journey) -> Result<HttpResponse, Stop>,
) -> Result<HttpResponse, Stop> {
    decision::apply(request, &mut journey).await?;
    let began_at = journey.pending.created_at;
    let mut session = journey.session.iter();
    let is_old = session.any(|session| session.signed_in.authenticated_at < began_at);
    if journey.pending.refusal.is_some() || is_old && journey.pending.prompts.login {
        return continue_::dispatch(request, journey).await;
    }
    show(request, &journey)
}

/// What the person decided is theirs to find in the audit, a refusal like a grant.
async fn record_denial(
    request: &TenantRequest,
    journey: &Journey,
    user_id: UserId,
) -> Result<(), Stop> {
    let authority = request.authority();
    let event = AuditEvent::new(
        EventType::ConsentDenied,
        Actor::User(user_id),
        request.now(),
    )
    .at("client", &journey.client.client_id)
    .origin(&request.origin())
    .detail("scope", &journey.pending.scopes);
    let event = match &journey.destination {
        Destination::Redirect(redirect_uri) => event.detail("redirect_uri", redirect_uri.as_str()),
        Destination::Device(device) => event.detail("device_requested_from", device.requested_from),
    };
    let mut scope = authority.database().tenant(&request.tenant).await?;
    scope
        .insert_audit_event(&event.into_row(authority.random()))
        .await?;
    scope.commit().await?;
    authority
        .metrics()
        .consents
        .with_label_values(&["denied"])
        .inc();
    Ok(())
}

/// The question again, because it was about something else.
pub fn show_changed(request: &TenantRequest, journey: &Journey) -> Result<HttpResponse, Stop> {
    let mut page = page(request, journey)?;
    page.failure = Some(CLIENT_CHANGED);
    Ok(pages::respond(StatusCode::CONFLICT, &page))
}

fn show_unticked(request: &TenantRequest, journey: &Journey) -> Result<HttpResponse, Stop> {
    let mut page = page(request, journey)?;
    page.failure = Some(NOTHING_TICKED);
    page.scopes
        .iter_mut()
        .for_each(|scope| scope.is_chosen = false);
    Ok(pages::respond(StatusCode::BAD_REQUEST, &page))
}

/// The same request for somebody else: whoever is signed in here now is not, afterwards.
async fn switch_account(
    request: &TenantRequest,
    mut pending: PendingAuthorization,
    session: &Session,
) -> Result<HttpResponse, Stop> {
    let ending = SessionEnding {
        by: EndedBy::AccountSwitch,
        client_id: Some(&pending.client_id),
        origin: request.origin(),
    };
    request
        .authority()
        .end_browser_session(&request.tenant, &session.cookie, &ending)
        .await?;
    pending.login_hint = None;
    let url = pending::continue_url(request, &pending::seal(request, &pending)?);
    let mut response = refusal::see_other(&url)?;
    stop::add_cookie(
        &mut response,
        &cookies::removal(&request.tenant, CookieKind::Session),
    )?;
    Ok(response)
}
