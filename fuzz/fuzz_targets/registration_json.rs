//! A registration's body (RFC 7591 §3.1): nothing panics, and what is accepted keeps the rules.
//!
//! Input: the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::ScopeSet;
use protocol::client::registration::{
    Registrant, RegistrationRequest, RegistrationRules, SelfRegistration, validate,
};
use protocol::client::{ApplicationType, AuthMethod, GrantType};
use protocol::redirect_uri::{RedirectUri, RedirectUriKind};

fuzz_target!(|body: &[u8]| {
    let Ok(request) = RegistrationRequest::parse(body) else {
        return;
    };
    let known_scopes = ScopeSet::parse("files:read files:write").unwrap_or_default();
    let listed = ["cursor://anysphere.cursor-mcp/oauth/callback".to_owned()];
    let rules = RegistrationRules {
        private_use_redirect_uris: &listed,
        known_scopes: &known_scopes,
        signing_algorithm: protocol::SigningAlgorithm::Rs256,
        registrant: Registrant::Client(SelfRegistration::OPEN),
    };
    let Ok(registered) = validate(&request, &rules) else {
        return;
    };
    // Row E13: nobody gives itself a machine's grant.
    assert!(
        registered
            .grant_types
            .contains(&GrantType::AuthorizationCode)
    );
    assert!(
        !registered
            .grant_types
            .contains(&GrantType::ClientCredentials)
    );
    assert!(!registered.redirect_uris.is_empty());
    for uri in &registered.redirect_uris {
        assert!(RedirectUri::parse(uri.as_str(), &listed).is_ok());
        let is_https = uri.kind() == RedirectUriKind::Https;
        assert!(is_https || registered.application_type == ApplicationType::Native);
    }
    if let Some(scopes) = &registered.scopes {
        assert!(!scopes.is_empty() && scopes.is_subset(&known_scopes));
    }
    let needs_keys = registered.auth_method == AuthMethod::PrivateKeyJwt;
    assert_eq!(needs_keys, !registered.keys.is_none());
    if let Some(name) = &registered.name {
        assert!((1..=128).contains(&name.chars().count()));
        assert!(!name.chars().any(char::is_control));
    }
    for url in [
        &registered.client_uri,
        &registered.logo_uri,
        &registered.policy_uri,
        &registered.tos_uri,
    ] {
        assert!(url.as_ref().is_none_or(|url| url.starts_with("https://")));
    }
});
