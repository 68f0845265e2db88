//! A client's metadata document and its URL: nothing panics, and what is accepted keeps the rules.
//!
//! Input: the document's URL, a newline, the document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::ClientId;
use protocol::client::metadata_document::{ClientDocument, DocumentRules, DocumentUrl};
use protocol::client::{AuthMethod, ClientKeys, GrantType};
use protocol::redirect_uri::RedirectUri;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (url, rest) = input.split_at(end);
    let document = rest.get(1..).unwrap_or_default();
    let Some(client_id) = std::str::from_utf8(url)
        .ok()
        .and_then(|url| ClientId::parse(url).ok())
    else {
        return;
    };
    let Ok(url) = DocumentUrl::parse(&client_id) else {
        return;
    };
    // Row K1: what is fetched is what is written, on a host that every reader reads alike.
    assert_eq!(url.as_str(), client_id.as_str());
    assert!(DocumentUrl::is_meant_by(&client_id));
    assert!(url.as_str().starts_with("https://") || url.is_loopback());
    assert_eq!(url.host(), url.host().to_ascii_lowercase());
    assert!(!url.as_str().contains(['#', '\\', ' ']));
    assert!(!authority(url.as_str()).contains('@'));

    let rules = DocumentRules {
        private_use_redirect_uris: &[],
    };
    let Ok(accepted) = ClientDocument::parse(&url, document, &rules) else {
        return;
    };
    assert!(document.len() <= 5 * 1024);
    assert_eq!(accepted.client_id, client_id);
    assert!((1..=128).contains(&accepted.name.chars().count()));
    assert!(!accepted.redirect_uris.is_empty());
    for uri in &accepted.redirect_uris {
        assert!(RedirectUri::parse(uri.as_str(), &[]).is_ok());
    }
    assert!(accepted.grant_types.contains(&GrantType::AuthorizationCode));
    assert!(!accepted.grant_types.contains(&GrantType::ClientCredentials));
    // Row K9: never a shared secret, and keys exactly where they are used.
    match (accepted.auth_method, &accepted.keys) {
        (AuthMethod::None, ClientKeys::None)
        | (AuthMethod::PrivateKeyJwt, ClientKeys::Inline(_)) => {}
        (AuthMethod::PrivateKeyJwt, ClientKeys::Uri(uri)) => {
            assert!(uri.starts_with("https://") || url.is_loopback());
        }
        other => panic!("{other:?}"),
    }
});

fn authority(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or_default()
}
