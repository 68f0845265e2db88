use serde_json::{Value, json};

use super::*;
use crate::test_support::{at, client_key};

const URL: &str = "https://client.example/oauth/client.json";

fn url(text: &str) -> Result<DocumentUrl, DocumentUrlError> {
    DocumentUrl::parse(&ClientId::parse(text).unwrap())
}

fn ec_key() -> Value {
    json!({"kty": "EC", "crv": "P-256", "kid": "one", "x": "x".repeat(43), "y": "y".repeat(43)})
}

fn document() -> Value {
    json!({
        "client_id": URL,
        "client_name": "Example",
        "redirect_uris": ["https://client.example/cb", "http://127.0.0.1/cb"],
    })
}

/// The usual document with these members instead; a null takes one out.
fn with(members: &Value) -> Value {
    let mut all = document();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            all.as_object_mut().unwrap().remove(name);
        } else {
            all[name] = value.clone();
        }
    }
    all
}

fn parse_text(text: &[u8]) -> Result<ClientDocument, DocumentFault> {
    let listed = ["cursor://anysphere.cursor-mcp/oauth/callback".to_owned()];
    let rules = DocumentRules {
        private_use_redirect_uris: &listed,
    };
    ClientDocument::parse(&url(URL).unwrap(), text, &rules)
}

fn parse(document: &Value) -> Result<ClientDocument, DocumentFault> {
    parse_text(document.to_string().as_bytes())
}

fn fault(members: &Value) -> DocumentFault {
    parse(&with(members)).expect_err(&members.to_string())
}

fn client(members: &Value) -> Client {
    parse(&with(members))
        .unwrap()
        .into_new_client(client_key(1), at(0))
}

/// Row K1.
#[test]
fn a_client_id_is_a_document_url_in_plain_form_only() {
    use DocumentUrlError as Fault;
    for good in [
        URL,
        "https://client.example/a?v=1",
        "https://client.example:8443/a/",
        "https://xn--bcher-kva.example/a",
        "https://client.example/%E2%82%AC.json",
        "http://localhost:3000/client.json",
        "http://127.0.0.1:3000/client.json",
        "http://[::1]:3000/client.json",
    ] {
        assert_eq!(
            url(good).map(|url| url.as_str().to_owned()),
            Ok(good.to_owned())
        );
    }
    for (bad, fault) in [
        ("http://client.example/a", Fault::NotHttps),
        ("https://client.example", Fault::NoPath),
        ("https://client.example/", Fault::NoPath),
        ("https://client.example?x=1", Fault::NoPath),
        ("https://client.example/a#", Fault::HasFragment),
        ("https://client.example/a#b", Fault::HasFragment),
        ("https://user@client.example/a", Fault::HasUserInfo),
        ("https://user:pw@client.example/a", Fault::HasUserInfo),
        ("https://@client.example/a", Fault::HasUserInfo),
        ("https://client.example/./a", Fault::NotPlain),
        ("https://client.example/b/../a", Fault::NotPlain),
        ("https://client.example/%2e%2e/a", Fault::NotPlain),
        ("https://client.example/b/%2E%2e/a", Fault::NotPlain),
        ("https://client.example/b/.%2e/a", Fault::NotPlain),
        ("https://client.example/b%2f..%2fa", Fault::NotPlain),
        ("https://client.example/b%5c..%5ca", Fault::NotPlain),
        ("https://client.example:443/a", Fault::NotPlain),
        ("https://Client.example/a", Fault::NotPlain),
        ("HTTPS://client.example/a", Fault::NotPlain),
        ("https://client.example./a", Fault::NotPlain),
        ("https:client.example/a", Fault::NotPlain),
        ("https://0x7f.1/a", Fault::NotPlain),
        ("https://client.example\\@evil.example/a", Fault::Malformed),
        ("https://client.example/a b", Fault::Malformed),
        ("https://[::1%25eth0]/a", Fault::Malformed),
    ] {
        assert_eq!(url(bad).unwrap_err(), fault, "{bad}");
    }
}

#[test]
fn only_urls_mean_to_be_one() {
    let is_meant = |text| DocumentUrl::is_meant_by(&ClientId::parse(text).unwrap());
    assert!(is_meant(URL) && is_meant("HTTP://x") && is_meant("https:x"));
    assert!(!is_meant("c_5tq") && !is_meant("httpsclient") && !is_meant("urn:client:1"));
}

#[test]
fn a_document_becomes_a_public_client() {
    let client =
        client(&json!({"unknown": {"a": 1}, "grant_types": ["authorization_code", "urn:x"]}));
    assert_eq!(client.origin, ClientOrigin::Document);
    assert_eq!(client.client_id.as_str(), URL);
    assert_eq!(client.display_name(), "Example");
    assert_eq!(client.auth_method, AuthMethod::None);
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(client.application_type, ApplicationType::Native);
    assert_eq!((client.scopes, client.resources), (None, None));
    assert!(client.is_enabled);
}

/// Row K8.
#[test]
fn the_document_names_the_url_byte_for_byte() {
    for other in [
        "https://client.example/oauth/client.json/",
        "https://client.example:443/oauth/client.json",
        "https://CLIENT.example/oauth/client.json",
        "https://client.example/oauth/Client.json",
        "http://client.example/oauth/client.json",
        " https://client.example/oauth/client.json",
    ] {
        let fault = fault(&json!({ "client_id": other }));
        assert_eq!(fault, DocumentFault::OtherClientId, "{other}");
        assert_eq!(fault.member(), Some("client_id"));
    }
    assert_eq!(
        fault(&json!({"client_id": null})),
        DocumentFault::OtherClientId
    );
}

/// Row K7.
#[test]
fn json_that_reads_two_ways_is_refused() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let body = |extra: &str| {
        let text = document().to_string();
        format!("{},\"x\":{extra}}}", text.strip_suffix('}').unwrap())
    };
    assert!(parse_text(body(&nested(15)).as_bytes()).is_ok());
    for bad in [
        body(&nested(16)),
        body(&nested(4_000 / 2)),
        body("1,\"client_id\":\"https://client.example/oauth/client.json\""),
        body("{\"a\":1,\"a\":2}"),
        body("1,\"\\u0078\":2"),
        format!("{} {{}}", document()),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            parse_text(bad.as_bytes()),
            Err(DocumentFault::NotAnObject),
            "{bad}"
        );
    }
    let mut latin = document().to_string().into_bytes();
    latin.extend([0xe9]);
    assert_eq!(parse_text(&latin), Err(DocumentFault::NotUtf8));
    let large = with(&json!({"x": "x".repeat(5 * 1024)}));
    assert_eq!(parse(&large), Err(DocumentFault::TooLarge));
}

#[test]
fn a_name_and_redirect_uris_are_required() {
    for absent in [json!(null), json!(""), json!("  ")] {
        assert_eq!(
            fault(&json!({ "client_name": absent })),
            DocumentFault::NameMissing
        );
    }
    assert_eq!(
        fault(&json!({"client_name": "a\u{202e}b"})),
        DocumentFault::InvalidName
    );
    for absent in [json!(null), json!([]), json!("https://x/cb"), json!([1])] {
        assert_eq!(
            fault(&json!({ "redirect_uris": absent })),
            DocumentFault::RedirectUrisMissing
        );
    }
    for bad in [
        "http://client.example/cb",
        "javascript:alert(1)",
        "https://x/cb#",
    ] {
        let fault = fault(&json!({"redirect_uris": ["https://client.example/cb", bad]}));
        assert_eq!(fault.member(), Some("redirect_uris"), "{bad}");
        assert_eq!(fault.code(), ErrorCode::InvalidRedirectUri, "{bad}");
    }
}

/// A document is written for every server at once.
#[test]
fn an_apps_own_scheme_counts_where_the_tenant_lists_it() {
    let uris = |listed: Value| {
        let client = client(&json!({ "redirect_uris": listed }));
        client.redirect_uris.len()
    };
    let cursor = "cursor://anysphere.cursor-mcp/oauth/callback";
    assert_eq!(uris(json!([cursor])), 1);
    assert_eq!(uris(json!(["vscode://auth", cursor, cursor])), 1);
    assert_eq!(
        fault(&json!({"redirect_uris": ["vscode://auth"]})),
        RedirectUriError::PrivateUseNotListed.into()
    );
}

/// Row K9.
#[test]
fn nothing_secret_stands_in_a_document() {
    for name in [
        "client_secret",
        "client_secret_expires_at",
        "client_secret_hash",
    ] {
        let fault = fault(&json!({ name: "s3cr3t" }));
        assert!(matches!(fault, DocumentFault::SecretMember(_)), "{name}");
        assert!(!fault.to_string().contains("s3cr3t"));
    }
    for method in [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
    ] {
        let single = fault(&json!({ "token_endpoint_auth_method": method }));
        assert_eq!(single.member(), Some("token_endpoint_auth_method"));
        let list = fault(&json!({"token_endpoint_auth_methods_supported": ["none", method]}));
        assert_eq!(list.member(), Some("token_endpoint_auth_methods_supported"));
    }
    let private = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "d"}]});
    let symmetric = json!({"keys": [{"kty": "oct", "k": "AQAB"}]});
    for jwks in [private, symmetric] {
        for method in ["none", "private_key_jwt"] {
            let fault = fault(&json!({"jwks": jwks, "token_endpoint_auth_method": method}));
            assert_eq!(fault, KeysError::NotPublic.into(), "{method}");
            assert_eq!(fault.member(), Some("jwks"));
        }
    }
}

/// ChatGPT's document: a list, a method, and a place of the keys.
#[test]
fn the_strongest_method_of_a_list_is_used() {
    let uri = "https://client.example/jwks.json";
    let method = |members: Value| client(&members).auth_method;
    let both = json!(["none", "private_key_jwt"]);
    let chatgpt = client(&json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": both,
        "token_endpoint_auth_signing_alg": "RS256",
        "jwks_uri": uri,
    }));
    assert_eq!(chatgpt.auth_method, AuthMethod::PrivateKeyJwt);
    assert_eq!(chatgpt.keys, ClientKeys::Uri(uri.to_owned()));
    assert_eq!(chatgpt.assertion_algorithm, Some(AssertionAlgorithm::Rs256));
    assert_eq!(
        method(json!({"token_endpoint_auth_methods_supported": both})),
        AuthMethod::None
    );
    assert_eq!(
        method(json!({"token_endpoint_auth_methods_supported": both, "jwks": {"keys": []}})),
        AuthMethod::None
    );
    assert_eq!(
        method(
            json!({"token_endpoint_auth_methods_supported": ["tls_client_auth"], "token_endpoint_auth_method": "none"})
        ),
        AuthMethod::None
    );
    assert_eq!(
        method(
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [ec_key()]}})
        ),
        AuthMethod::PrivateKeyJwt
    );
    for unusable in [json!("tls_client_auth"), json!("magic")] {
        assert_eq!(
            fault(&json!({ "token_endpoint_auth_method": unusable })),
            DocumentFault::UnknownAuthMethod
        );
    }
    assert_eq!(
        fault(&json!({"token_endpoint_auth_method": "private_key_jwt"})),
        KeysError::Missing.into()
    );
    assert_eq!(
        fault(&json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://client.example/jwks"}))
            .member(),
        Some("jwks_uri")
    );
    assert_eq!(
        fault(
            &json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri, "token_endpoint_auth_signing_alg": "HS256"})
        ),
        DocumentFault::UnknownAlgorithm
    );
}

#[test]
fn what_people_are_shown_is_https() {
    for name in [
        "logo_uri",
        "client_uri",
        "policy_uri",
        "tos_uri",
        "jwks_uri",
    ] {
        for bad in [
            "http://client.example/x",
            "javascript:alert(1)",
            "data:image/png,x",
        ] {
            assert_eq!(fault(&json!({ name: bad })), DocumentFault::NotHttps(name));
        }
        assert_eq!(fault(&json!({ name: 5 })), DocumentFault::WrongType(name));
    }
    assert_eq!(
        fault(&json!({"response_types": ["token"]})),
        DocumentFault::NoUsableResponseType
    );
    assert_eq!(
        fault(&json!({"grant_types": ["client_credentials"]})),
        DocumentFault::NoUsableGrantType
    );
}

/// Row K13.
#[test]
fn the_guard_is_about_where_codes_go_and_who_redeems_them() {
    let digest = |members: Value| guard_digest(&client(&members));
    let plain = digest(json!({}));
    for routine in [
        json!({"client_name": "Other"}),
        json!({"logo_uri": "https://client.example/logo.png"}),
        json!({"redirect_uris": ["http://127.0.0.1/cb", "https://client.example/cb"]}),
        json!({"jwks_uri": "https://client.example/jwks"}),
    ] {
        assert_eq!(digest(routine.clone()), plain, "{routine}");
    }
    let signing = |members: Value| {
        let mut all = members;
        all["token_endpoint_auth_method"] = json!("private_key_jwt");
        digest(all)
    };
    let mut second = ec_key();
    second["kid"] = json!("two");
    let all = [
        plain,
        digest(json!({"redirect_uris": ["https://client.example/cb"]})),
        signing(json!({"jwks_uri": "https://client.example/jwks"})),
        signing(json!({"jwks_uri": "https://client.example/jwks2"})),
        signing(json!({"jwks": {"keys": [ec_key()]}})),
        signing(json!({"jwks": {"keys": [ec_key(), second]}})),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{index}");
    }
    assert_eq!(
        signing(json!({"jwks": {"keys": [second, ec_key()]}})),
        signing(json!({"jwks": {"keys": [ec_key(), second]}}))
    );
}

#[test]
fn what_an_administrator_decided_stays() {
    let mut row = client(&json!({}));
    row.is_enabled = false;
    row.default_resource = Some(crate::test_support::resource_id(5));
    let renamed = parse(&with(&json!({"client_name": "Renamed"}))).unwrap();
    let client = renamed.into_client_of(&row);
    assert_eq!(client.display_name(), "Renamed");
    assert!(!client.is_enabled);
    assert_eq!(
        (client.key, client.default_resource),
        (row.key, row.default_resource)
    );
}
