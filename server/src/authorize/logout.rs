//! `GET` and `POST {issuer}/logout` (OpenID Connect RP-Initiated Logout): a client, or the person, wants the
//! browser session to end.
//!
//! A post of another site comes without our cookies, so what it asks is read, sealed, and taken up again by a
//! GET of our own. Our own page posts here as well, with a seal that is good for the session that it was shown
//! to and for nothing else.
//!
//! Not here: when the person is asked, and where the browser may go (`protocol::openid::logout`); ending the
//! session and telling its clients (`authority`).

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use authority::browser_sessions::{EndedBy, SessionEnding};
use authority::directory::KnownClient;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{AssociatedData, Purpose};
use protocol::error_code::ProtocolError as _;
use protocol::openid::logout::{self, LogoutDestination, LogoutHint, LogoutRequest};
use protocol::openid::{LogoutRequestError, LogoutStep};
use protocol::{ClientId, Parameters, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::cookies::{self, CookieKind};
use super::form::Form;
use super::journey::Session;
use super::stop::{self, Stop};
use super::trouble::Trouble;
use super::{refusal, same_site};
use crate::pages::logout::{AskingView, BackView, LogoutDonePage, LogoutPage};
use crate::pages::{self, Frame};
use crate::tenancy::TenantRequest;

/// How long a person may take to answer.
const LIFETIME: Duration = Duration::from_mins(10);

/// What is asked, as it travels under seal: the hint is read already, everything else is looked up again.
#[derive(Serialize, Deserialize)]
struct Wish {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    hint: Option<(UserId, Option<SessionId>)>,
    /// What is wrong with it, for whoever builds the client.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(rename = "e")]
    expires_at: Timestamp,
}

/// A wish with everything around it looked up.
struct Asked {
    wish: Wish,
    client: Option<Arc<KnownClient>>,
    destination: Option<LogoutDestination>,
    problem: Option<String>,
}

pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    let answered = if *request.http.method() == Method::POST {
        post(&mut request).await
    } else {
        begin(&request).await
    };
    answered.unwrap_or_else(|stop| stop.respond(&request))
}

/// The person's answer, or a client's wish.
async fn post(request: &mut TenantRequest) -> Result<HttpResponse, Stop> {
    let bytes = request.body().await?;
    let form = Form::read(&bytes)?;
    if !form.decision.is_empty() {
        return decide(request, &form).await;
    }
    let wish = read_wish(request, &Parameters::parse(&bytes).map_err(unreadable)?).await?;
    let sealed = seal(request, &tenant_place(request), &wish)?;
    let path = request.tenant.issuer().endpoint_path("logout");
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("pending", &sealed)
        .finish();
    refusal::see_other(&format!("{path}?{query}"))
}

async fn begin(request: &TenantRequest) -> Result<HttpResponse, Stop> {
    let form = Form::read(request.http.query_string().as_bytes())?;
    let wish = if form.pending.is_empty() {
        read_wish(request, &request.query().map_err(unreadable)?).await?
    } else {
        open(request, &tenant_place(request), &form.pending)
            .ok_or_else(|| Stop::new(Trouble::UnknownPending))?
    };
    let asked = look_up(request, wish).await?;
    let session = Session::find(request).await?;
    let hint = asked.hint();
    let open_session = session.as_ref().map(Session::as_open);
    match (logout::step(open_session, hint.as_ref()), session) {
        (LogoutStep::Ask, Some(session)) => show(request, &asked, &session),
        (step, Some(session)) => {
            end(request, &asked, &session, EndedBy::Client).await?;
            gone(request, &asked, step)
        }
        (step, None) => gone(request, &asked, step),
    }
}

fn unreadable(error: impl std::fmt::Display) -> Stop {
    Stop::new(Trouble::UnreadableRequest).because(error)
}

/// What a client sent. A mistake in it costs the way back, and nothing else.
async fn read_wish(request: &TenantRequest, parameters: &Parameters) -> Result<Wish, Stop> {
    let sent = LogoutRequest::parse(parameters).map_err(unreadable)?;
    let mut problem = None;
    let hint = match &sent.id_token_hint {
        None => None,
        Some(token) => {
            let authority = request.authority();
            let hint = authority
                .read_logout_hint(&request.tenant, token.expose())
                .await?;
            // Another of ours may be too old to be recognised; `client_id` then says who asks.
            if hint.is_none() && sent.client_id.is_none() {
                problem = Some(LogoutRequestError::HintNotOurs);
            }
            hint
        }
    };
    let client_id = sent.named_client(hint.as_ref()).unwrap_or_else(|error| {
        problem = Some(error);
        None
    });
    let is_sound = problem.is_none();
    Ok(Wish {
        client_id,
        redirect_uri: sent.post_logout_redirect_uri.filter(|_| is_sound),
        state: sent.state,
        // The client's name is said by `client_id`; whose session it is, by these.
        hint: hint
            .filter(|_| is_sound)
            .map(|hint| (hint.user_id, hint.session_id)),
        problem: problem.map(|error| error.to_oauth_error().description),
        expires_at: request.now() + LIFETIME,
    })
}

async fn look_up(request: &TenantRequest, wish: Wish) -> Result<Asked, Stop> {
    let directory = request.authority().directory();
    let client = match &wish.client_id {
        Some(client_id) => directory.find_client(&request.tenant, client_id).await?,
        None => None,
    };
    let is_unknown = wish.client_id.is_some() && client.is_none();
    let sent = LogoutRequest {
        post_logout_redirect_uri: wish.redirect_uri.clone(),
        state: wish.state.clone(),
        ..LogoutRequest::default()
    };
    let destination = if is_unknown {
        Err(LogoutRequestError::ClientUnknown)
    } else {
        sent.destination(client.as_deref().map(|client| &client.client))
    };
    let (destination, problem) = match destination {
        Ok(destination) => (destination, wish.problem.clone()),
        Err(error) => {
            tracing::info!(error_id = %request.request_id, ?error, "no way back after signing out");
            (None, Some(error.to_oauth_error().description))
        }
    };
    Ok(Asked {
        wish,
        client,
        destination,
        problem,
    })
}

impl Asked {
    fn hint(&self) -> Option<LogoutHint> {
        let (user_id, session_id) = self.wish.hint?;
        Some(LogoutHint {
            client_id: self.wish.client_id.clone()?,
            user_id,
            session_id,
        })
    }
}

/// Whether to sign out at all: any site can send a browser here.
fn show(request: &TenantRequest, asked: &Asked, session: &Session) -> Result<HttpResponse, Stop> {
    let asking = asked.client.as_ref().map(|client| AskingView {
        client_name: client.display_name().to_owned(),
        is_unverified: !logout::is_known(client),
    });
    let page = LogoutPage {
        frame: Frame::of_tenant(request.tenant.display_name()),
        action: request.tenant.issuer().endpoint_path("logout"),
        pending: seal(request, &session_place(request, session), &asked.wish)?,
        username: session.username.clone(),
        asking,
        problem: asked.problem.clone(),
    };
    Ok(pages::respond(StatusCode::OK, &page))
}

/// What the person chose on our page.
async fn decide(request: &TenantRequest, form: &Form) -> Result<HttpResponse, Stop> {
    if !same_site::is_posted_by_us(&request.http, &request.tenant) {
        return Err(Stop::new(Trouble::ForeignForm));
    }
    let Some(session) = Session::find(request).await? else {
        // In another tab, or its time was over.
        return done(request, true, None, None);
    };
    let wish = open(request, &session_place(request, &session), &form.pending)
        .ok_or_else(|| Stop::new(Trouble::ForeignForm))?;
    if form.decision != "sign_out" {
        return done(request, false, None, None);
    }
    let asked = look_up(request, wish).await?;
    end(request, &asked, &session, EndedBy::Page).await?;
    // That the person wants to sign out says nothing about where to go from there.
    gone(request, &asked, LogoutStep::Ask)
}

async fn end(
    request: &TenantRequest,
    asked: &Asked,
    session: &Session,
    by: EndedBy,
) -> Result<(), Stop> {
    let authority = request.authority();
    let ending = SessionEnding {
        by,
        client_id: asked.client.as_ref().map(|client| &client.client_id),
        origin: request.origin(),
    };
    Ok(authority
        .end_browser_session(&request.tenant, &session.cookie, &ending)
        .await?)
}

/// Back to the client, or to our page, where a button leads there.
fn gone(request: &TenantRequest, asked: &Asked, step: LogoutStep) -> Result<HttpResponse, Stop> {
    let (Some(client), Some(destination)) = (&asked.client, &asked.destination) else {
        return done(request, true, asked.problem.clone(), None);
    };
    if logout::goes_on_by_itself(step, client) {
        let response = refusal::see_other(&destination.location())?;
        return without_cookie(request, response);
    }
    let host = url::Url::parse(destination.uri())
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let back = BackView {
        href: destination.location(),
        client_name: client.display_name().to_owned(),
        host: host.unwrap_or_else(|| destination.uri().to_owned()),
    };
    done(request, true, None, Some(back))
}

fn done(
    request: &TenantRequest,
    is_signed_out: bool,
    problem: Option<String>,
    back: Option<BackView>,
) -> Result<HttpResponse, Stop> {
    let page = LogoutDonePage {
        frame: Frame::of_tenant(request.tenant.display_name()),
        is_signed_out,
        problem,
        back,
    };
    let response = pages::respond(StatusCode::OK, &page);
    if is_signed_out {
        without_cookie(request, response)
    } else {
        Ok(response)
    }
}

fn without_cookie(
    request: &TenantRequest,
    mut response: HttpResponse,
) -> Result<HttpResponse, Stop> {
    let removal = cookies::removal(&request.tenant, CookieKind::Session);
    stop::add_cookie(&mut response, &removal)?;
    Ok(response)
}

fn tenant_place(request: &TenantRequest) -> AssociatedData {
    AssociatedData::of(&[request.tenant.id().as_uuid().as_bytes()])
}

/// A page that was shown to one session answers for no other (L3).
fn session_place(request: &TenantRequest, session: &Session) -> AssociatedData {
    let session_id = session.id.as_uuid();
    AssociatedData::of(&[
        request.tenant.id().as_uuid().as_bytes(),
        session_id.as_bytes(),
    ])
}

fn seal(request: &TenantRequest, place: &AssociatedData, wish: &Wish) -> Result<String, Stop> {
    let plaintext =
        serde_json::to_vec(wish).map_err(|error| Stop::new(Trouble::Internal).because(error))?;
    let keys = request.authority().encryption_keys();
    Ok(URL_SAFE_NO_PAD.encode(keys.seal(Purpose::Logout, place, &plaintext)))
}

fn open(request: &TenantRequest, place: &AssociatedData, sealed: &str) -> Option<Wish> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let keys = request.authority().encryption_keys();
    let plaintext = keys.open(Purpose::Logout, place, &sealed).ok()?;
    let wish: Wish = serde_json::from_slice(&plaintext).ok()?;
    (request.now() < wish.expires_at).then_some(wish)
}
