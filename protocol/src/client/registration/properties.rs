//! Rows E13, J4 to J7, J10: what real clients send with a member or two made odd. Nothing panics, and what
//! is accepted keeps the rules.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::client::catalogue::{ObservedIdentity, known_clients};
use crate::redirect_uri::RedirectUriKind;
use crate::test_support::odd_json;

const MEMBERS: [&str; 18] = [
    "redirect_uris",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "application_type",
    "client_name",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "scope",
    "software_id",
    "software_statement",
    "jwks",
    "jwks_uri",
    "client_secret",
    "tenant_id",
];

fn bodies() -> impl Strategy<Value = Value> {
    let seen: Vec<Value> = known_clients()
        .iter()
        .flat_map(|known| &known.observations)
        .map(|seen| match &seen.identity {
            ObservedIdentity::Document(metadata) | ObservedIdentity::Registration(metadata) => {
                metadata.clone()
            }
        })
        .collect();
    let odd = prop::collection::vec((prop::sample::select(MEMBERS.to_vec()), odd_json()), 0..3);
    (prop::sample::select(seen), odd).prop_map(|(mut body, odd)| {
        for (member, value) in odd {
            body[member] = value;
        }
        body
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_accepted_keeps_the_rules(body in bodies()) {
        let Ok(request) = RegistrationRequest::parse(body.to_string().as_bytes()) else {
            return Ok(());
        };
        let known_scopes = ScopeSet::parse("files:read files:write").unwrap_or_default();
        let rules = RegistrationRules {
            private_use_redirect_uris: &[],
            known_scopes: &known_scopes,
            signing_algorithm: crate::SigningAlgorithm::Rs256,
            registrant: Registrant::Client(SelfRegistration::OPEN),
        };
        let Ok(registered) = validate(&request, &rules) else {
            return Ok(());
        };
        prop_assert!(registered.grant_types.contains(&GrantType::AuthorizationCode));
        prop_assert!(!registered.grant_types.contains(&GrantType::ClientCredentials));
        prop_assert!(!registered.redirect_uris.is_empty());
        for uri in &registered.redirect_uris {
            prop_assert_eq!(&RedirectUri::parse(uri.as_str(), &[]), &Ok(uri.clone()));
            let is_https = uri.kind() == RedirectUriKind::Https;
            prop_assert!(is_https || registered.application_type == ApplicationType::Native);
        }
        if let Some(scopes) = &registered.scopes {
            prop_assert!(!scopes.is_empty() && scopes.is_subset(&known_scopes));
        }
        if let Some(name) = &registered.name {
            prop_assert!((1..=128).contains(&name.chars().count()));
        }
        let urls = [&registered.client_uri, &registered.logo_uri, &registered.policy_uri, &registered.tos_uri];
        prop_assert!(urls.into_iter().flatten().all(|url| url.starts_with("https://")));
        let signs = registered.auth_method == AuthMethod::PrivateKeyJwt;
        prop_assert_eq!(signs, !registered.keys.is_none());
    }
}
