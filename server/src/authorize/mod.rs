//! The authorization endpoint and the steps of one sign-in.
//!
//! `GET /authorize` checks a request (here), makes it a pending authorization (`pending`) and hands
//! it to the one dispatcher (`continue_`), which shows `login`, shows `consent`, issues the code or
//! refuses. A step never calls another step: it hands what it learnt back to the dispatcher.
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
mod form;
mod journey;
pub mod login;
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
use protocol::client::Client;
use protocol::error_code::ProtocolError as _;
use protocol::redirect_uri::VerifiedRedirectUri;
use protocol::{ErrorCode, Parameters, PendingId};

use crate::http::body;
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
    let parameters = request.query().map_err(PageError::from)?;
    let client_id = checks::named_client(&parameters).map_err(|error| no_client(request, error))?;
    let Some(FoundClient { client, document }) =
        client_document::find_client(request, &client_id).await?
    else {
        return Err(no_client(request, PageError::UnknownClient));
    };
    let directory = request.authority().directory();
    let resources = directory.list_resources(&request.tenant).await?;
    let context = AuthorizationContext {
        parameters: &parameters,
        client: &client,
        resources: &resources,
        tenant_default_resource: request.tenant.settings().default_resource,
        tolerates_missing_challenge: policy::tolerates_missing_challenge(&request.tenant),
    };
    let checked = checks::check(&context);
    if let Err(AuthorizeError::Page(error)) = checked {
        return Err(error.into());
    }
    let session = Session::find(request).await?;
    let browser = BrowserSecret::of_request(request);
    let now = request.now();
    let start = PendingStart {
        pending_id: PendingId::generate(request.authority().random(), now),
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
            let onlooker = Onlooker {
                is_signed_in: session.is_some(),
                is_prompt_none: Prompts::is_none_asked(&parameters),
            };
            match refuse(request, &client, onlooker, error, &start).await? {
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
        redirect_uri,
        resources,
        session,
    };
    let mut response = continue_::dispatch(request, journey).await?;
    if let Some(cookie) = new_cookie {
        stop::add_cookie(&mut response, &cookie)?;
    }
    Ok(response)
}

/// The client hears of it at once, or goes on, refused, until its person has signed in.
async fn refuse(
    request: &TenantRequest,
    client: &Client,
    onlooker: Onlooker,
    error: AuthorizeError,
    start: &PendingStart<'_>,
) -> Result<ControlFlow<HttpResponse, (VerifiedRedirectUri, PendingAuthorization)>, Stop> {
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
    if onlooker.is_signed_in
        && let Some(refused) = error.refused_resource()
    {
        refusal::keep_resource(request, client, refused).await;
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
        error: error.to_oauth_error(),
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
