//! What a registration says about its tokens, its requests and sign-outs.

use serde_json::{Value, json};

use super::*;
use crate::ids::ClientId;
use crate::scope::ScopeSet;
use crate::test_support::{at, sample_client};

const WEB: &str = "https://client.example/cb";

fn register_within(
    limits: SelfRegistration<'_>,
    signing_algorithm: SigningAlgorithm,
    members: &Value,
) -> Result<ClientRegistration, RegistrationError> {
    let mut body = json!({"redirect_uris": [WEB]});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let rules = RegistrationRules {
        private_use_redirect_uris: &["cursor://signed-out".to_owned()],
        known_scopes: &ScopeSet::default(),
        signing_algorithm,
        registrant: Registrant::Client(limits),
    };
    validate(
        &RegistrationRequest::parse(body.to_string().as_bytes())?,
        &rules,
    )
}

fn register(members: &Value) -> Result<ClientRegistration, RegistrationError> {
    register_within(SelfRegistration::OPEN, SigningAlgorithm::Rs256, members)
}

fn answer(registration: ClientRegistration) -> Value {
    let client_id = ClientId::parse("c_1").unwrap();
    let response = RegistrationResponse::new(client_id, at(0), None, registration);
    serde_json::to_value(response).unwrap()
}

#[test]
fn what_a_client_asks_of_its_tokens_comes_back_as_it_is_in_force() {
    let asked = json!({
        "dpop_bound_access_tokens": true,
        "require_pushed_authorization_requests": true,
        "post_logout_redirect_uris":
            ["https://client.example/bye", "http://127.0.0.1/bye", "cursor://signed-out"],
        "backchannel_logout_uri": "https://client.example/logout?tenant=1",
        "backchannel_logout_session_required": true,
        "id_token_signed_response_alg": "RS256",
    });
    let registration = register(&asked).unwrap();
    let described = registration.clone().describe(sample_client());
    assert!(described.is_dpop_bound && described.is_par_required);
    assert!(described.is_backchannel_session_required);
    assert_eq!(
        ClientRegistration::of(&described)
            .post_logout_redirect_uris
            .len(),
        3
    );
    let answered = answer(registration);
    for (name, value) in asked.as_object().unwrap() {
        assert_eq!(&answered[name], value, "{name}");
    }
}

/// Older SDKs stumble over members that they did not send.
#[test]
fn what_was_not_asked_is_not_told() {
    let answered = answer(register(&json!({"dpop_bound_access_tokens": null})).unwrap());
    for name in [
        "dpop_bound_access_tokens",
        "require_pushed_authorization_requests",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "backchannel_logout_session_required",
        "id_token_signed_response_alg",
    ] {
        assert!(answered.get(name).is_none(), "{name}");
    }
}

#[test]
fn bad_members_are_named() {
    let uri = "backchannel_logout_uri";
    for (members, word) in [
        (
            json!({"dpop_bound_access_tokens": "true"}),
            "dpop_bound_access_tokens",
        ),
        (
            json!({"require_pushed_authorization_requests": 1}),
            "require_pushed_authorization_requests",
        ),
        (
            json!({"post_logout_redirect_uris": "https://client.example"}),
            "post_logout_redirect_uris",
        ),
        (
            json!({"post_logout_redirect_uris": ["http://client.example/bye"]}),
            "post_logout_redirect_uris",
        ),
        (
            json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
            "post_logout_redirect_uris",
        ),
        (json!({uri: "http://client.example/logout"}), uri),
        (json!({uri: "https://client.example/logout#a"}), uri),
        (json!({uri: ["https://client.example/logout"]}), uri),
        (
            json!({"backchannel_logout_session_required": true}),
            "backchannel_logout_session_required",
        ),
        (
            json!({"id_token_signed_response_alg": "none"}),
            "id_token_signed_response_alg",
        ),
        (
            json!({"id_token_signed_response_alg": "HS256"}),
            "id_token_signed_response_alg",
        ),
        (
            json!({"id_token_signed_response_alg": "ES256"}),
            "id_token_signed_response_alg",
        ),
    ] {
        let refused = register(&members).expect_err(&members.to_string());
        assert_eq!(
            refused.code(),
            ErrorCode::InvalidClientMetadata,
            "{members}"
        );
        assert!(refused.to_string().contains(word), "{refused}");
    }
}

/// OpenID Connect Core §15.1.
#[test]
fn an_id_token_can_be_had_with_the_tenants_algorithm_and_with_rs256() {
    for good in ["RS256", "ES256"] {
        let members = json!({"id_token_signed_response_alg": good});
        let limits = SelfRegistration::OPEN;
        let made = register_within(limits, SigningAlgorithm::Es256, &members).unwrap();
        assert_eq!(
            made.id_token_algorithm.map(SigningAlgorithm::as_str),
            Some(good)
        );
    }
}

#[test]
fn the_device_grant_is_for_tenants_that_take_it_of_everybody() {
    let device = GrantType::DeviceCode;
    let members = json!({"grant_types": ["authorization_code", device.as_str()]});
    let closed = SelfRegistration::OPEN;
    let to_all = SelfRegistration {
        allows_device: true,
        ..SelfRegistration::OPEN
    };
    let grant_types = |limits| {
        register_within(limits, SigningAlgorithm::Rs256, &members)
            .unwrap()
            .grant_types
    };
    let both = [GrantType::AuthorizationCode, device];
    assert_eq!(grant_types(to_all), both);
    assert_eq!(grant_types(closed), [GrantType::AuthorizationCode]);
    let alone = json!({"grant_types": [device.as_str()]});
    assert_eq!(
        register_within(closed, SigningAlgorithm::Rs256, &alone),
        Err(RegistrationError::NoUsableGrantType)
    );
}

/// Row J9: who held a copy of the registration token must not be able to unbind the tokens.
#[test]
fn an_update_does_not_take_away_what_makes_tokens_safer() {
    let mut client = sample_client();
    (client.is_dpop_bound, client.is_par_required) = (true, true);
    let limits = SelfRegistration {
        current: Some(&client),
        ..SelfRegistration::OPEN
    };
    for members in [json!({}), json!({"dpop_bound_access_tokens": false})] {
        let updated = register_within(limits, SigningAlgorithm::Rs256, &members).unwrap();
        assert!(
            updated.is_dpop_bound && updated.is_par_required,
            "{members}"
        );
    }
}
