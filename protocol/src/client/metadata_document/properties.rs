//! Rows K1, K7, K9: documents of real clients with a member or two made odd, and client_ids that are nearly
//! URLs. Nothing panics, and what is accepted keeps the rules.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::client::catalogue::{ObservedIdentity, known_clients};
use crate::test_support::odd_json;

const MEMBERS: [&str; 16] = [
    "client_id",
    "client_name",
    "redirect_uris",
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg",
    "client_uri",
    "logo_uri",
    "policy_uri",
    "tos_uri",
    "jwks",
    "jwks_uri",
    "client_secret",
    "client_secret_expires_at",
];
const RULES: DocumentRules<'static> = DocumentRules {
    private_use_redirect_uris: &[],
};

fn documents() -> impl Strategy<Value = (String, Value)> {
    let seen: Vec<Value> = known_clients()
        .iter()
        .flat_map(|known| &known.observations)
        .filter_map(|seen| match &seen.identity {
            ObservedIdentity::Document(document) => Some(document.clone()),
            ObservedIdentity::Registration(_) => None,
        })
        .collect();
    let odd = prop::collection::vec((prop::sample::select(MEMBERS.to_vec()), odd_json()), 0..3);
    (prop::sample::select(seen), odd).prop_map(|(mut document, odd)| {
        let url = document["client_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for (member, value) in odd {
            document[member] = value;
        }
        (url, document)
    })
}

fn check(url: &DocumentUrl, body: &[u8]) -> Result<(), TestCaseError> {
    let Ok(accepted) = ClientDocument::parse(url, body, &RULES) else {
        return Ok(());
    };
    prop_assert_eq!(&accepted.client_id, url.client_id());
    prop_assert!((1..=128).contains(&accepted.name.chars().count()));
    prop_assert!(!accepted.redirect_uris.is_empty());
    for uri in &accepted.redirect_uris {
        prop_assert_eq!(&RedirectUri::parse(uri.as_str(), &[]), &Ok(uri.clone()));
    }
    prop_assert!(accepted.grant_types.contains(&GrantType::AuthorizationCode));
    prop_assert!(!accepted.grant_types.contains(&GrantType::ClientCredentials));
    let signs = accepted.auth_method == AuthMethod::PrivateKeyJwt;
    prop_assert!(signs || accepted.auth_method == AuthMethod::None);
    prop_assert_eq!(signs, !accepted.keys.is_none());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_accepted_keeps_the_rules((url, document) in documents()) {
        let client_id = ClientId::parse(&url).map_err(|_| TestCaseError::reject("no client_id"))?;
        let url = DocumentUrl::parse(&client_id).map_err(|_| TestCaseError::fail("no URL"))?;
        check(&url, document.to_string().as_bytes())?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let url = ClientId::parse("https://client.example/client.json").ok().and_then(|id| DocumentUrl::parse(&id).ok());
        if let Some(url) = url {
            check(&url, &bytes)?;
        }
    }

    /// Row K8: one text, one host, for every reader.
    #[test]
    fn a_client_id_that_is_taken_for_a_url_reads_one_way(
        text in "(https?|HTTPS|ftp)://([a-z@:.\\[\\]]{0,8}|localhost|127\\.1|0x7f\\.1|a\\.test\\.?)(:[0-9]{0,5})?(/[a-z.%2eE\\\\?#;]{0,6}){0,3}",
    ) {
        let Ok(url) = ClientId::parse(&text).map_err(|_| ()).and_then(|id| DocumentUrl::parse(&id).map_err(|_| ())) else {
            return Ok(());
        };
        prop_assert_eq!(url.as_str(), text.as_str());
        let authority = text.split('/').nth(2).unwrap_or_default();
        let after_host = authority.strip_prefix(url.host());
        prop_assert!(after_host.is_some_and(|port| port.is_empty() || port.starts_with(':')), "{}", text);
        prop_assert!(text.starts_with("https://") || url.is_loopback());
        prop_assert!(!text.contains(['#', '\\']) && !authority.contains('@'));
    }
}
