use proptest::prelude::*;

use super::*;
use crate::client::Client;
use crate::issuer::Issuer;
use crate::test_support::{resource_id, sample_client, sample_resource};

fn normal(text: &str) -> String {
    normalise(text).unwrap().to_string()
}

#[test]
fn scheme_host_port_and_the_bare_origin_are_normalised_and_nothing_else() {
    assert_eq!(normal("HTTPS://MCP.Example:443"), "https://mcp.example/");
    assert_eq!(normal("http://localhost:9902"), "http://localhost:9902/");
    assert_eq!(normal("http://localhost:80/Mcp"), "http://localhost/Mcp");
    assert_eq!(normal("https://h/a%2Fb?x=Y"), "https://h/a%2Fb?x=Y");
    assert_eq!(normal("https://h?x=1"), "https://h/?x=1");
    assert_eq!(normal("mcp://Server/x"), "mcp://server/x");
    assert_eq!(normal("URN:Example:X"), "urn:Example:X");
}

/// Row A10.
#[test]
fn relative_ambiguous_or_fragmented_values_are_malformed() {
    for bad in [
        "",
        "mcp",
        "/mcp",
        "//h/mcp",
        "https://",
        "https:h",
        "https://h/#",
        "https://h/a#b",
        "https://u@h/",
        "https://u:p@h/",
        "https://h/a/../b",
        "https://h/./b",
        "https://h/%2e%2e/b",
        "https://h\\b",
        "https://h/a b",
        "https://h/ä",
        "https://h/a\n",
        "https://h/{x}",
        &format!("https://h/{}", "x".repeat(2000)),
    ] {
        assert_eq!(normalise(bad), Err(InvalidResource), "{bad:?}");
    }
}

/// Row R1: the longest has its length after normalisation too.
#[test]
fn what_normalisation_makes_too_long_is_malformed() {
    let origin =
        |length: usize| format!("https://{}", "a.".repeat(length)[..length - 8].to_owned());
    assert_eq!(origin(2000).len(), 2000);
    assert!(normalise(&origin(2000)).is_err());
    assert!(normalise(&format!("{}/", origin(1999))).is_ok());
    assert!(normalise(&format!("{}/b", origin(1999))).is_err());
}

#[test]
fn the_other_slash_form_is_accepted_where_nobody_claims_it() {
    let one = Resources::new(vec![sample_resource(1, "https://h/mcp")]);
    assert_eq!(
        one.resolve("https://H/mcp/").unwrap().resource_id,
        resource_id(1)
    );
    let two = Resources::new(vec![
        sample_resource(1, "https://h/mcp"),
        sample_resource(2, "https://h/mcp/"),
    ]);
    assert_eq!(
        two.resolve("https://h/mcp").unwrap().resource_id,
        resource_id(1)
    );
    assert_eq!(
        two.resolve("https://h/mcp/").unwrap().resource_id,
        resource_id(2)
    );
    assert!(two.resolve("https://h/mcp//").is_none());
    assert!(two.resolve("https://h/MCP").is_none());
    let origin = Resources::new(vec![sample_resource(1, "http://localhost:9902")]);
    assert_eq!(
        origin
            .resolve("http://localhost:9902/")
            .unwrap()
            .identifier(),
        "http://localhost:9902"
    );
}

#[test]
fn an_alias_leads_to_the_registered_audience() {
    let mut resource = sample_resource(1, "https://h/mcp");
    resource
        .identifiers
        .push("https://old.example/mcp".to_owned());
    resource.audience = "mcp_proxy".to_owned();
    let resources = Resources::new(vec![resource]);
    assert_eq!(
        resources
            .resolve("https://old.example/mcp")
            .unwrap()
            .audience,
        "mcp_proxy"
    );
    assert!(resources.resolve("mcp_proxy").is_none());
}

fn two_resources() -> Resources {
    Resources::new(vec![
        sample_resource(1, "https://a/mcp"),
        sample_resource(2, "https://b/mcp"),
    ])
}

fn choice<'a>(resources: &'a Resources, client: &'a Client) -> ResourceChoice<'a> {
    ResourceChoice {
        resources,
        client,
        tenant_default: None,
        issuer: ISSUER.get_or_init(|| Issuer::parse("https://as.example/t/acme").unwrap()),
    }
}

static ISSUER: std::sync::OnceLock<Issuer> = std::sync::OnceLock::new();

fn ids(found: &[&Resource]) -> Vec<ResourceId> {
    found.iter().map(|resource| resource.resource_id).collect()
}

#[test]
fn at_authorize_several_may_be_asked() {
    let (resources, client) = (two_resources(), sample_client());
    let choice = choice(&resources, &client);
    let found = choice
        .at_authorize(&["https://b/mcp", "https://a/mcp/", "https://B/mcp"], None)
        .unwrap();
    assert_eq!(ids(&found), [resource_id(2), resource_id(1)]);
    let unknown = choice
        .at_authorize(&["https://a/mcp", "https://c/mcp"], None)
        .unwrap_err();
    assert_eq!(unknown, TargetError::Unknown("https://c/mcp".to_owned()));
    assert!(matches!(
        choice.at_authorize(&["mcp"], None),
        Err(TargetError::Malformed(_))
    ));
}

#[test]
fn without_a_resource_the_default_or_the_only_one_is_meant() {
    let (resources, mut client) = (two_resources(), sample_client());
    assert_eq!(
        choice(&resources, &client).at_authorize(&[], None),
        Err(TargetError::NoDefault)
    );
    let with_default = ResourceChoice {
        tenant_default: Some(resource_id(2)),
        ..choice(&resources, &client)
    };
    assert_eq!(
        ids(&with_default.at_authorize(&[], None).unwrap()),
        [resource_id(2)]
    );
    client.default_resource = Some(resource_id(1));
    let with_both = ResourceChoice {
        tenant_default: Some(resource_id(2)),
        ..choice(&resources, &client)
    };
    assert_eq!(
        ids(&with_both.at_authorize(&[], None).unwrap()),
        [resource_id(1)]
    );
    client.default_resource = None;
    client.resources = Some(vec![resource_id(2)]);
    assert_eq!(
        ids(&choice(&resources, &client).at_authorize(&[], None).unwrap()),
        [resource_id(2)]
    );
    let not_its_own = ResourceChoice {
        tenant_default: Some(resource_id(1)),
        ..choice(&resources, &client)
    };
    assert_eq!(
        ids(&not_its_own.at_authorize(&[], None).unwrap()),
        [resource_id(2)]
    );
    let refused = choice(&resources, &client).at_authorize(&["https://a/mcp"], None);
    assert!(matches!(refused, Err(TargetError::NotForClient(_))));
}

/// The resource that a token would be for, by its number; nothing where it is for userinfo.
fn at_token(
    choice: &ResourceChoice<'_>,
    granted: &[ResourceId],
    scopes: &str,
    asked: &[&str],
) -> Result<Option<ResourceId>, TargetError> {
    let scopes = ScopeSet::parse(scopes).unwrap();
    Ok(match choice.at_token(granted, &scopes, asked)? {
        Target::Resource(resource) => Some(resource.resource_id),
        Target::Userinfo => None,
    })
}

#[test]
fn at_token_one_resource_within_the_grant() {
    let (resources, mut client) = (two_resources(), sample_client());
    let both = [resource_id(1), resource_id(2)];
    {
        let choice = choice(&resources, &client);
        let at = |granted: &[ResourceId], asked: &[&str]| at_token(&choice, granted, "", asked);
        assert_eq!(at(&both, &["https://b/mcp"]), Ok(Some(resource_id(2))));
        assert_eq!(at(&both[..1], &[]), Ok(Some(resource_id(1))));
        assert_eq!(at(&both, &[]), Err(TargetError::NoDefault));
        assert_eq!(
            at(&both, &["https://a/mcp", "https://b/mcp"]),
            Err(TargetError::TooMany)
        );
        assert_eq!(
            at(&both[..1], &["https://b/mcp"]),
            Err(TargetError::BeyondGrant("https://b/mcp".to_owned()))
        );
        assert_eq!(at(&[resource_id(9)], &[]), Err(TargetError::Gone));
        assert_eq!(
            choice.for_client_credentials(&["https://a/mcp", "https://b/mcp"]),
            Err(TargetError::TooMany)
        );
    }
    client.default_resource = Some(resource_id(2));
    assert_eq!(
        at_token(&choice(&resources, &client), &both, "", &[]),
        Ok(Some(resource_id(2)))
    );
}

const USERINFO: &str = "https://as.example/t/acme/userinfo";

/// OpenID Connect Core §5.3: our own endpoint takes tokens too, but is nobody's resource.
#[test]
fn userinfo_is_asked_for_by_its_url_and_opened_by_openid() {
    let (resources, client) = (two_resources(), sample_client());
    let choice = choice(&resources, &client);
    let openid = ScopeSet::parse("openid").unwrap();
    assert_eq!(choice.at_authorize(&[], Some(&openid)), Ok(Vec::new()));
    assert_eq!(choice.at_authorize(&[], None), Err(TargetError::NoDefault));
    assert_eq!(choice.at_authorize(&[USERINFO], None), Ok(Vec::new()));
    let beside = choice.at_authorize(&[USERINFO, "https://a/mcp"], None);
    assert_eq!(ids(&beside.unwrap()), [resource_id(1)]);
    let one = [resource_id(1)];
    assert_eq!(at_token(&choice, &[], "openid", &[]), Ok(None));
    assert_eq!(at_token(&choice, &one, "openid", &[USERINFO]), Ok(None));
    assert_eq!(
        at_token(&choice, &one, "openid", &[]),
        Ok(Some(resource_id(1)))
    );
    let beyond = Err(TargetError::BeyondGrant(USERINFO.to_owned()));
    assert_eq!(at_token(&choice, &one, "files:read", &[USERINFO]), beyond);
    assert_eq!(
        at_token(&choice, &one, "openid", &[USERINFO, "https://a/mcp"]),
        Err(TargetError::TooMany)
    );
    let of_a_machine = choice.for_client_credentials(&[USERINFO]);
    assert_eq!(of_a_machine, Err(TargetError::Unknown(USERINFO.to_owned())));
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(text in "(https?|mcp)://[A-Za-z0-9.]{1,12}(:[0-9]{1,4})?(/[a-z%2F.]{0,8}){0,3}(\\?[a-z=]{0,5})?") {
        if let Ok(once) = normalise(&text) {
            prop_assert_eq!(normalise(once.as_str()).unwrap(), once);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let normalised = normalise(&text).ok();
        if let Some(variant) = normalised.as_ref().and_then(NormalisedResource::slash_variant) {
            prop_assert_eq!(variant.slash_variant(), normalised);
        }
    }
}
