//! Every way in which a request goes wrong: its status, its code, and who is told. The tables read as the
//! specification of our errors.
//!
//! Here: what the tables are made of. The tables: `token_endpoint`, `program_endpoints` and
//! `authorization_endpoint`; what every answer carries, whatever it is an answer to: `every_answer`.
//!
//! To add a way: its line in the table of the endpoint.

mod authorization_endpoint;
mod every_answer;
mod program_endpoints;
mod token_endpoint;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::harness::{Answer, IssuedCode, OAuthClient, TestApp, TestTenant, Tokens};

/// Registered by RFC 6749, 6750, 7009, 7591 and 8707: what a client may meet at the back channel.
const REGISTERED: [&str; 14] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_token",
    "access_denied",
    "server_error",
    "temporarily_unavailable",
    "unsupported_token_type",
];

/// Who is told of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The program that called.
    Json,
    /// The person, and nobody else.
    Page,
    /// The application, by way of the browser.
    Redirect,
}
use Place::{Json, Page, Redirect};

/// A tenant with everything that can be used wrongly.
pub(super) struct Scene {
    pub(super) acme: TestTenant,
    pub(super) public: OAuthClient,
    pub(super) confidential: OAuthClient,
    pub(super) code: IssuedCode,
    pub(super) tokens: Tokens,
}

impl Scene {
    pub(super) async fn of(app: &TestApp) -> Self {
        let acme = app.tenant("acme").await;
        let browser = acme.browser_of("alice").await;
        let public = acme.public_client().await;
        let confidential = acme.confidential_client().await;
        let tokens = public.tokens_of(&browser).await;
        let code = public.code_from(&browser).await;
        Self {
            acme,
            public,
            confidential,
            code,
            tokens,
        }
    }

    pub(super) fn request(&self, method: Method, endpoint: &str) -> RequestBuilder {
        self.acme.wire().request(method, &self.acme.url(endpoint))
    }

    pub(super) fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, endpoint).form(fields)
    }

    /// The public client redeems its code with one thing changed.
    pub(super) fn redeem(&self, name: &str, value: &str) -> RequestBuilder {
        let right = [
            ("grant_type", "authorization_code"),
            ("code", &self.code.code),
            ("code_verifier", &self.code.verifier),
            ("redirect_uri", &self.code.redirect_uri),
        ];
        let fields: Vec<_> = right
            .into_iter()
            .filter(|(field, _)| *field != name)
            .chain([(name, value)])
            .collect();
        self.public.post_request("token", &fields)
    }

    pub(super) fn refresh(&self, more: &[(&str, &str)]) -> RequestBuilder {
        let right = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.tokens.refresh_token()),
        ];
        let fields: Vec<_> = right.iter().chain(more).copied().collect();
        self.public.post_request("token", &fields)
    }

    pub(super) fn for_itself(&self, more: &[(&str, &str)]) -> RequestBuilder {
        let fields: Vec<_> = [("grant_type", "client_credentials")]
            .iter()
            .chain(more)
            .copied()
            .collect();
        self.confidential.post_request("token", &fields)
    }

    /// The confidential client, whom an administrator entered, asks with one thing changed and no page shown.
    pub(super) fn authorize(&self, name: &str, value: &str) -> RequestBuilder {
        let request = self
            .confidential
            .authorization_request()
            .with("prompt", "none")
            .with(name, value);
        self.acme.wire().request(Method::GET, &request.url())
    }

    pub(super) fn register(&self, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "register").json(body)
    }
}

type Row<'a> = (&'a str, RequestBuilder, u16, &'a str, Place);

pub(super) async fn holds(rows: Vec<Row<'_>>) {
    for (situation, request, status, code, place) in rows {
        let answer = Answer::of(request).await;
        assert_eq!(answer.status.as_u16(), status, "{situation}: {answer:?}");
        match place {
            Json => {
                is_told_to_a_program(&answer);
                assert_eq!(answer.json()["error"], code, "{situation}: {answer:?}");
            }
            Page => {
                answer.is_shown(status);
                assert!(
                    answer.header("cache-control").contains("no-store"),
                    "{situation}"
                );
                assert!(
                    answer.body.contains(answer.header("x-request-id")),
                    "{situation}: it has its reference"
                );
                assert!(
                    code.is_empty() || answer.body.contains(code),
                    "{situation}: {answer:?}"
                );
            }
            Redirect => {
                let location = answer.location();
                let told = |name: &str| {
                    let mut pairs = location.query_pairs();
                    pairs
                        .find(|(parameter, _)| parameter == name)
                        .map(|(_, value)| value.into_owned())
                };
                assert_eq!(
                    told("error").as_deref(),
                    Some(code),
                    "{situation}: {location}"
                );
                assert!(
                    told("iss").is_some() && told("code").is_none(),
                    "{situation}: {location}"
                );
                assert!(
                    told("error_description").is_some_and(|text| is_description(&text)),
                    "{situation}: {location}"
                );
            }
        }
        says_nothing_of_the_inside(&answer, situation);
    }
}

/// Q1: RFC 6749 §5.2: JSON that nobody stores, a registered code, a description of allowed characters, and
/// the reference that the log has.
#[track_caller]
fn is_told_to_a_program(answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        "application/json",
        "{answer:?}"
    );
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{answer:?}"
    );
    let body = answer.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["error", "error_description", "error_id"],
        "{answer:?}"
    );
    assert!(
        REGISTERED.contains(&body["error"].as_str().unwrap()),
        "{answer:?}"
    );
    assert!(
        is_description(body["error_description"].as_str().unwrap()),
        "{answer:?}"
    );
    assert_eq!(body["error_id"], answer.header("x-request-id"));
    // RFC 9110 §15.5.2, §15.5.6: what these two statuses must come with.
    assert_eq!(
        answer.status == 401,
        answer.headers.contains_key("www-authenticate"),
        "{answer:?}"
    );
    assert_eq!(
        answer.status == 405,
        answer.headers.contains_key("allow"),
        "{answer:?}"
    );
    let is_for_later = [429, 503].contains(&answer.status.as_u16());
    assert_eq!(
        is_for_later,
        answer.headers.contains_key("retry-after"),
        "{answer:?}"
    );
}

fn is_description(text: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// Q2: no SQL, no path, no version, no stack.
#[track_caller]
fn says_nothing_of_the_inside(answer: &Answer, situation: &str) {
    let body = answer.body.to_lowercase();
    for word in [
        "sqlx",
        "select ",
        "insert ",
        "postgres",
        "panicked",
        ".rs",
        "src/",
        "serde",
        "actix",
        "backtrace",
    ] {
        assert!(!body.contains(word), "{situation}: {word} in {answer:?}");
    }
    for header in ["server", "x-powered-by", "via"] {
        assert!(
            !answer.headers.contains_key(header),
            "{situation}: {answer:?}"
        );
    }
}

pub(super) fn raw_form(scene: &Scene, endpoint: &str, body: &str) -> RequestBuilder {
    let request = scene
        .request(Method::POST, endpoint)
        .header("content-type", "application/x-www-form-urlencoded");
    request.body(body.to_owned())
}
