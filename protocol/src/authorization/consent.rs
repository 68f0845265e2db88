//! Consent: what a person was asked, and whether the answer may be remembered.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::client::Client;
use crate::client::metadata_document::guard_digest;
use crate::ids::ResourceId;
use crate::redirect_uri::{RedirectUri, RedirectUriKind, VerifiedRedirectUri};
use crate::scope::ScopeSet;

use super::destination::Destination;

/// One remembered answer of a user about a client: for one registered redirect URI and one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedConsent {
    pub redirect_uri: RedirectUri,
    pub resource_id: ResourceId,
    pub scopes: ScopeSet,
}

/// Only where the answer reaches nobody but the client it was given for. Whoever listens on a loopback
/// port or claims a scheme could pose as a public client (OAuth 2.1 §7.13, RFC 8252 §8.6).
///
/// Never what a device asked for: nobody has seen whose it is (RFC 8628 §5.4).
pub fn may_be_remembered(client: &Client, registered: Option<&RedirectUri>) -> bool {
    registered.is_some_and(|registered| {
        client.is_confidential() || registered.kind() == RedirectUriKind::Https
    })
}

/// Row L4: every resource and every scope of the request must have been allowed before, for this very
/// redirect URI. Anything new is asked again.
pub fn is_covered(
    remembered: &[RememberedConsent],
    registered: &RedirectUri,
    resources: &[ResourceId],
    scopes: &ScopeSet,
) -> bool {
    !resources.is_empty()
        && resources.iter().all(|resource_id| {
            remembered.iter().any(|consent| {
                consent.resource_id == *resource_id
                    && consent.redirect_uri == *registered
                    && scopes.is_subset(&consent.scopes)
            })
        })
}

/// Row L4: what a consent page shows of a client, and what an answer to it hangs on. A client may change
/// while the page is open, and where its request names no redirect URI, so may the place of the answer.
pub fn shown_digest(client: &Client, destination: &Destination) -> [u8; 32] {
    let shown = json!([
        "writ shown client 1",
        guard_digest(client),
        destination.redirect_uri().map(VerifiedRedirectUri::as_str),
        client.display_name(),
        client.client_uri,
        client.logo_uri,
    ]);
    Sha256::digest(shown.to_string()).into()
}

/// A person may narrow what was asked; ticking something that was not asked has no effect.
pub fn chosen_scopes(asked: &ScopeSet, ticked: &[&str]) -> ScopeSet {
    asked.retain(|token| ticked.contains(&token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::AuthMethod;
    use crate::redirect_uri::match_redirect_uri;
    use crate::test_support::{resource_id, sample_client};

    #[test]
    fn loopback_and_private_scheme_answers_of_public_clients_are_not_remembered() {
        let https = RedirectUri::from_stored("https://client.example/cb");
        let loopback = RedirectUri::from_stored("http://localhost/cb");
        let private = RedirectUri::from_stored("cursor://anysphere.cursor-mcp/oauth/callback");
        let mut client = sample_client();
        client.auth_method = AuthMethod::None;
        assert!(may_be_remembered(&client, Some(&https)));
        assert!(!may_be_remembered(&client, Some(&loopback)));
        assert!(!may_be_remembered(&client, Some(&private)));
        client.auth_method = AuthMethod::ClientSecretBasic;
        assert!(may_be_remembered(&client, Some(&loopback)));
        assert!(!may_be_remembered(&client, None), "a device's");
    }

    /// Row L4.
    #[test]
    fn any_new_element_is_asked_again() {
        let uri = RedirectUri::from_stored("https://client.example/cb");
        let scopes = |text| ScopeSet::parse(text).unwrap();
        let remembered = [RememberedConsent {
            redirect_uri: uri.clone(),
            resource_id: resource_id(1),
            scopes: scopes("a b"),
        }];
        let covered = |uri: &RedirectUri, resources: &[ResourceId], text| {
            is_covered(&remembered, uri, resources, &scopes(text))
        };
        assert!(covered(&uri, &[resource_id(1)], "a b"));
        assert!(covered(&uri, &[resource_id(1)], "b"));
        assert!(!covered(&uri, &[resource_id(1)], "a b c"));
        assert!(!covered(&uri, &[resource_id(2)], "a"));
        assert!(!covered(&uri, &[resource_id(1), resource_id(2)], "a"));
        assert!(!covered(
            &RedirectUri::from_stored("https://client.example/cb2"),
            &[resource_id(1)],
            "a"
        ));
        assert!(!covered(&uri, &[], "a"));
    }

    #[test]
    fn a_person_may_narrow_and_never_widen() {
        let asked = ScopeSet::parse("a b c").unwrap();
        assert_eq!(
            chosen_scopes(&asked, &["c", "a", "admin"]).to_string(),
            "a c"
        );
    }

    /// Row L4.
    #[test]
    fn an_answer_hangs_on_what_the_page_showed() {
        let digest = |client: &Client, sent: Option<&str>| {
            let verified = match_redirect_uri(&client.redirect_uris, sent).unwrap();
            shown_digest(client, &Destination::Redirect(verified))
        };
        let at = |uri: &str| Client {
            redirect_uris: vec![RedirectUri::from_stored(uri)],
            ..sample_client()
        };
        let client = at("http://127.0.0.1/cb");
        let with = |change: fn(&mut Client)| {
            let mut changed = client.clone();
            change(&mut changed);
            digest(&changed, None)
        };
        let all = [
            digest(&client, None),
            digest(&client, Some("http://127.0.0.1:51004/cb")),
            digest(&at("https://client.example/cb"), None),
            with(|client| client.name = Some("Your bank".to_owned())),
            with(|client| client.client_uri = Some("https://bank.example".to_owned())),
            with(|client| client.logo_uri = Some("https://bank.example/logo.png".to_owned())),
            with(|client| client.auth_method = AuthMethod::ClientSecretPost),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        assert_eq!(with(|client| client.is_enabled = false), all[0]);
    }
}
