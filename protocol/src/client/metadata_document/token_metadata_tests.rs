//! What a document says about its client's tokens, requests and sign-outs.

use serde_json::{Value, json};

use super::*;
use crate::test_support::{at, client_key};

const URL: &str = "https://client.example/oauth/client.json";

fn parse(members: &Value) -> Result<Client, DocumentFault> {
    let mut document = json!({
        "client_id": URL,
        "client_name": "Example",
        "redirect_uris": ["https://client.example/cb"],
    });
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    let rules = DocumentRules {
        private_use_redirect_uris: &[],
    };
    let url = DocumentUrl::parse(&ClientId::parse(URL).unwrap()).unwrap();
    let parsed = ClientDocument::parse(&url, document.to_string().as_bytes(), &rules)?;
    Ok(parsed.into_new_client(client_key(1), at(0)))
}

#[test]
fn a_document_says_what_it_asks_of_its_tokens() {
    let client = parse(&json!({
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true,
        "post_logout_redirect_uris": ["https://client.example/bye"],
        "backchannel_logout_uri": "https://client.example/logout",
        "backchannel_logout_session_required": true,
        "id_token_signed_response_alg": "ES256",
    }))
    .unwrap();
    assert!(client.is_dpop_bound && client.is_par_required);
    assert!(client.is_backchannel_session_required && client.may_use(GrantType::DeviceCode));
    assert_eq!(
        client.post_logout_redirect_uris,
        ["https://client.example/bye"]
    );
    assert_eq!(client.id_token_algorithm, Some(SigningAlgorithm::Es256));
}

/// It was written for other servers too.
#[test]
fn what_we_do_not_sign_with_or_have_not_listed_is_left_out() {
    let client = parse(&json!({
        "post_logout_redirect_uris": ["cursor://signed-out", "https://client.example/bye"],
        "id_token_signed_response_alg": "HS256",
    }))
    .unwrap();
    assert_eq!(
        client.post_logout_redirect_uris,
        ["https://client.example/bye"]
    );
    assert_eq!(client.id_token_algorithm, None);
}

#[test]
fn a_faulty_member_is_named() {
    for (member, value) in [
        ("dpop_bound_access_tokens", json!("yes")),
        ("require_pushed_authorization_requests", json!(1)),
        ("backchannel_logout_session_required", json!({})),
        (
            "post_logout_redirect_uris",
            json!(["http://client.example/bye"]),
        ),
        (
            "post_logout_redirect_uris",
            json!("https://client.example/bye"),
        ),
        (
            "backchannel_logout_uri",
            json!("http://client.example/logout"),
        ),
        (
            "backchannel_logout_uri",
            json!("https://client.example/logout#a"),
        ),
        ("id_token_signed_response_alg", json!(["RS256"])),
    ] {
        let fault = parse(&json!({ member: value })).expect_err(member);
        assert_eq!(fault.member(), Some(member), "{fault}");
    }
}
