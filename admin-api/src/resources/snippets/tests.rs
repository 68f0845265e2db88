//! What a resource's name, scopes and identifier may be, and that none of it leaves its place.

use protocol::Timestamp;
use protocol::resource::ResourceScope;

use super::*;

fn resource(identifier: &str, name: &str, scope: &str) -> Resource {
    Resource {
        resource_id: "00000000-0000-0000-0000-000000000000".parse().unwrap(),
        identifiers: vec![identifier.to_owned()],
        audience: identifier.to_owned(),
        audience_since: Timestamp::from_unix_seconds(0),
        name: name.to_owned(),
        scopes: vec![ResourceScope {
            name: scope.to_owned(),
            description: "Read your notes".to_owned(),
            is_default: true,
        }],
        access_token_lifetime: None,
    }
}

fn snippets_of(resource: &Resource) -> Vec<SnippetOut> {
    let issuer: Issuer = Issuer::parse("https://auth.test/t/acme").unwrap();
    all(&Facts::new(&issuer, resource, &[SigningAlgorithm::Rs256])).unwrap()
}

#[test]
fn each_says_the_issuer_its_keys_and_the_audience() {
    let resource = resource("https://notes.test/mcp", "Notes", "notes:read");
    let snippets = snippets_of(&resource);
    let names: Vec<&str> = snippets.iter().map(|one| one.name).collect();
    let expected = ["fastmcp", "typescript-sdk", "rmcp", "agentgateway", "nginx"];
    assert_eq!(names, expected);
    for snippet in snippets {
        let wanted: &[&str] = if snippet.name == "nginx" {
            &[
                "https://auth.test/t/acme/.well-known/resource-metadata/00000000",
                "location = \"/.well-known/oauth-protected-resource/mcp\"",
                "location = \"/mcp\"",
            ]
        } else {
            &[
                "\"https://auth.test/t/acme\"",
                "\"https://auth.test/t/acme/.well-known/jwks/00000000",
                "\"https://notes.test/mcp\"",
                "\"notes:read\"",
            ]
        };
        for text in wanted {
            assert!(snippet.text.contains(text), "{text} in {}", snippet.text);
        }
        assert!(!snippet.text.contains("{{"), "{}", snippet.text);
    }
}

/// Whatever is registered stays a text. The languages' own readers say so in tests/clients/test_snippets.py.
#[test]
fn a_hostile_name_breaks_out_of_nothing() {
    let name =
        "\"; evil(); \\ \n evil\r\n */ #{evil} ${evil} {{string:issuer}} \u{202e} \"\"\" '''";
    let resource = resource("https://notes.test/$evil/'mcp'", name, "x;evil'${y}#");
    for snippet in snippets_of(&resource) {
        for line in snippet.text.lines() {
            let is_comment = ["#", "//"]
                .iter()
                .any(|sign| line.trim_start().starts_with(sign));
            let quoted = line.replace("\\\\", "").replace("\\\"", "");
            // Outside of quotation marks: what stands at even places between them.
            let outside: String = quoted.split('"').step_by(2).collect();
            assert!(
                is_comment || !outside.contains("evil"),
                "{}: {line}",
                snippet.name
            );
            assert!(!line.contains('\u{202e}'), "{}: {line}", snippet.name);
        }
        if snippet.name == "nginx" {
            assert!(!snippet.text.contains("$evil") && snippet.text.contains("/%24evil/"));
        }
    }
}

#[test]
fn an_address_is_taken_apart() {
    for (url, origin, path) in [
        ("http://localhost:8766/mcp", "http://localhost:8766", "/mcp"),
        ("https://a.test", "https://a.test", "/"),
        ("https://a.test/a/b?c=/d", "https://a.test", "/a/b"),
        ("https://a.test?c=/d", "https://a.test", "/"),
    ] {
        assert_eq!(split(url), (origin, path));
    }
    assert_eq!(decoded("/a%20b%2Fc%zz"), "/a b/c%zz");
    assert_eq!(decoded("/a%0Ab%ff"), "/a%0Ab%ff");
    assert_eq!(in_express("/a:b/*"), "/a\\:b/\\*");
}

#[test]
fn a_resource_that_is_no_web_address_says_what_to_put_in() {
    let resource = resource("urn:example:notes", "Notes", "notes:read");
    for snippet in snippets_of(&resource) {
        assert!(
            snippet.notes.iter().any(|note| note.contains(NOWHERE)),
            "{snippet:?}"
        );
    }
}
