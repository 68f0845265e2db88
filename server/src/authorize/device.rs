//! `GET` and `POST {issuer}/device` (RFC 8628 §3.3): the person types the code that their device shows, and goes on
//! to the sign-in and the question that every authorization leads to.
//!
//! Not here: finding the request (`authority::device`), and what comes after (`continue_`), whose answer goes to the
//! device's row instead of to a redirect URI.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use authority::device::{ApprovedDevice, Typist, UserCodeError};
use protocol::UserId;
use protocol::authorization::PendingAuthorization;
use protocol::authorization::pending::PendingStart;
use protocol::client::DeviceAuthorizationMode;
use protocol::device::{DeviceRequest, UserCode};
use protocol::scope::ScopeSet;
use store::DeviceAuthorizationRecord;

use super::form::Form;
use super::journey::{BrowserSecret, Journey, Session};
use super::stop::{self, Stop};
use super::trouble::Trouble;
use super::{pending, refusal, same_site};
use crate::pages::device::{DeviceDonePage, DevicePage};
use crate::pages::login::Failure;
use crate::pages::{self, Frame};
use crate::tenancy::TenantRequest;

const UNKNOWN_CODE: Failure = Failure {
    title: "No device is waiting with this code",
    advice: "Check the code on your device and type it again. A code is good for ten minutes; after that your device can show a new one.",
};

pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    let answered = if *request.http.method() == Method::POST {
        submit(&mut request).await
    } else {
        show(&request)
    };
    answered.unwrap_or_else(|stop| stop.respond(&request))
}

/// The form, with the code of a `verification_uri_complete` in it. It is not sent by itself: the person compares
/// it with what the device shows (RFC 8628 §3.3.1), and somebody else's link is not yet an answer.
fn show(request: &TenantRequest) -> Result<HttpResponse, Stop> {
    check_mode(request)?;
    let form = Form::read(request.http.query_string().as_bytes())?;
    let code = UserCode::parse(&form.user_code).map(|code| code.to_shown());
    let page = page(request, code.unwrap_or_default());
    Ok(pages::respond(StatusCode::OK, &page))
}

fn page(request: &TenantRequest, user_code: String) -> DevicePage {
    DevicePage {
        frame: Frame::of_tenant(request.tenant.display_name()),
        action: request.tenant.issuer().endpoint_path("device"),
        user_code,
        failure: None,
    }
}

fn check_mode(request: &TenantRequest) -> Result<(), Stop> {
    if request.tenant.settings().device_authorization == DeviceAuthorizationMode::Off {
        return Err(Stop::new(Trouble::NoDevices));
    }
    Ok(())
}

async fn submit(request: &mut TenantRequest) -> Result<HttpResponse, Stop> {
    check_mode(request)?;
    // Another site's form would use up the guesses of whoever sits here.
    if !same_site::is_posted_by_us(&request.http, &request.tenant) {
        return Err(Stop::new(Trouble::ForeignForm));
    }
    let form = Form::read(&request.body().await?)?;
    let session = Session::find(request).await?;
    let typist = Typist {
        address: request.client_address,
        user_id: session.map(|session| session.signed_in.user_id),
    };
    let found = request
        .authority()
        .find_device_by_user_code(&request.tenant, &form.user_code, typist)
        .await;
    match found {
        Ok(record) => go_on(request, record),
        Err(UserCodeError::Unknown) => {
            let mut page = page(request, form.user_code);
            page.failure = Some(UNKNOWN_CODE);
            Ok(pages::respond(StatusCode::BAD_REQUEST, &page))
        }
        Err(UserCodeError::Limited(limited)) => Err(limited.into()),
        Err(UserCodeError::Store(error)) => Err(error.into()),
    }
}

/// By our own URL, so that loading the next page again is no second guess.
fn go_on(request: &TenantRequest, record: DeviceAuthorizationRecord) -> Result<HttpResponse, Stop> {
    let now = request.now();
    let browser = BrowserSecret::of_request(request);
    let start = PendingStart {
        pending_id: record.pending_id,
        browser_digest: browser.digest(),
        client_id: &record.client_id,
        lifetime: record.device.expires_at.saturating_since(now),
        now,
    };
    let pending = PendingAuthorization::of_device(record.resource_ids, record.scopes, &start);
    let url = pending::continue_url(request, &pending::seal(request, &pending)?);
    let mut response = refusal::see_other(&url)?;
    if let Some(cookie) = browser.new_cookie(&request.tenant) {
        stop::add_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// The person allowed it: the device gets its tokens when it asks next.
pub async fn approve(
    request: &TenantRequest,
    journey: &Journey,
    device: DeviceRequest,
    user_id: UserId,
    scopes: ScopeSet,
) -> Result<HttpResponse, Stop> {
    let Some(session) = &journey.session else {
        return Err(Stop::new(Trouble::Internal).because("a device without a session"));
    };
    let approved = ApprovedDevice {
        pending: &journey.pending,
        client: &journey.client,
        request: device,
        user_id,
        authenticated_at: session.signed_in.authenticated_at,
        session_id: session.id,
        scopes,
        origin: request.origin(),
    };
    request
        .authority()
        .approve_device(&request.tenant, approved)
        .await?;
    Ok(show_done(request, journey, true, None))
}

/// The device hears `access_denied`, because the person refused or because what it asked for is gone.
/// Where the person did not refuse, they see by which name an administrator finds out why.
pub async fn deny(
    request: &TenantRequest,
    journey: &Journey,
    is_by_person: bool,
) -> Result<HttpResponse, Stop> {
    let pending_id = journey.pending.pending_id;
    let is_first = request
        .authority()
        .deny_device(&request.tenant, pending_id)
        .await?;
    if !is_first {
        return Err(Stop::new(Trouble::PendingUsed));
    }
    let error_id = (!is_by_person).then(|| request.request_id.to_string());
    Ok(show_done(request, journey, false, error_id))
}

fn show_done(
    request: &TenantRequest,
    journey: &Journey,
    is_approved: bool,
    error_id: Option<String>,
) -> HttpResponse {
    let page = DeviceDonePage {
        frame: Frame::of_tenant(request.tenant.display_name()),
        client_name: journey.client.display_name().to_owned(),
        is_approved,
        error_id,
    };
    pages::respond(StatusCode::OK, &page)
}
