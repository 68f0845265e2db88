use serde_json::{Value, json};

use super::*;

const NOTHING: fn() -> PolicyChanges = || PolicyChanges {
    registration_policy: Change::Keep,
    registration_redirect_hosts: Change::Keep,
    registration_allows_loopback: Change::Keep,
    registration_scopes: Change::Keep,
    registration_max_clients: Change::Keep,
    registration_unused_lifetime: Change::Keep,
    software_statement_issuers: Change::Keep,
    is_software_statement_required: Change::Keep,
    client_document_policy: Change::Keep,
    client_document_domains: Change::Keep,
    compatibility: Change::Keep,
};

/// The settings, or the members that are at fault.
fn apply(changes: PolicyChanges, current: TenantSettings) -> Result<TenantSettings, Vec<String>> {
    let mut faults = Faults::default();
    let settings = changes.apply(&mut faults, current, false);
    match faults.finish() {
        Ok(()) => Ok(settings),
        Err(problem) => {
            let errors = problem.errors().iter();
            Err(errors.map(|error| error.field.clone()).collect())
        }
    }
}

fn names(texts: &[&str]) -> Change<Vec<String>> {
    Change::Set(texts.iter().map(|&text| text.to_owned()).collect())
}

fn issuers(value: Value) -> Change<Vec<IssuerBody>> {
    Change::Set(serde_json::from_value(value).unwrap())
}

fn public_keys() -> Value {
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "x".repeat(43)}]})
}

#[test]
fn what_is_not_said_stays() {
    let mut current = TenantSettings::default();
    current.client_documents.domains = vec!["claude.ai".to_owned()];
    current.tolerances.json_token_body = true;
    assert_eq!(apply(NOTHING(), current.clone()), Ok(current));
}

#[test]
fn domains_and_hosts_are_kept_as_urls_compare_them() {
    let changes = PolicyChanges {
        client_document_policy: Change::Set(DocumentPolicy::AllowList),
        client_document_domains: names(&["Claude.AI", "claude.ai", "Bücher.example", "localhost"]),
        registration_redirect_hosts: names(&["App.Example", "intranet"]),
        ..NOTHING()
    };
    let settings = apply(changes, TenantSettings::default()).unwrap();
    assert_eq!(settings.client_documents.mode, DocumentMode::AllowList);
    assert_eq!(
        settings.client_documents.domains,
        ["claude.ai", "xn--bcher-kva.example", "localhost"]
    );
    assert_eq!(
        settings.registration.redirect_hosts.unwrap(),
        ["app.example", "intranet"]
    );
}

#[test]
fn patterns_urls_and_everybodys_domains_are_refused() {
    for bad in [
        "*.example.com",
        "https://example.com",
        "127.0.0.1",
        "com",
        "",
    ] {
        let changes = PolicyChanges {
            client_document_domains: names(&["good.example", bad]),
            ..NOTHING()
        };
        let refused = apply(changes, TenantSettings::default());
        assert_eq!(
            refused,
            Err(vec!["client_document_domains[1]".to_owned()]),
            "{bad}"
        );
    }
    for bad in ["*", "app.example:8443", "app.example/callback"] {
        let changes = PolicyChanges {
            registration_redirect_hosts: names(&[bad]),
            ..NOTHING()
        };
        let refused = apply(changes, TenantSettings::default());
        assert_eq!(
            refused,
            Err(vec!["registration_redirect_hosts[0]".to_owned()]),
            "{bad}"
        );
    }
}

/// Row J4.
#[test]
fn a_vendors_keys_are_public() {
    let good = issuers(json!([{"issuer": "https://vendor.example", "jwks": public_keys()}]));
    let changes = PolicyChanges {
        software_statement_issuers: good.clone(),
        is_software_statement_required: Change::Set(true),
        ..NOTHING()
    };
    let settings = apply(changes, TenantSettings::default()).unwrap();
    assert!(settings.is_software_statement_required);
    let mut private = public_keys();
    private["keys"][0]["d"] = json!("secret");
    for (bad, field) in [
        (
            json!([{"issuer": "https://v.example", "jwks": private}]),
            "[0].jwks",
        ),
        (
            json!([{"issuer": "https://v.example", "jwks": {}}]),
            "[0].jwks",
        ),
        (json!([{"issuer": "", "jwks": public_keys()}]), "[0].issuer"),
        (
            json!([{"issuer": "a", "jwks": public_keys()}, {"issuer": "a", "jwks": public_keys()}]),
            "[1].issuer",
        ),
        (
            json!(vec![json!({"issuer": "a", "jwks": public_keys()}); 11]),
            "",
        ),
    ] {
        let changes = PolicyChanges {
            software_statement_issuers: issuers(bad),
            ..NOTHING()
        };
        let field = format!("software_statement_issuers{field}");
        assert_eq!(apply(changes, TenantSettings::default()), Err(vec![field]));
    }
    // Nobody could register.
    let changes = PolicyChanges {
        software_statement_issuers: Change::Reset,
        ..NOTHING()
    };
    let fault = Err(vec!["is_software_statement_required".to_owned()]);
    assert_eq!(apply(changes, settings), fault);
}

#[test]
fn numbers_and_scopes_have_bounds() {
    for number in [0, 1_000_001] {
        let changes = PolicyChanges {
            registration_max_clients: Change::Set(number),
            ..NOTHING()
        };
        assert!(apply(changes, TenantSettings::default()).is_err());
    }
    let changes = PolicyChanges {
        registration_scopes: names(&["notes:read", "a b"]),
        registration_unused_lifetime: Change::Set(3_599),
        ..NOTHING()
    };
    let fields = ["registration_scopes[1]", "registration_unused_lifetime"];
    let refused = apply(changes, TenantSettings::default()).unwrap_err();
    assert_eq!(refused, fields);
}

/// RFC 7396: one switch is changed without naming the others.
#[test]
fn switches_are_changed_one_by_one() {
    let mut settings = TenantSettings::default();
    for (change, expected) in [
        (json!({"json_token_body": true}), [true, false]),
        (json!({"token_endpoint_audience": true}), [true, true]),
        (json!({"json_token_body": null}), [false, true]),
        (json!({}), [false, true]),
    ] {
        let changes = PolicyChanges {
            compatibility: Change::Set(serde_json::from_value(change).unwrap()),
            ..NOTHING()
        };
        settings = apply(changes, settings).unwrap();
        let tolerances = settings.tolerances;
        assert_eq!(
            [
                tolerances.json_token_body,
                tolerances.token_endpoint_audience
            ],
            expected
        );
    }
    let changes = PolicyChanges {
        compatibility: Change::Reset,
        ..NOTHING()
    };
    let settings = apply(changes, settings).unwrap();
    assert_eq!(settings.tolerances, TenantTolerances::default());
}
