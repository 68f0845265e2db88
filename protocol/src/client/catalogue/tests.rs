use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::client::metadata::{clean_name, is_https_url};
use crate::client::registration::RegistrationRequest;
use crate::ids::ClientId;
use crate::redirect_uri::{RedirectUri, RedirectUriKind, match_redirect_uri};
use crate::test_support::sample_client;

fn document_client(client_id: &str) -> Client {
    Client {
        origin: ClientOrigin::Document,
        client_id: ClientId::parse(client_id).unwrap(),
        ..sample_client()
    }
}

fn registered_client(name: &str, redirect_uris: &[&str]) -> Client {
    Client {
        origin: ClientOrigin::Registered,
        name: Some(name.to_owned()),
        redirect_uris: redirect_uris
            .iter()
            .map(|uri| RedirectUri::from_stored(*uri))
            .collect(),
        ..sample_client()
    }
}

fn proven(client: &Client) -> Option<&str> {
    find_proven(client).map(|known| known.id.as_str())
}

/// What it merely says it is.
fn said(client: &Client) -> Option<&str> {
    recognise(client)
        .filter(|recognised| !recognised.is_proven)
        .map(|recognised| recognised.client.id.as_str())
}

#[test]
fn every_file_is_an_entry() {
    for text in FILES {
        let read = serde_json::from_str::<CatalogueEntry>(text);
        assert!(read.is_ok(), "{:?} in {text}", read.err());
    }
    assert_eq!(known_clients().len(), FILES.len());
    let ids: BTreeSet<_> = known_clients().iter().map(|known| &known.id).collect();
    assert_eq!(ids.len(), FILES.len(), "two entries share an id");
}

#[test]
fn every_entry_is_complete_and_says_only_what_can_be_compared() {
    for known in known_clients() {
        let id = &known.id;
        assert!(is_https_url(&known.homepage), "{id}");
        assert!(
            !known.vendor.is_empty() && !known.tested_with.is_empty(),
            "{id}"
        );
        assert!(
            !known.said_names.is_empty() && !known.observations.is_empty(),
            "{id}"
        );
        for name in known.said_names.iter().chain([&known.name]) {
            assert_eq!(clean_name(name).unwrap().as_deref(), Some(name.as_str()));
        }
        for form in known.documents.iter().chain(&known.redirect_uris) {
            let example = form.replace(SEGMENT, "x");
            let uri = RedirectUri::parse(&example, &[]).unwrap();
            assert_eq!(uri.kind(), RedirectUriKind::Https, "{id}: {form}");
            assert!(form.matches(['{', '*']).count() <= 1, "{id}: {form}");
        }
    }
}

/// What is written down as observed is coherent with itself, and found again by what it is known by.
#[test]
fn every_observation_is_recognised_as_its_entry() {
    for known in known_clients() {
        for observation in &known.observations {
            let about = format!("{}: {}", known.id, observation.about);
            let (ObservedIdentity::Document(metadata) | ObservedIdentity::Registration(metadata)) =
                &observation.identity;
            let name = metadata["client_name"].as_str().unwrap();
            assert!(
                known.said_names.iter().any(|said| begins_with(name, said)),
                "{about}"
            );
            let redirect_uris: Vec<RedirectUri> = metadata["redirect_uris"]
                .as_array()
                .unwrap()
                .iter()
                .map(|uri| {
                    RedirectUri::parse(
                        uri.as_str().unwrap(),
                        &observation.private_use_redirect_uris,
                    )
                    .unwrap()
                })
                .collect();
            let parameter = |name| {
                let mut parameters = observation.authorize.iter();
                parameters
                    .find(|(parameter, _)| parameter == name)
                    .map(|(_, value)| value.as_str())
            };
            assert!(
                match_redirect_uri(&redirect_uris, parameter("redirect_uri")).is_ok(),
                "{about}"
            );
            assert_eq!(parameter("code_challenge_method"), Some("S256"), "{about}");
            let mut client = registered_client(name, &[]);
            client.redirect_uris = redirect_uris;
            if let ObservedIdentity::Document(document) = &observation.identity {
                client.origin = ClientOrigin::Document;
                client.client_id =
                    ClientId::parse(document["client_id"].as_str().unwrap()).unwrap();
                assert_eq!(proven(&client), Some(known.id.as_str()), "{about}");
            } else {
                let members = serde_json::to_vec(metadata).unwrap();
                assert!(RegistrationRequest::parse(&members).is_ok(), "{about}");
            }
            let found = recognise(&client).unwrap();
            assert_eq!(found.client.id, known.id, "{about}");
        }
    }
}

#[test]
fn a_document_proves_itself_by_its_address_alone() {
    for (client_id, entry) in [
        (
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "claude",
        ),
        (
            "https://claude.ai/oauth/claude-code-client-metadata",
            "claude_code",
        ),
        ("https://chatgpt.com/oauth/client.json", "chatgpt"),
        (
            "https://chatgpt.com/oauth/jKP_NLo_VszT/client.json",
            "chatgpt",
        ),
        // Also of the form before it: the exact address decides.
        ("https://chatgpt.com/oauth/codex/client.json", "codex"),
        ("https://chatgpt.com/oauth/codex/a1-b2/client.json", "codex"),
    ] {
        assert_eq!(
            proven(&document_client(client_id)),
            Some(entry),
            "{client_id}"
        );
    }
    for stranger in [
        "https://claude.ai/oauth/claude-code-client-metadata/",
        "https://claude.ai/oauth/claude-code-client-metadata?x=1",
        "https://claude.ai:443/oauth/claude-code-client-metadata",
        "https://claude.ai/oauth/another",
        "https://claude.ai.evil.test/oauth/claude-code-client-metadata",
        "https://chatgpt.com/oauth//client.json",
        "https://chatgpt.com/oauth/../client.json",
        "https://chatgpt.com/oauth/a/b/client.json",
        "https://chatgpt.com/oauth/a%2Fb/client.json",
        "https://chatgpt.com/oauth/a/client.json?token_endpoint_auth_method=private_key_jwt",
    ] {
        assert_eq!(proven(&document_client(stranger)), None, "{stranger}");
    }
}

/// Whoever registers says what it likes; an answer that only the vendor receives is another matter.
#[test]
fn a_registration_is_proven_by_where_every_answer_goes() {
    const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
    assert_eq!(
        proven(&registered_client("Claude", &[CLAUDE])),
        Some("claude")
    );
    let connector = "https://chatgpt.com/connector/oauth/Dyp26IIu2iQg";
    assert_eq!(
        proven(&registered_client("ChatGPT", &[connector])),
        Some("chatgpt")
    );
    let mut unnamed = registered_client("Claude", &[CLAUDE]);
    unnamed.name = None;
    assert_eq!(proven(&unnamed), Some("claude"));
    assert_eq!(unnamed.display_name(), "Claude");
    // Words behind the vendor's name are whoever's that registered them.
    for name in [
        "Claude (notes)",
        "Claude, approved by Acme",
        "Claude ",
        "claude",
    ] {
        let client = registered_client(name, &[CLAUDE]);
        assert_eq!(proven(&client), None, "{name}");
        assert_eq!(client.display_name(), name);
    }
    let mut renamed = registered_client("Your bank", &[CLAUDE]);
    assert_eq!(recognise(&renamed), None);
    renamed.origin = ClientOrigin::Static;
    assert_eq!(proven(&renamed), Some("claude"));
    for redirect_uris in [
        &[][..],
        &[CLAUDE, "https://evil.test/callback"],
        &[CLAUDE, "http://localhost/callback"],
        &[CLAUDE, connector],
        &["https://claude.ai/api/mcp/auth_callback/"],
        &["https://claude.ai/another"],
        &["https://chatgpt.com/connector/oauth/a/b"],
        // A page that passes the answer on to programs on the device proves nobody.
        &["https://vscode.dev/redirect"],
    ] {
        let client = registered_client("Claude", redirect_uris);
        assert_eq!(proven(&client), None, "{redirect_uris:?}");
        assert_eq!(said(&client), Some("claude"));
        assert_eq!(tolerances_of(&client), &[]);
        assert!(!client.is_trusted());
    }
    // A stranger's document that sends its answers to Claude is still a stranger's.
    let mut borrowed = registered_client("Claude", &[CLAUDE]);
    borrowed.origin = ClientOrigin::Document;
    borrowed.client_id = ClientId::parse("https://evil.test/client.json").unwrap();
    assert_eq!(proven(&borrowed), None);
    assert_eq!(said(&borrowed), Some("claude"));
}

#[test]
fn a_name_is_read_to_the_end_of_its_words() {
    for (name, entry) in [
        ("Claude", Some("claude")),
        ("Claude Desktop (2.19675.1)", Some("claude")),
        ("Claude Code (notes)", Some("claude_code")),
        ("Cursory", None),
        ("cursor", None),
        ("My Cursor", None),
        ("Zed", Some("zed")),
        ("Zeddy", None),
    ] {
        assert_eq!(said(&registered_client(name, &[])), entry, "{name}");
    }
    assert_eq!(
        recognise(&Client {
            name: None,
            ..sample_client()
        }),
        None
    );
}

#[test]
fn only_a_proven_client_gets_tolerances() {
    let proven = document_client("https://chatgpt.com/oauth/client.json");
    assert!(tolerances_of(&proven).contains(&Tolerance::TokenEndpointAudience));
    assert!(proven.is_trusted());
    let saying_so = registered_client("ChatGPT", &["http://localhost/callback"]);
    assert_eq!(tolerances_of(&saying_so), &[]);
    // Tolerances that weaken a client's own authentication are no entry's to give.
    for known in known_clients() {
        for switch in [
            Tolerance::JsonTokenBody,
            Tolerance::ConfidentialWithoutPkce,
            Tolerance::UnauthenticatedIntrospection,
        ] {
            assert!(!known.tolerates(switch), "{}", known.id);
        }
    }
}

proptest! {
    /// One byte more, less or other than an entry's address is a stranger's, but for the free segment.
    #[test]
    fn a_changed_address_proves_nobody_else(entry in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in 0x21_u8..0x7f, kind in 0..3) {
        let addresses: Vec<String> = known_clients()
            .iter()
            .flat_map(|known| known.documents.iter().map(|form| form.replace(SEGMENT, "a1")))
            .collect();
        let address = entry.get(&addresses);
        let mut bytes = address.clone().into_bytes();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        let changed = String::from_utf8(bytes).unwrap();
        if let Some(known) = publisher_of(&changed) {
            let is_listed = known.documents.contains(&changed);
            let has_segment = known.documents.iter().any(|form| form.contains(SEGMENT) && has_form(&changed, form));
            prop_assert!(is_listed || has_segment, "{}", changed);
        }
    }
}
