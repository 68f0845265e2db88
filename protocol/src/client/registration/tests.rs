use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ids::ClientId;
use crate::secret::SecretText;
use crate::test_support::at;

const LOOPBACK: &str = "http://localhost:6274/oauth/callback";
const WEB: &str = "https://client.example/cb";

fn register_as(is_static: bool, body: &Value) -> Result<ClientRegistration, RegistrationError> {
    let known_scopes = ScopeSet::parse("files:read files:write openid").unwrap();
    let registrant = if is_static {
        Registrant::Administrator
    } else {
        Registrant::Client(SelfRegistration::OPEN)
    };
    let rules = RegistrationRules {
        private_use_redirect_uris: &[],
        known_scopes: &known_scopes,
        signing_algorithm: crate::SigningAlgorithm::Rs256,
        registrant,
    };
    validate(
        &RegistrationRequest::parse(body.to_string().as_bytes())?,
        &rules,
    )
}

fn register(body: &Value) -> Result<ClientRegistration, RegistrationError> {
    register_as(false, body)
}

fn answer(body: &Value, secret: Option<&str>) -> Value {
    let client_id = ClientId::parse("c_1").unwrap();
    let secret = secret.map(SecretText::from);
    let registration = register(body).unwrap();
    serde_json::to_value(RegistrationResponse::new(
        client_id,
        at(0),
        secret.as_ref(),
        registration,
    ))
    .unwrap()
}

#[test]
fn almost_nothing_is_enough() {
    let native = register(&json!({"redirect_uris": [LOOPBACK]})).unwrap();
    assert_eq!(native.auth_method, AuthMethod::None);
    assert_eq!(native.application_type, ApplicationType::Native);
    assert_eq!(
        native.grant_types,
        [GrantType::AuthorizationCode, GrantType::RefreshToken]
    );
    let web = register(
        &json!({"redirect_uris": [WEB], "scope": "", "client_uri": "", "client_name": null}),
    )
    .unwrap();
    assert_eq!(web.auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!((web.scopes, web.client_uri, web.name), (None, None, None));
}

/// Rows J3, J5: the exact answers, because SDKs validate them.
#[test]
fn the_answer_states_what_is_in_force_and_adds_nothing() {
    assert_eq!(
        answer(&json!({"redirect_uris": [LOOPBACK]}), None),
        json!({"client_id": "c_1", "client_id_issued_at": 1_800_000_000, "redirect_uris": [LOOPBACK],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none"})
    );
    // mcp before 1.23 refuses client_secret_basic unless it asked for it.
    let unasked = answer(&json!({"redirect_uris": [WEB]}), Some("writ_cs_x"));
    assert_eq!(unasked.get("token_endpoint_auth_method"), None);
    assert_eq!(
        (
            &unasked["client_secret"],
            &unasked["client_secret_expires_at"]
        ),
        (&json!("writ_cs_x"), &json!(0))
    );
    let asked = json!({"redirect_uris": [WEB], "token_endpoint_auth_method": "client_secret_basic",
        "application_type": "web", "scope": "files:read admin", "client_name": "N"});
    let asked = answer(&asked, Some("s"));
    assert_eq!(asked["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(asked["application_type"], "web");
    assert_eq!(asked["scope"], "files:read");
    assert_eq!(asked["client_name"], "N");
}

#[test]
fn what_visual_studio_code_and_claude_send_is_accepted() {
    let vscode = json!({"client_name": "Visual Studio Code", "client_uri": "https://code.visualstudio.com",
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types": ["code"], "token_endpoint_auth_method": "none", "application_type": "native",
        "redirect_uris": ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect",
            "http://127.0.0.1/", "http://127.0.0.1:33418/"]});
    let registered = register(&vscode).unwrap();
    assert_eq!(registered.redirect_uris.len(), 4);
    assert_eq!(registered.grant_types.len(), 2);
    let claude = json!({"redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "token_endpoint_auth_method": "none"});
    assert_eq!(
        register(&claude).unwrap().grant_types,
        [GrantType::AuthorizationCode]
    );
}

/// Rows J4, J6, J7, J10.
#[test]
fn contradictions_and_dangers_are_refused() {
    use RegistrationError as E;
    let key = |key: Value| json!({"keys": [key]});
    for (extra, error) in [
        (
            json!({"token_endpoint_auth_method": "magic"}),
            E::UnknownAuthMethod,
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            E::Keys(KeysError::Missing),
        ),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://c/k",
                "token_endpoint_auth_signing_alg": "HS256"}),
            E::UnknownAssertionAlgorithm,
        ),
        (
            json!({"token_endpoint_auth_method": "none", "client_secret": "x"}),
            E::SecretOfPublicClient,
        ),
        (
            json!({"jwks": key(json!({"kty": "EC"})), "jwks_uri": "https://c/k"}),
            E::Keys(KeysError::TwoSources),
        ),
        (
            json!({"jwks": key(json!({"kty": "oct", "k": "x"}))}),
            E::Keys(KeysError::NotPublic),
        ),
        (
            json!({"jwks": key(json!({"kty": "RSA", "n": "x", "e": "y", "d": "z"}))}),
            E::Keys(KeysError::NotPublic),
        ),
        (
            json!({"jwks": key(json!({"n": "x"}))}),
            E::Keys(KeysError::NotPublic),
        ),
        (json!({"jwks": []}), E::Keys(KeysError::NotASet)),
        (
            json!({"jwks_uri": "http://c/k"}),
            E::Keys(KeysError::UriNotHttps),
        ),
        (
            json!({"client_uri": "javascript:alert(1)"}),
            E::NotHttps("client_uri"),
        ),
        (
            json!({"logo_uri": "data:image/png,x"}),
            E::NotHttps("logo_uri"),
        ),
        (json!({"tos_uri": "http://c"}), E::NotHttps("tos_uri")),
        (json!({"policy_uri": "x"}), E::NotHttps("policy_uri")),
        (json!({"client_name": "a\u{202e}b"}), E::InvalidName),
        (json!({"client_name": "x".repeat(129)}), E::InvalidName),
        (json!({"client_name": 5}), E::WrongType("client_name")),
        (
            json!({"grant_types": "authorization_code"}),
            E::WrongType("grant_types"),
        ),
        (
            json!({"grant_types": ["client_credentials"]}),
            E::NoUsableGrantType,
        ),
        (
            json!({"grant_types": ["password", "implicit"]}),
            E::NoUsableGrantType,
        ),
        (
            json!({"response_types": ["token"]}),
            E::NoUsableResponseType,
        ),
        (
            json!({"application_type": "desktop"}),
            E::UnknownApplicationType,
        ),
        (json!({"scope": "a\"b"}), E::MalformedScope),
    ] {
        let mut body = json!({"redirect_uris": [WEB]});
        body.as_object_mut()
            .unwrap()
            .append(&mut extra.as_object().unwrap().clone());
        let refused = register(&body).unwrap_err();
        assert_eq!(
            (&refused, refused.code()),
            (&error, ErrorCode::InvalidClientMetadata),
            "{extra}"
        );
        assert_eq!(refused.status(), 400);
    }
}

/// What a client says of its keys, it gets back; keys without a use are not kept.
#[test]
fn a_client_may_register_keys() {
    let key = json!({"kty": "EC", "crv": "P-256", "x": "x".repeat(43), "y": "y".repeat(43)});
    let mut body = json!({"redirect_uris": [WEB], "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256", "jwks": {"keys": [key]}});
    let told = answer(&body, None);
    for member in [
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "jwks",
    ] {
        assert_eq!(told[member], body[member], "{member}");
    }
    body["token_endpoint_auth_method"] = json!("none");
    let registered = register(&body).unwrap();
    assert_eq!(
        (registered.keys, registered.assertion_algorithm),
        (ClientKeys::None, None)
    );
}

#[test]
fn bad_redirect_uris_have_their_own_code() {
    for body in [
        json!({}),
        json!({"redirect_uris": []}),
        json!({"redirect_uris": "https://c/cb"}),
        json!({"redirect_uris": [5]}),
        json!({"redirect_uris": ["http://client.example/cb"]}),
        json!({"redirect_uris": [WEB, "javascript:alert(1)"]}),
        json!({"redirect_uris": vec!["https://c/cb"; 33]}),
        json!({"redirect_uris": [LOOPBACK], "application_type": "web"}),
    ] {
        assert_eq!(
            register(&body).unwrap_err().code(),
            ErrorCode::InvalidRedirectUri,
            "{body}"
        );
    }
}

/// Row J8: privileged members have nowhere to go.
#[test]
fn unknown_members_are_dropped() {
    let plain = json!({"redirect_uris": [WEB]});
    let greedy = json!({"redirect_uris": [WEB], "tenant_id": "x", "trusted": true, "skip_consent": true,
        "first_party": true, "id": 1, "client_id": "admin", "client_secret": "mine", "scope": "admin"});
    assert_eq!(register(&greedy), register(&plain));
}

#[test]
fn an_administrator_may_register_a_machine() {
    let machine = json!({"grant_types": ["client_credentials"], "scope": "not:yet:known"});
    let registered = register_as(true, &machine).unwrap();
    assert_eq!(registered.grant_types, [GrantType::ClientCredentials]);
    assert_eq!(registered.auth_method, AuthMethod::ClientSecretBasic);
    assert_eq!(registered.scopes.unwrap().to_string(), "not:yet:known");
    let public =
        json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"});
    assert_eq!(
        register_as(true, &public),
        Err(RegistrationError::ClientCredentialsOfPublicClient)
    );
}

/// Row R1.
#[test]
fn a_body_that_is_no_flat_object_is_refused() {
    let deep = format!("{{\"jwks\":{}{}}}", "[".repeat(40), "]".repeat(40));
    for body in ["", "[]", "null", "{", "\"x\"", "\u{feff}{}", &deep] {
        assert_eq!(
            RegistrationRequest::parse(body.as_bytes()),
            Err(RegistrationError::NotAnObject),
            "{body}"
        );
    }
    let brackets_in_text = json!({"client_name": "[".repeat(100)}).to_string();
    assert!(RegistrationRequest::parse(brackets_in_text.as_bytes()).is_ok());
}

/// Row J1.
#[test]
fn a_policy_refusal_says_what_to_do() {
    assert_eq!(RegistrationError::RegistrationIsOff.status(), 403);
    assert_eq!(RegistrationError::InitialAccessTokenRequired.status(), 401);
    assert_eq!(
        RegistrationPolicy::parse("initial_access_token"),
        Some(RegistrationPolicy::InitialAccessToken)
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!(WEB)),
        Just(json!("none")),
        Just(json!("code")),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn odd_members_never_panic_and_never_widen(members in prop::collection::hash_map(
        prop::sample::select(vec!["redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method", "jwks", "scope", "client_name", "application_type", "tenant_id"]),
        any_json(), 0..9)) {
        let mut body: Value = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if body.get("redirect_uris").is_none() {
            body["redirect_uris"] = json!([WEB]);
        }
        if let Ok(registered) = register(&body) {
            prop_assert!(registered.grant_types.contains(&GrantType::AuthorizationCode));
            prop_assert!(!registered.grant_types.contains(&GrantType::ClientCredentials));
            prop_assert!(!registered.redirect_uris.is_empty());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = RegistrationRequest::parse(&bytes);
    }
}
