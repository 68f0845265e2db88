use std::time::Duration;

use super::*;
use crate::authorization::request::Prompts;
use crate::client::ClientOrigin;
use crate::error_code::ErrorCode;
use crate::ids::UserId;
use crate::test_support::{
    a_recognised_client, at, resource_id, sample_client, sample_pending, uuid,
};

fn user(number: u128) -> UserId {
    UserId::from_uuid(uuid(number))
}

/// Signed in 100 s before the request, now is 10 s after it.
struct Scene {
    pending: PendingAuthorization,
    session: Option<SignedIn>,
    client: Client,
    registered: RedirectUri,
    remembered: Vec<RememberedConsent>,
    held: Vec<HeldGrant>,
    is_cross_site: bool,
    is_embedded: bool,
}

impl Scene {
    fn new() -> Self {
        let client = sample_client();
        let registered = client.redirect_uris[0].clone();
        Self {
            pending: sample_pending(),
            session: Some(SignedIn {
                user_id: user(1),
                authenticated_at: at(-100),
            }),
            client,
            registered,
            remembered: Vec::new(),
            held: Vec::new(),
            is_cross_site: false,
            is_embedded: false,
        }
    }

    fn remembering(scopes: &str) -> Self {
        let mut scene = Self::new();
        scene.remembered.push(RememberedConsent {
            redirect_uri: scene.registered.clone(),
            resource_id: resource_id(1),
            scopes: ScopeSet::parse(scopes).unwrap(),
        });
        scene
    }

    fn prompt(mut self, text: &str) -> Self {
        self.pending.prompts = Prompts::parse(Some(text)).unwrap_or_default();
        self
    }

    fn step(&self) -> NextStep {
        let browser = BrowserState {
            session: self.session,
            client: &self.client,
            registered: Some(&self.registered),
            remembered: &self.remembered,
            held: &self.held,
            is_cross_site: self.is_cross_site,
            is_embedded: self.is_embedded,
        };
        next_step(&self.pending, &browser, at(10))
    }

    fn refusal(&self) -> ErrorCode {
        match self.step() {
            NextStep::Refuse(refusal) => refusal.code,
            other => panic!("{other:?}"),
        }
    }
}

fn issued(step: NextStep) -> String {
    match step {
        NextStep::IssueCode { scopes, .. } => scopes.to_string(),
        other => panic!("{other:?}"),
    }
}

const ALL: &str = "files:read files:write";

#[test]
fn sign_in_then_consent_then_code() {
    let mut scene = Scene::new();
    scene.session = None;
    assert_eq!(scene.step(), NextStep::Login);
    scene.session = Some(SignedIn {
        user_id: user(1),
        authenticated_at: at(5),
    });
    assert_eq!(scene.step(), NextStep::Consent);
    let scopes = ScopeSet::parse("files:read admin").unwrap();
    scene.pending.outcome = Some(ConsentOutcome::Allowed {
        user_id: user(1),
        scopes,
    });
    assert_eq!(issued(scene.step()), "files:read");
    scene.pending.outcome = Some(ConsentOutcome::Denied { user_id: user(1) });
    assert_eq!(scene.refusal(), ErrorCode::AccessDenied);
}

/// A client that is told 403 and asks for the missing scope in vain would come back for ever.
#[test]
fn asking_in_vain_for_more_than_is_held_is_denied() {
    let mut scene = Scene::new();
    scene.pending.refused_scopes = ScopeSet::parse("admin").unwrap();
    assert_eq!(scene.step(), NextStep::Consent);
    scene.held.push(HeldGrant {
        scopes: ScopeSet::parse(ALL).unwrap(),
        refused_scopes: ScopeSet::empty(),
        resources: scene.pending.resources.clone(),
    });
    assert_eq!(scene.refusal(), ErrorCode::AccessDenied);
    scene.held[0].refused_scopes = scene.pending.refused_scopes.clone();
    assert_eq!(scene.step(), NextStep::Consent);
}

#[test]
fn an_answer_counts_only_for_who_gave_it() {
    let mut scene = Scene::new();
    let scopes = ScopeSet::parse(ALL).unwrap();
    scene.pending.outcome = Some(ConsentOutcome::Allowed {
        user_id: user(2),
        scopes,
    });
    assert_eq!(scene.step(), NextStep::Consent);
}

/// Row L4.
#[test]
fn a_remembered_answer_is_not_asked_again_unless_something_is_new() {
    assert_eq!(issued(Scene::remembering(ALL).step()), ALL);
    assert_eq!(Scene::remembering("files:read").step(), NextStep::Consent);
    assert_eq!(
        Scene::remembering(ALL).prompt("consent").step(),
        NextStep::Consent
    );
    let mut loopback = Scene::remembering(ALL);
    loopback.registered = RedirectUri::from_stored("http://localhost/cb");
    loopback.remembered[0].redirect_uri = loopback.registered.clone();
    assert_eq!(loopback.step(), NextStep::Consent);
}

/// Row A12.
#[test]
fn prompt_none_never_shows_a_page() {
    let mut signed_out = Scene::remembering(ALL).prompt("none");
    signed_out.session = None;
    assert_eq!(signed_out.refusal(), ErrorCode::LoginRequired);
    assert_eq!(
        Scene::new().prompt("none").refusal(),
        ErrorCode::ConsentRequired
    );
    assert_eq!(issued(Scene::remembering(ALL).prompt("none").step()), ALL);
    let mut loopback = Scene::remembering(ALL).prompt("none");
    loopback.registered = RedirectUri::from_stored("http://localhost/cb");
    assert_eq!(loopback.refusal(), ErrorCode::InteractionRequired);
    let mut stranger = Scene::remembering(ALL).prompt("none");
    stranger.is_cross_site = true;
    assert_eq!(issued(stranger.step()), ALL);
    stranger.client.origin = ClientOrigin::Registered;
    assert_eq!(stranger.refusal(), ErrorCode::InteractionRequired);
}

/// Row A12: a page of a stranger's cannot use an old consent behind the person's back.
#[test]
fn a_frame_or_an_image_gets_no_code_for_a_client_that_nobody_vouches_for() {
    let mut framed = Scene::remembering(ALL);
    framed.is_embedded = true;
    assert_eq!(issued(framed.step()), ALL);
    framed.client.origin = ClientOrigin::Registered;
    assert_eq!(framed.step(), NextStep::Consent);
    framed.is_embedded = false;
    assert_eq!(issued(framed.step()), ALL);
    // One that is certainly of the catalogue needs nobody's word.
    framed.client = a_recognised_client();
    framed.is_embedded = true;
    assert_eq!(issued(framed.step()), ALL);
}

#[test]
fn prompt_login_and_max_age_ask_for_a_new_sign_in() {
    for prompt in ["login", "select_account"] {
        let mut scene = Scene::remembering(ALL).prompt(prompt);
        assert_eq!(scene.step(), NextStep::Login);
        scene.session = Some(SignedIn {
            user_id: user(1),
            authenticated_at: at(0),
        });
        assert_eq!(issued(scene.step()), ALL);
    }
    let mut scene = Scene::remembering(ALL);
    scene.pending.max_age_seconds = Some(110);
    assert_eq!(issued(scene.step()), ALL);
    scene.pending.max_age_seconds = Some(109);
    assert_eq!(scene.step(), NextStep::Login);
    scene.pending.max_age_seconds = Some(0);
    scene.session = Some(SignedIn {
        user_id: user(1),
        authenticated_at: at(1),
    });
    assert_eq!(issued(scene.step()), ALL);
    scene.session = Some(SignedIn {
        user_id: user(1),
        authenticated_at: at(0) - Duration::from_millis(1),
    });
    assert_eq!(scene.step(), NextStep::Login);
}

/// Row A7.
#[test]
fn a_bad_request_is_told_after_the_sign_in() {
    let mut scene = Scene::new();
    scene.pending.refusal = Some((&RedirectError::ResponseType).into());
    assert_eq!(scene.refusal(), ErrorCode::UnsupportedResponseType);
    scene.session = None;
    assert_eq!(scene.step(), NextStep::Login);
}
