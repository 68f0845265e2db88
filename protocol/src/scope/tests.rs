use proptest::prelude::*;

use super::*;
use crate::test_support::{sample_client, sample_resource};

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn narrowed(asked: Option<&str>, registered: Option<&str>) -> Result<String, ScopeError> {
    let mut client = sample_client();
    client.scopes = registered.map(scopes);
    let resource = sample_resource(1, "https://mcp.example/mcp");
    let asked = asked.map(scopes);
    narrow(asked.as_ref(), &[&resource], &client).map(|set| set.to_string())
}

#[test]
fn a_set_keeps_order_and_drops_repetition() {
    assert_eq!(scopes("b a  b c ").to_string(), "b a c");
    assert_eq!(scopes("files:read https://x/y a.b").len(), 3);
    for bad in ["a\"b", "a\\b", "a\tb", "ä", "a\nb"] {
        assert_eq!(ScopeSet::parse(bad), Err(ScopeError::Malformed), "{bad:?}");
    }
    let json = serde_json::to_string(&scopes("b a")).unwrap();
    assert_eq!(json, "\"b a\"");
    assert_eq!(
        serde_json::from_str::<ScopeSet>(&json).unwrap(),
        scopes("b a")
    );
}

#[test]
fn nothing_asked_means_the_resources_defaults() {
    assert_eq!(narrowed(None, None), Ok("files:read".to_owned()));
    assert_eq!(narrowed(Some(""), None), Ok("files:read".to_owned()));
    assert_eq!(narrowed(None, Some("files:write")), Ok(String::new()));
}

/// Row A11.
#[test]
fn what_may_not_be_had_is_dropped_silently() {
    assert_eq!(
        narrowed(Some("files:write admin files:read"), None),
        Ok("files:write files:read".to_owned())
    );
    assert_eq!(
        narrowed(Some("files:write files:read"), Some("files:read")),
        Ok("files:read".to_owned())
    );
    assert_eq!(narrowed(Some("admin"), None), Err(ScopeError::NothingLeft));
    assert_eq!(
        narrowed(Some("files:write"), Some("files:read")),
        Err(ScopeError::NothingLeft)
    );
}

#[test]
fn the_tenants_own_scopes_are_not_filtered_by_a_resource() {
    assert_eq!(
        narrowed(Some("openid email profile"), None),
        Ok("openid email profile".to_owned())
    );
    assert_eq!(
        narrowed(Some("files:read offline_access"), None),
        Ok("files:read offline_access".to_owned())
    );
}

#[test]
fn a_token_for_one_resource_holds_its_scopes_only() {
    let mut notes = sample_resource(2, "https://notes.example/");
    notes.scopes[0].name = "notes".to_owned();
    notes.scopes[1].name = "notes:write".to_owned();
    let granted = scopes("files:read notes offline_access");
    assert_eq!(
        for_resource(&granted, &notes).to_string(),
        "notes offline_access"
    );
}

/// Row F3.
#[test]
fn a_refresh_may_ask_for_less_and_not_for_more() {
    let granted = scopes("a b");
    assert_eq!(at_refresh(&granted, None), Ok(granted.clone()));
    assert_eq!(at_refresh(&granted, Some(&scopes("b"))), Ok(scopes("b")));
    assert_eq!(
        at_refresh(&granted, Some(&scopes("b c"))),
        Err(ScopeError::BeyondGrant)
    );
}

proptest! {
    #[test]
    fn narrowing_never_widens(asked in prop::collection::vec("[a-c]|files:read|files:write|openid", 1..6), registered in prop::option::of(prop::collection::vec("[a-c]|files:read|files:write", 0..4))) {
        let asked = ScopeSet::from_tokens(asked).unwrap();
        let mut client = sample_client();
        client.scopes = registered.map(|tokens| ScopeSet::from_tokens(tokens).unwrap());
        let resource = sample_resource(1, "https://mcp.example/mcp");
        if let Ok(left) = narrow(Some(&asked), &[&resource], &client) {
            prop_assert!(!left.is_empty());
            prop_assert!(left.is_subset(&asked));
            prop_assert!(client.scopes.is_none_or(|limit| left.is_subset(&limit)));
        }
    }
}
