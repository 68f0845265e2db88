//! The sign-in step: the form, and what becomes of it.
//!
//! Not here: checking the password, its limits and its cost (`authority::login`), and what comes
//! after (`continue_`). To add another way to sign in: a file beside this one that ends as
//! [`signed_in`] does.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use authority::browser_sessions::{EndedBy, SessionEnding};
use authority::limits::Limit;
use authority::login::{LoggedIn, LoginAttempt, LoginError};
use secrecy::SecretString;

use super::cookies::{self, CookieKind};
use super::form::Form;
use super::journey::{Journey, Session};
use super::stop::{self, Stop};
use super::trouble::Trouble;
use super::{consent, continue_, pending, refusal, same_site};
use crate::pages::login::{Failure, LoginPage};
use crate::pages::{self, Frame};
use crate::tenancy::TenantRequest;

/// M1: one sentence for an unknown name, a wrong password, a locked and a disabled account.
const WRONG_CREDENTIALS: Failure = Failure {
    title: "Not signed in",
    advice: "The username or the password is not right. Check both and try again; after several \
             wrong tries you may have to wait some minutes.",
};

/// Longer than this and some proxy on the way might cut our own URL off.
const MAX_URL_BYTES: usize = 7 * 1024;

/// The form.
pub fn show(request: &TenantRequest, journey: &Journey) -> Result<HttpResponse, Stop> {
    let hint = journey.pending.login_hint.as_deref().unwrap_or_default();
    show_with(request, journey, hint, None)
}

fn show_with(
    request: &TenantRequest,
    journey: &Journey,
    username: &str,
    failure: Option<Failure>,
) -> Result<HttpResponse, Stop> {
    let tenant = &request.tenant;
    let page = LoginPage {
        frame: Frame::of_tenant(tenant.display_name()),
        action: tenant.issuer().endpoint_path("login"),
        pending: pending::seal(request, journey.to_carry())?,
        client_name: journey.client.display_name().to_owned(),
        is_unverified: consent::is_unverified(journey),
        returns_to: consent::returns_to(journey),
        username: username.to_owned(),
        failure,
    };
    // 4xx: browsers then do not offer to keep the wrong password.
    let status = if failure.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Ok(pages::respond(status, &page))
}

/// `POST {issuer}/login`
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
    let pending = pending::open(request, &form.pending)?;
    let journey = Journey::resume(request, pending).await?;
    let password = form.password.unwrap_or_else(|| SecretString::from(""));
    let attempt = LoginAttempt {
        name: &form.username,
        password: &password,
        address: request.client_address,
        request_id: &request.request_id.to_string(),
        current: journey.session.as_ref().map(Session::as_open),
    };
    match request.authority().log_in(&request.tenant, attempt).await {
        Ok(logged_in) => signed_in(request, journey, logged_in).await,
        Err(LoginError::WrongCredentials) => {
            show_with(request, &journey, &form.username, Some(WRONG_CREDENTIALS))
        }
        // M1: a locked account looks like a wrong password, whoever asks.
        Err(LoginError::Limited(limited)) if limited.limit == Limit::LoginAccount => {
            show_with(request, &journey, &form.username, Some(WRONG_CREDENTIALS))
        }
        Err(LoginError::Limited(limited)) => Err(limited.into()),
        Err(LoginError::Busy) => Err(Stop::new(Trouble::Unavailable).because("sign-ins queue up")),
        Err(LoginError::Full) => Err(Stop::new(Trouble::NoSessions)),
        Err(LoginError::Store(error)) => Err(error.into()),
    }
}

/// L2: a new session with a new secret at every sign-in; the old one ends.
async fn signed_in(
    request: &TenantRequest,
    mut journey: Journey,
    logged_in: LoggedIn,
) -> Result<HttpResponse, Stop> {
    if let Some(old) = cookies::find(&request.http, &request.tenant, CookieKind::Session) {
        let ending = SessionEnding {
            by: EndedBy::OtherLogin,
            client_id: Some(&journey.pending.client_id),
            origin: request.origin(),
        };
        request
            .authority()
            .end_browser_session(&request.tenant, &old, &ending)
            .await?;
    }
    let secret = logged_in.session_secret.expose().to_owned();
    let cookie = cookies::set(&request.tenant, CookieKind::Session, secret.clone());
    let url = pending::continue_url(request, &pending::seal(request, &journey.pending)?);
    let mut response = if url.len() <= MAX_URL_BYTES {
        refusal::see_other(&url)?
    } else {
        // The whole request is too long for a URL: go on in this very answer.
        journey.session = Session::of_cookie(request, secret).await?;
        continue_::dispatch(request, journey).await?
    };
    stop::add_cookie(&mut response, &cookie)?;
    Ok(response)
}
