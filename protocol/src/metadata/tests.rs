use serde_json::{Value, json};

use super::*;

fn document(change: impl FnOnce(&mut MetadataFacts<'_>)) -> Value {
    let issuer = Issuer::parse("https://as.example/realms/acme/").unwrap();
    let scopes = ScopeSet::parse("files:read offline_access openid").unwrap();
    let mut facts = MetadataFacts {
        issuer: &issuer,
        registration: RegistrationPolicy::Open,
        takes_client_documents: true,
        is_par_required: false,
        takes_device_requests: true,
        signing_algorithm: SigningAlgorithm::Rs256,
        scopes: &scopes,
    };
    change(&mut facts);
    serde_json::to_value(AuthorizationServerMetadata::new(&facts)).unwrap()
}

#[test]
fn the_document_names_what_answers_and_nothing_else() {
    let document = document(|_| {});
    assert_eq!(document["issuer"], "https://as.example/realms/acme/");
    for (member, endpoint) in [
        ("token_endpoint", "token"),
        ("jwks_uri", ".well-known/jwks.json"),
        ("userinfo_endpoint", "userinfo"),
        ("end_session_endpoint", "logout"),
        ("pushed_authorization_request_endpoint", "par"),
        ("device_authorization_endpoint", "device_authorization"),
        ("writ_revocation_feed", "revocations"),
    ] {
        let expected = format!("https://as.example/realms/acme/{endpoint}");
        assert_eq!(document[member], expected, "{member}");
    }
    assert_eq!(document["scopes_supported"], json!(["files:read"]));
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["token_endpoint_auth_methods_supported"],
        json!([
            "none",
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt"
        ])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
    let members = document.as_object().unwrap();
    assert!(members.values().all(|member| !member.is_null()));
}

/// Row J1.
#[test]
fn a_tenant_without_registration_lists_no_registration_endpoint() {
    let names_it = |policy| {
        document(|facts| facts.registration = policy)
            .get("registration_endpoint")
            .is_some()
    };
    assert!(!names_it(RegistrationPolicy::Off));
    assert!(names_it(RegistrationPolicy::InitialAccessToken));
}

#[test]
fn a_tenant_that_takes_no_device_requests_does_not_speak_of_them() {
    let device = GrantType::DeviceCode.as_str();
    let without = document(|facts| facts.takes_device_requests = false);
    assert!(without.get("device_authorization_endpoint").is_none());
    let lists_it = |document: &Value| {
        let listed = document["grant_types_supported"].as_array().unwrap();
        listed.iter().any(|it| it == device)
    };
    assert!(!lists_it(&without));
    assert!(lists_it(&document(|_| {})));
}

/// OpenID Connect Discovery §3: RS256 is always there.
#[test]
fn the_algorithms_are_the_tenants_own() {
    let of = |algorithm| document(|facts| facts.signing_algorithm = algorithm);
    let member = "id_token_signing_alg_values_supported";
    assert_eq!(of(SigningAlgorithm::Rs256)[member], json!(["RS256"]));
    let of_curve = of(SigningAlgorithm::Es256);
    assert_eq!(of_curve[member], json!(["RS256", "ES256"]));
    assert_eq!(
        of_curve["introspection_signing_alg_values_supported"],
        json!(["ES256"])
    );
}

#[test]
fn a_tenant_may_ask_for_pushed_requests() {
    let required = document(|facts| facts.is_par_required = true);
    assert_eq!(required["require_pushed_authorization_requests"], true);
}
