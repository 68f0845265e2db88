//! What the tenant's policies make of a sign-in: before consent, and again before the code is issued.
//!
//! Not here: the policies (`authority::policy`), asking them (`authority::decisions`). A decision is about the person
//! who is signed in now, so it is never carried on: what travels is the request as it was asked, and every step
//! decides anew.

use authority::decisions::{AuthorizationQuestion, Settled, Settlement};
use protocol::authorization::{ConsentOutcome, PendingAuthorization, RedirectError, Refusal};
use protocol::redirect_uri::RedirectUri;
use protocol::resource::Resource;

use super::journey::Journey;
use super::stop::Stop;
use crate::tenancy::TenantRequest;

/// Narrows the request to what the person may allow, refuses it, or has them sign in again.
pub async fn apply(request: &TenantRequest, journey: &mut Journey) -> Result<(), Stop> {
    if let Some(asked) = journey.as_asked.take() {
        journey.pending = asked;
    }
    let Some(session) = &journey.session else {
        return Ok(());
    };
    let is_over = matches!(journey.pending.outcome, Some(ConsentOutcome::Denied { .. }));
    if is_over || journey.pending.refusal.is_some() {
        return Ok(());
    }
    let resources: Vec<&Resource> = journey.asked_resources().collect();
    let origin = request.origin();
    let question = AuthorizationQuestion {
        tenant: &request.tenant,
        client: &journey.client,
        pending: &journey.pending,
        resources: &resources,
        user_id: session.signed_in.user_id,
        authenticated_at: session.signed_in.authenticated_at,
        redirect_host: journey
            .destination
            .registered()
            .map(RedirectUri::host_or_scheme),
        origin: &origin,
    };
    let settled = request.authority().decide_authorization(&question).await?;
    let narrowed = narrow(request, journey, &settled);
    let mut asked = std::mem::replace(&mut journey.pending, narrowed);
    if settled.settlement == Settlement::StrongerSignIn {
        // Carried on: a sign-in since the request began is what it asks for.
        asked.prompts.login = true;
        journey.pending.prompts.login = true;
    }
    journey.withheld = settled.refused;
    journey.as_asked = Some(asked);
    Ok(())
}

/// The request as far as it may be had.
fn narrow(request: &TenantRequest, journey: &Journey, settled: &Settled) -> PendingAuthorization {
    let mut pending = journey.pending.clone();
    if settled.settlement == Settlement::StrongerSignIn {
        return pending;
    }
    pending.scopes = settled.scopes.clone();
    pending.refused_scopes = pending.refused_scopes.union(&settled.refused);
    let is_kept = |resource: &&Resource| !settled.lost_resources.contains(resource.identifier());
    pending.resources = journey
        .asked_resources()
        .filter(is_kept)
        .map(|resource| resource.resource_id)
        .collect();
    if settled.settlement == Settlement::Denied || is_answer_void(&pending) {
        let denied = RedirectError::PolicyDenied {
            reference: request.request_id.to_string(),
        };
        pending.refusal = Some(Refusal::from(&denied));
    }
    pending
}

/// Of what the person ticked nothing may be had any more.
fn is_answer_void(pending: &PendingAuthorization) -> bool {
    match &pending.outcome {
        Some(ConsentOutcome::Allowed { scopes, .. }) => {
            !scopes.is_empty() && scopes.intersect(&pending.scopes).is_empty()
        }
        Some(ConsentOutcome::Denied { .. }) | None => false,
    }
}
