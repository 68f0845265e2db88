//! The authorization endpoint and the steps of one sign-in.
//!
//! `GET /authorize` checks a request (here), makes it a pending authorization (`pending`) and hands
//! it to the one dispatcher (`continue_`), which shows `login`, shows `consent`, issues the code or
//! refuses. A step never calls another step: it hands what it learnt back to the dispatcher.
//!
//! Between the steps `decision` asks the tenant's policies what of it the person may allow.
//!
//! `device` is the other way in: a person types what a device shows. `pushed_request`, beside this folder, is where
//! a client may have left its request before (RFC 9126); here it is only opened.
//!
//! Not here: the rules (`protocol::authorization`: checks and their order, next step, placement of
//! errors), who may sign in and what a grant is (`authority`), how a page looks (`pages`).
//!
//! To add a step: a variant of `protocol::authorization::NextStep`, its arm in `continue_`, a file
//! with `show` and `answer`, a line in `routes`.

pub mod client_document;
pub mod consent;
pub mod continue_;
mod cookies;
mod decision;
pub mod device;
mod form;
mod journey;
pub mod login;
pub mod logout;
mod pending;
mod refusal;
mod same_site;
mod stop;
mod trouble;

use std::ops::ControlFlow;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use authority::client_documents::FoundClient;
use authority::policy;
use protocol::authorization::checks::{self, AuthorizationContext, AuthorizeError, PageError};
use protocol::authorization::pending::{PendingAuthorization, PendingStart};
use protocol::authorization::placement::{self, Onlooker, Placement};
use protocol::authorization::request::Prompts;
use protocol::authorization::{Destination, pushed_request as pushed};
use protocol::client::Client;
use protocol::error_code::ProtocolError as _;
use protocol::redirect_uri::VerifiedRedirectUri;
use protocol::{ClientId, ErrorCode, Parameters, PendingId, ScopeSet};

use crate::http::body;
use crate::pushed_request;
use crate::tenancy::TenantRequest;
use journey::{BrowserSecret, Journey, Session};
use stop::Stop;
use trouble::Trouble;

/// `GET` and `POST {issuer}/authorize`.
pub async fn answer(mut request: TenantRequest) -> HttpResponse {
    let answered = if *request.http.method() == Method::POST {
        send_on(&mut request).await
    } else {
        begin(&request).await
    };
    answered.unwrap_or_else(|stop| stop.respond(&request))
}

/// A post of another site arrives without our SameSite=Lax cookies; the same request as a GET of our
/// own brings them (OpenID Connect Core §3.1.2.1 wants both methods).
async fn send_on(request: &mut TenantRequest) -> Result<HttpResponse, Stop> {
    if body::essence_of(&request.http) != "application/x-www-form-urlencoded" {
        return Err(Stop::new(Trouble::UnreadableRequest).because("not a form"));
    }
    let bytes = request.body().await?;
    let parameters = Parameters::parse(&bytes).map_err(PageError::from)?;
    let path = request.tenant.issuer().endpoint_path("authorize");
    refusal::see_other(&format!("{path}?{}", parameters.to_query()))
}

/// Tenant → client → redirect URI → everything else. Writes nothing.
async fn begin(request: &TenantRequest) -> Result<HttpResponse, Stop> {
    let sent = request.query().map_err(PageError::from)?;
    let client_id = checks::named_client(&sent).map_err(|error| no_client(request, error))?;
    let Some(FoundClient { client, document }) =
        client_document::find_client(request, &client_id).await?
    else {
        return Err(no_client(request, PageError::UnknownClient));
    };
    let asked = Asked::of(request, &client_id, sent)?;
    let directory = request.authority().directory();
    let resources = directory.list_resources(&request.tenant).await?;
    let settings = request.tenant.settings();
    let context = AuthorizationContext {
        parameters: &asked.parameters,
        client: &client,
        resources: &resources,
        tenant_default_resource: settings.default_resource,
        issuer: request.tenant.issuer(),
        tolerates_missing_challenge: policy::tolerates_missing_challenge(&request.tenant),
        is_push_missing: asked.pushed.is_none()
            && (settings.is_par_required || client.is_par_required),
    };
    let checked = checks::check(&context);
    if let Err(AuthorizeError::Page(error)) = checked {
        return Err(error.into());
    }
    let session = Session::find(request).await?;
    let browser = BrowserSecret::of_request(request);
    let now = request.now();
    let start = PendingStart {
        pending_id: asked
            .pushed
            .unwrap_or_else(|| PendingId::generate(request.authority().random(), now)),
        browser_digest: browser.digest(),
        client_id: &client_id,
        lifetime: PendingAuthorization::DEFAULT_LIFETIME,
        now,
    };
    let (redirect_uri, pending) = match checked {
        Ok(asked) => (
            asked.redirect_uri.clone(),
            PendingAuthorization::new(asked, &start),
        ),
        Err(error) => {
            let is_prompt_none = Prompts::is_none_asked(&asked.parameters);
            let begun = (&start, is_prompt_none);
            match refuse(request, &client, session.as_ref(), error, begun).await? {
                ControlFlow::Continue(begun) => begun,
                ControlFlow::Break(told) => return Ok(told),
            }
        }
    };
    let new_cookie = browser.new_cookie(&request.tenant);
    let journey = Journey {
        pending,
        client,
        document,
        destination: Destination::Redirect(redirect_uri),
        resources,
        session,
        as_asked: None,
        withheld: ScopeSet::empty(),
    };
    let mut response = continue_::dispatch(request, journey).await?;
    if let Some(cookie) = new_cookie {
        stop::add_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// What is asked, and the name of the sign-in where the client has pushed it.
struct Asked {
    parameters: Parameters,
    pushed: Option<PendingId>,
}

impl Asked {
    /// RFC 9126 §4: what was pushed is the whole request; beside it only `client_id` counts.
    fn of(request: &TenantRequest, client_id: &ClientId, sent: Parameters) -> Result<Self, Stop> {
        // Twice, or somebody's address: the checks refuse it, and nothing is fetched (row A13).
        let request_uri = sent.single("request_uri").ok().flatten();
        let Some(sealed) = request_uri.and_then(pushed::sealed_of) else {
            return Ok(Self {
                parameters: sent,
                pushed: None,
            });
        };
        // No redirect URI is known that could be told of it.
        let unusable =
            |trouble, detail| Stop::new(trouble).with_code(ErrorCode::InvalidRequestUri, detail);
        let pushed = pushed_request::open(request, client_id, sealed).ok_or_else(|| {
            let detail = "the request_uri was not made here for this client_id";
            unusable(Trouble::UnknownRequestUri, detail)
        })?;
        if pushed.is_expired(request.now()) {
            let detail = "the request_uri has expired; push the request again";
            return Err(unusable(Trouble::PendingExpired, detail));
        }
        Ok(Self {
            parameters: pushed.parameters,
            pushed: Some(pushed.pending_id),
        })
    }
}

/// The client hears of it at once, or goes on, refused, until its person has signed in.
async fn refuse(
    request: &TenantRequest,
    client: &Client,
    session: Option<&Session>,
    error: AuthorizeError,
    (start, is_prompt_none): (&PendingStart<'_>, bool),
) -> Result<ControlFlow<HttpResponse, (VerifiedRedirectUri, PendingAuthorization)>, Stop> {
    let onlooker = Onlooker {
        is_signed_in: session.is_some(),
        is_prompt_none,
    };
    let place = placement::place(&error, Some(client), onlooker);
    let AuthorizeError::Redirect {
        error,
        redirect_uri,
        state,
    } = error
    else {
        return Err(Stop::new(Trouble::UnreadableRequest));
    };
    refusal::log(request, client, &error);
    if place == Placement::LoginFirst {
        let sent = redirect_uri
            .was_sent()
            .then(|| redirect_uri.as_str().to_owned());
        let pending = PendingAuthorization::refused(sent, state, &error, start);
        return Ok(ControlFlow::Continue((*redirect_uri, pending)));
    }
    let mut told = error.to_oauth_error();
    if let Some(session) = session {
        if let Some(refused) = error.refused_resource() {
            refusal::keep_resource(request, client, refused).await;
        }
        told = refusal::with_reference(request, client, session, &told);
    }
    request
        .authority()
        .metrics()
        .authorizations
        .with_label_values(&["refused"])
        .inc();
    let told = refusal::Told {
        client,
        redirect_uri: &redirect_uri,
        state: state.as_deref(),
        error: told,
    };
    refusal::tell(request, &told, place).map(ControlFlow::Break)
}

/// mcp-remote asks here, before the browser does, whether its registration still stands: it reads
/// JSON. Only for an unknown client, and only for who does not read HTML.
fn no_client(request: &TenantRequest, error: PageError) -> Stop {
    if error != PageError::UnknownClient || !client_document::wants_json(request) {
        return error.into();
    }
    client_document::json(
        request,
        StatusCode::BAD_REQUEST,
        ErrorCode::InvalidClient,
        "The client is not known here, or is no longer; register again.",
    )
}
