//! The one dispatcher of the sign-in: steps never jump to one another, they all come back here.

use std::time::Duration;

use crate::client::Client;
use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::redirect_uri::RedirectUri;
use crate::scope::ScopeSet;

use super::checks::RedirectError;
use super::consent::{self, RememberedConsent};
use super::pending::{ConsentOutcome, PendingAuthorization, Refusal};
use super::step_up::{self, HeldGrant};

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextStep {
    Login,
    Consent,
    /// Everything is certain: a grant for this user with these scopes.
    IssueCode {
        user_id: UserId,
        scopes: ScopeSet,
    },
    Refuse(Refusal),
}

/// Who is signed in in this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub user_id: UserId,
    pub authenticated_at: Timestamp,
}

/// What the step is decided from, beside the pending authorization.
#[derive(Clone, Copy, Debug)]
pub struct BrowserState<'a> {
    pub session: Option<SignedIn>,
    pub client: &'a Client,
    /// The registered redirect URI that the request's one matched; a device has none.
    pub registered: Option<&'a RedirectUri>,
    /// What this user allowed this client before; empty without a session.
    pub remembered: &'a [RememberedConsent],
    /// The live grants of this user to this client; empty where nothing was asked in vain.
    pub held: &'a [HeldGrant],
    /// `Sec-Fetch-Site: cross-site`: another site sent the browser here.
    pub is_cross_site: bool,
    /// `Sec-Fetch-Dest` names a frame, an image or the like: nobody is looking at a page.
    pub is_embedded: bool,
}

pub fn next_step(
    pending: &PendingAuthorization,
    browser: &BrowserState<'_>,
    now: Timestamp,
) -> NextStep {
    let session = browser
        .session
        .filter(|session| is_fresh_enough(pending, *session, now));
    let Some(session) = session else {
        return or_refuse_silently(pending, NextStep::Login, &RedirectError::LoginRequired);
    };
    if let Some(refusal) = &pending.refusal {
        return NextStep::Refuse(refusal.clone());
    }
    match &pending.outcome {
        Some(ConsentOutcome::Allowed { user_id, scopes }) if *user_id == session.user_id => {
            // Never more than was asked, whatever the outcome says.
            NextStep::IssueCode {
                user_id: *user_id,
                scopes: scopes.intersect(&pending.scopes),
            }
        }
        Some(ConsentOutcome::Denied { user_id }) if *user_id == session.user_id => {
            NextStep::Refuse((&RedirectError::Denied).into())
        }
        // Nobody was asked yet, or somebody else answered.
        _ => without_answer(pending, browser, session),
    }
}

fn without_answer(
    pending: &PendingAuthorization,
    browser: &BrowserState<'_>,
    session: SignedIn,
) -> NextStep {
    if step_up::gains_nothing(
        &pending.refused_scopes,
        &pending.scopes,
        &pending.resources,
        browser.held,
    ) {
        return NextStep::Refuse((&RedirectError::NothingMore).into());
    }
    let may_be_remembered = consent::may_be_remembered(browser.client, browser.registered);
    let is_covered = may_be_remembered
        && browser.registered.is_some_and(|registered| {
            let (resources, scopes) = (&pending.resources, &pending.scopes);
            consent::is_covered(browser.remembered, registered, resources, scopes)
        });
    if !is_covered || pending.prompts.consent {
        let error = if may_be_remembered {
            &RedirectError::ConsentRequired
        } else {
            &RedirectError::InteractionRequired
        };
        return or_refuse_silently(pending, NextStep::Consent, error);
    }
    // Row A12: no page is shown, somebody else started it, and nobody knows the client: that is
    // how a stranger's server would fetch itself a token with the person's old consent.
    let is_unseen = browser.is_embedded || (pending.prompts.none && browser.is_cross_site);
    if is_unseen && !browser.client.is_trusted() {
        return or_refuse_silently(
            pending,
            NextStep::Consent,
            &RedirectError::InteractionRequired,
        );
    }
    NextStep::IssueCode {
        user_id: session.user_id,
        scopes: pending.scopes.clone(),
    }
}

/// OpenID Connect Core §3.1.2.1: `prompt=login` and `max_age` ask for a sign-in that is new; one since
/// the request began always is.
fn is_fresh_enough(pending: &PendingAuthorization, session: SignedIn, now: Timestamp) -> bool {
    if session.authenticated_at >= pending.created_at {
        return true;
    }
    let age = now.saturating_since(session.authenticated_at);
    // Compared unrounded: `max_age=0` asks for a new sign-in even within the same second.
    let is_young_enough = pending
        .max_age_seconds
        .is_none_or(|limit| age <= Duration::from_secs(limit));
    !pending.prompts.asks_for_login() && is_young_enough
}

fn or_refuse_silently(
    pending: &PendingAuthorization,
    step: NextStep,
    error: &RedirectError,
) -> NextStep {
    if !pending.prompts.none {
        return step;
    }
    NextStep::Refuse(pending.refusal.clone().unwrap_or_else(|| error.into()))
}

#[cfg(test)]
mod tests;
