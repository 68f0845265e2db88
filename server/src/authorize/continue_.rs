//! The one dispatcher of a sign-in: `GET {issuer}/authorize/continue`, and [`dispatch`] for the
//! steps that come back to it.
//!
//! Not here: deciding (`protocol::authorization::next_step`). To add a step: its arm in [`dispatch`].

use actix_web::HttpResponse;
use authority::grants::ApprovedAuthorization;
use protocol::UserId;
use protocol::authorization::consent as consent_rule;
use protocol::authorization::placement::{self, Onlooker, Placement};
use protocol::authorization::{
    AuthorizationResponse, BrowserState, ConsentOutcome, Destination, NextStep, Refusal, next_step,
};
use protocol::redirect_uri::VerifiedRedirectUri;
use protocol::scope::ScopeSet;

use super::form::Form;
use super::journey::{Journey, Session};
use super::stop::Stop;
use super::trouble::Trouble;
use super::{consent, decision, device, login, pending, refusal};
use crate::tenancy::TenantRequest;

/// `GET {issuer}/authorize/continue?pending=…`
pub async fn answer(request: TenantRequest) -> HttpResponse {
    carry_on(&request)
        .await
        .unwrap_or_else(|stop| stop.respond(&request))
}

async fn carry_on(request: &TenantRequest) -> Result<HttpResponse, Stop> {
    let form = Form::read(request.http.query_string().as_bytes())?;
    let pending = pending::open(request, &form.pending)?;
    let journey = Journey::resume(request, pending).await?;
    dispatch(request, journey).await
}

/// Takes a sign-in one step on. Where the person was signed out, or the consent withdrawn, between the look-up and
/// the answer, nothing was written, and the step is decided again by what is so now.
pub async fn dispatch(request: &TenantRequest, mut journey: Journey) -> Result<HttpResponse, Stop> {
    decision::apply(request, &mut journey).await?;
    match take_step(request, &journey).await {
        Err(stop) if stop.is_overtaken() => {
            tracing::info!(error_id = %request.request_id, "a step was overtaken, and is decided again");
            // Whoever signed in with this very request has another cookie than it came with.
            journey.session = match journey.session.take() {
                Some(session) => Session::of_cookie(request, session.cookie).await?,
                None => None,
            };
            // Whoever signs in now answers for themselves.
            journey.forget_answer();
            decision::apply(request, &mut journey).await?;
            take_step(request, &journey).await
        }
        answered => answered,
    }
}

async fn take_step(request: &TenantRequest, journey: &Journey) -> Result<HttpResponse, Stop> {
    let remembered = journey.list_remembered(request).await?;
    let held = journey.list_held(request).await?;
    let state = BrowserState {
        session: journey.session.as_ref().map(|session| session.signed_in),
        client: &journey.client,
        registered: journey.destination.registered(),
        remembered: &remembered,
        held: &held,
        is_cross_site: request.header("sec-fetch-site") == Some("cross-site"),
        is_embedded: !matches!(request.header("sec-fetch-dest"), None | Some("document")),
    };
    match next_step(&journey.pending, &state, request.now()) {
        NextStep::Login => login::show(request, journey),
        NextStep::Consent => consent::show(request, journey),
        // The person may have signed in again between the answer and now.
        NextStep::IssueCode { .. } if is_allowed(journey) && !consent::is_as_shown(journey) => {
            consent::show_changed(request, journey)
        }
        NextStep::IssueCode { user_id, scopes } => match &journey.destination {
            Destination::Redirect(redirect_uri) => {
                issue_code(request, journey, redirect_uri, user_id, scopes).await
            }
            Destination::Device(device) => {
                device::approve(request, journey, *device, user_id, scopes).await
            }
        },
        NextStep::Refuse(refused) => refuse(request, journey, &refused).await,
    }
}

/// The person was asked, instead of remembered.
const fn is_allowed(journey: &Journey) -> bool {
    matches!(
        journey.pending.outcome,
        Some(ConsentOutcome::Allowed { .. })
    )
}

/// Consent → grant, code and audit event in one transaction → 303 with code, state, iss.
async fn issue_code(
    request: &TenantRequest,
    journey: &Journey,
    redirect_uri: &VerifiedRedirectUri,
    user_id: UserId,
    scopes: ScopeSet,
) -> Result<HttpResponse, Stop> {
    let Some(session) = &journey.session else {
        return Err(Stop::new(Trouble::Internal).because("a code without a session"));
    };
    let registered = Some(redirect_uri.registered());
    let is_remembered =
        consent_rule::may_be_remembered(&journey.client, registered) && is_allowed(journey);
    let approved = ApprovedAuthorization {
        pending: &journey.pending,
        client: &journey.client,
        document: journey.document.as_ref(),
        redirect_uri,
        user_id,
        authenticated_at: session.signed_in.authenticated_at,
        session_id: session.id,
        scopes,
        is_remembered,
        origin: request.origin(),
    };
    let code = request
        .authority()
        .issue_code(&request.tenant, approved)
        .await?;
    let answer = AuthorizationResponse::Code(code.expose().into());
    let state = journey.pending.state.as_deref();
    refusal::see_other(&refusal::location(
        &request.tenant,
        &answer,
        redirect_uri,
        state,
    ))
}

/// The client hears of it, or the person is shown it first.
async fn refuse(
    request: &TenantRequest,
    journey: &Journey,
    refused: &Refusal,
) -> Result<HttpResponse, Stop> {
    if let (Some(_), Some(resource)) = (&journey.session, &refused.refused_resource) {
        refusal::keep_resource(request, &journey.client, resource).await;
    }
    let onlooker = Onlooker {
        is_signed_in: journey.session.is_some(),
        is_prompt_none: journey.pending.prompts.none,
    };
    // Somebody who has just pressed Deny wants to be gone, and knows where to.
    let is_denied = matches!(journey.pending.outcome, Some(ConsentOutcome::Denied { .. }));
    let place = if is_denied {
        Placement::Redirect
    } else {
        placement::place_redirect(&journey.client, onlooker)
    };
    let outcome = if is_denied { "denied" } else { "refused" };
    request
        .authority()
        .metrics()
        .authorizations
        .with_label_values(&[outcome])
        .inc();
    let Destination::Redirect(redirect_uri) = &journey.destination else {
        return device::deny(request, journey, is_denied).await;
    };
    let mut error = refused.to_oauth_error();
    if let (Some(session), false) = (&journey.session, is_denied) {
        error = refusal::with_reference(request, &journey.client, session, &error);
    }
    let told = refusal::Told {
        client: &journey.client,
        redirect_uri,
        state: journey.pending.state.as_deref(),
        error,
    };
    refusal::tell(request, &told, place)
}
