use super::*;
use crate::test_support::{CHALLENGE, resource_id, sample_client, sample_resource};

const GOOD: &str = "client_id=client-1&redirect_uri=https://client.example/cb&response_type=code\
    &code_challenge_method=S256&state=xyz&resource=https://mcp.example/mcp/&scope=files:read+admin";

fn run_for(client: &Client, query: &str) -> Result<AuthorizationRequest, AuthorizeError> {
    let parameters = Parameters::parse(query.as_bytes()).unwrap();
    let resources = Resources::new(vec![sample_resource(1, "https://mcp.example/mcp")]);
    let issuer = crate::Issuer::parse("https://as.example").unwrap();
    check(&AuthorizationContext {
        parameters: &parameters,
        issuer: &issuer,
        client,
        resources: &resources,
        tenant_default_resource: None,
        tolerates_missing_challenge: false,
        is_push_missing: false,
    })
}

fn run(query: &str) -> Result<AuthorizationRequest, AuthorizeError> {
    run_for(&sample_client(), query)
}

fn good() -> String {
    format!("{GOOD}&code_challenge={CHALLENGE}")
}

/// The good request with one parameter written differently, or left out.
fn with(name: &str, value: Option<&str>) -> String {
    let request = good();
    let kept = request
        .split('&')
        .filter(|pair| !pair.starts_with(&format!("{name}=")));
    let changed = value.map(|value| format!("{name}={value}"));
    kept.map(ToOwned::to_owned)
        .chain(changed)
        .collect::<Vec<_>>()
        .join("&")
}

fn redirected(query: &str) -> (RedirectError, Option<String>) {
    match run(query) {
        Err(AuthorizeError::Redirect { error, state, .. }) => (error, state),
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn a_good_request_is_narrowed_to_what_may_be_had() {
    let request = run(&good()).unwrap();
    assert_eq!(request.state.as_deref(), Some("xyz"));
    assert_eq!(request.scopes.to_string(), "files:read");
    assert_eq!(request.resources, [resource_id(1)]);
    let challenge = request.proof.challenge().unwrap();
    assert_eq!(challenge.as_str(), CHALLENGE);
}

/// Row A5.
#[test]
fn empty_and_unknown_parameters_do_nothing() {
    let request = run(&format!("{}&nonce=&foo=bar&foo=baz&max_age=", good())).unwrap();
    assert_eq!((request.nonce, request.max_age_seconds), (None, None));
    assert_eq!(run(&with("state", None)).unwrap().state, None);
    assert_eq!(
        run(&with("scope", None)).unwrap().scopes.to_string(),
        "files:read"
    );
    assert_eq!(
        run(&with("resource", None)).unwrap().resources,
        [resource_id(1)]
    );
}

/// Rows A1, A2, A4: nothing is redirected before client and redirect URI are certain.
#[test]
fn an_uncertain_redirect_uri_gets_a_page_whatever_else_is_wrong() {
    for query in [
        with("redirect_uri", Some("https://evil.example/cb")),
        with("redirect_uri", Some("https://client.example/cb/")),
        format!("{}&redirect_uri=https://client.example/cb", good()),
        "client_id=client-1&redirect_uri=https://evil.example/&response_type=token".to_owned(),
    ] {
        assert!(
            matches!(run(&query), Err(AuthorizeError::Page(_))),
            "{query}"
        );
    }
    let mut client = sample_client();
    client.is_enabled = false;
    let disabled = run_for(&client, &good());
    assert_eq!(
        disabled,
        Err(AuthorizeError::Page(PageError::ClientDisabled))
    );
    let named = |query: &str| named_client(&Parameters::parse(query.as_bytes()).unwrap());
    assert_eq!(named("state=x"), Err(PageError::ClientMissing));
    assert!(matches!(
        named("client_id=a&client_id=a"),
        Err(PageError::Repeated(_))
    ));
}

/// Rows A3, A10, A13, C1, C2, C3, E13.
#[test]
fn every_other_error_keeps_the_state() {
    use ErrorCode as C;
    for (query, code) in [
        (
            with("response_type", Some("token")),
            C::UnsupportedResponseType,
        ),
        (
            with("response_type", Some("id_token")),
            C::UnsupportedResponseType,
        ),
        (
            with("response_type", Some("code+token")),
            C::UnsupportedResponseType,
        ),
        (with("response_type", None), C::InvalidRequest),
        (
            format!("{}&response_mode=fragment", good()),
            C::InvalidRequest,
        ),
        (
            format!("{}&response_mode=form_post", good()),
            C::InvalidRequest,
        ),
        (with("code_challenge", None), C::InvalidRequest),
        (with("code_challenge_method", None), C::InvalidRequest),
        (
            with("code_challenge_method", Some("plain")),
            C::InvalidRequest,
        ),
        (
            with("code_challenge_method", Some("s256")),
            C::InvalidRequest,
        ),
        (with("code_challenge", Some("short")), C::InvalidRequest),
        (format!("{}&prompt=none+login", good()), C::InvalidRequest),
        (format!("{}&max_age=-1", good()), C::InvalidRequest),
        (format!("{}&max_age=%2B5", good()), C::InvalidRequest),
        (format!("{}&request=x.y.z", good()), C::RequestNotSupported),
        (
            format!("{}&request_uri=https://evil.example/r", good()),
            C::RequestUriNotSupported,
        ),
        (
            with("resource", Some("https://other.example/")),
            C::InvalidTarget,
        ),
        (with("resource", Some("mcp")), C::InvalidTarget),
        (
            with("resource", Some("https://mcp.example/mcp%23x")),
            C::InvalidTarget,
        ),
        (with("scope", Some("admin")), C::InvalidScope),
        (with("scope", Some("a%22b")), C::InvalidScope),
        (format!("{}&scope=files:read", good()), C::InvalidRequest),
        (
            format!("{}&code_challenge={CHALLENGE}", good()),
            C::InvalidRequest,
        ),
    ] {
        let (error, state) = redirected(&query);
        assert_eq!(
            (error.code(), state.as_deref()),
            (code, Some("xyz")),
            "{query}"
        );
    }
    let (error, state) = redirected(&format!("{}&state=other", good()));
    assert_eq!((error.code(), state), (ErrorCode::InvalidRequest, None));
    let mut machine = sample_client();
    machine.grant_types = vec![GrantType::ClientCredentials];
    let Err(AuthorizeError::Redirect { error, .. }) = run_for(&machine, &good()) else {
        panic!()
    };
    assert_eq!(error.code(), ErrorCode::UnauthorizedClient);
}

#[test]
fn large_handles_survive() {
    let state = "s".repeat(4096);
    assert_eq!(
        run(&with("state", Some(&state))).unwrap().state,
        Some(state)
    );
}
