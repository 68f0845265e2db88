//! Software statements (RFC 7591 §2.3): a vendor that the tenant trusts says what its software is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::harness::{TestApp, TestTenant};

const VENDOR: &str = "https://vendor.example";
const CALLBACK: &str = "https://client.example/callback";

/// Keys of nobody: PKCS #8, and the coordinates of the public half.
const VENDORS_KEY: [&str; 3] = [
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmyTR8E4EVbcK3n0FpXYsSk01VwISYstaNeZE6yKvM+mhRANC\
     AARHFHQwKa0kUtw+xrUl9km7TXa5we2pDvmvu8GcoVinX5K8HG9j5A5OQpk3kna+IrUE1orT3r97lz4R6BUH2fv9",
    "RxR0MCmtJFLcPsa1JfZJu012ucHtqQ75r7vBnKFYp18",
    "krwcb2PkDk5CmTeSdr4itQTWitPev3uXPhHoFQfZ-_0",
];
const STRANGERS_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgK/SwUmZ63qyyTOZsFp886L1ZIFjtiV7XSW8B\
     ECI8YsyhRANCAAQA9mb+X2V5KNmvUddRORQtQIlWq+DAGUNPcLkeVZ7I2ndc3mKPoInAuRPwSlE7j8v6j5dVdlLBvRzoW23WYXvh";

#[expect(
    clippy::disallowed_methods,
    reason = "a vendor signs with a library of its own"
)]
fn statement(key: &str, claims: &Value) -> String {
    let header = Header {
        kid: Some("vendor-1".to_owned()),
        ..Header::new(Algorithm::ES256)
    };
    let key = EncodingKey::from_ec_der(&STANDARD.decode(key).unwrap());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

async fn trust_the_vendor(tenant: &TestTenant, is_required: bool) {
    let [_, x, y] = VENDORS_KEY;
    let jwk =
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "vendor-1", "x": x, "y": y });
    let settings = json!({
        "software_statement_issuers": [{ "issuer": VENDOR, "jwks": { "keys": [jwk] } }],
        "is_software_statement_required": is_required,
    });
    tenant.change("", &settings).await;
}

fn body(statement: Option<&str>) -> Value {
    json!({ "redirect_uris": [CALLBACK], "client_name": "Says who", "software_statement": statement })
}

/// RFC 7591 §2.3, §3.2.1: what the statement says wins, and it comes back as it was.
#[tokio::test]
async fn a_trusted_statement_wins_over_what_the_client_says() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    trust_the_vendor(&acme, false).await;
    let claims = json!({
        "iss": VENDOR, "iat": app.clock().unix_seconds(), "software_id": "vendors-client",
        "client_name": "The vendor's client", "client_uri": "https://vendor.example/client",
        "redirect_uris": ["https://vendor.example/callback"],
        // Nothing that a registration decides: these have nowhere to go.
        "client_id": "chosen", "client_secret": "chosen", "sub": "x",
    });
    let signed = statement(VENDORS_KEY[0], &claims);
    let made = acme
        .register(&body(Some(&signed)))
        .await
        .expect_status(201)
        .json();
    assert_eq!(made["software_statement"], signed);
    for member in ["software_id", "client_name", "client_uri", "redirect_uris"] {
        assert_eq!(made[member], claims[member], "{member}");
    }
    assert_ne!(made["client_id"], "chosen");
    assert_ne!(made["client_secret"], "chosen");
    let event = super::next_event(&acme, "client.registered").await;
    assert_eq!(event["details"]["software_statement_issuer"], VENDOR);

    // What a statement says is held to the same rules.
    let bad = json!({ "iss": VENDOR, "redirect_uris": ["http://vendor.example/callback"] });
    acme.register(&body(Some(&statement(VENDORS_KEY[0], &bad))))
        .await
        .is_refused(400, "invalid_redirect_uri");
    // None was demanded.
    let plain = acme.register(&body(None)).await.expect_status(201).json();
    assert_eq!(plain["client_name"], "Says who");
    assert_eq!(plain.get("software_statement"), None);
}

/// RFC 7591 §3.2.2: a wrong statement is refused, one of somebody else by another code, and neither is
/// passed over.
#[tokio::test]
async fn a_statement_that_is_not_good_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    trust_the_vendor(&acme, true).await;
    let now = app.clock().unix_seconds();
    let good = json!({ "iss": VENDOR, "iat": now });
    acme.register(&body(Some(&statement(VENDORS_KEY[0], &good))))
        .await
        .expect_status(201);

    let missing = acme.register(&body(None)).await;
    missing.is_refused(400, "invalid_software_statement");
    assert!(missing.text("error_description").contains("administrator"));
    let stranger = json!({ "iss": "https://stranger.example", "iat": now });
    for other in [&stranger, &json!({ "iat": now })] {
        acme.register(&body(Some(&statement(VENDORS_KEY[0], other))))
            .await
            .is_refused(400, "unapproved_software_statement");
    }
    let unsigned = {
        let signed = statement(VENDORS_KEY[0], &good);
        signed[..=signed.rfind('.').unwrap()].to_owned()
    };
    let expired = json!({ "iss": VENDOR, "exp": now - 3600 });
    let early = json!({ "iss": VENDOR, "nbf": now + 3600 });
    for bad in [
        statement(STRANGERS_KEY, &good),
        statement(VENDORS_KEY[0], &expired),
        statement(VENDORS_KEY[0], &early),
        unsigned,
        "not a JWT".to_owned(),
    ] {
        acme.register(&body(Some(&bad)))
            .await
            .is_refused(400, "invalid_software_statement");
    }
    let mut odd = body(None);
    odd["software_statement"] = json!({ "iss": VENDOR });
    acme.register(&odd)
        .await
        .is_refused(400, "invalid_client_metadata");
}

/// RFC 7591 §2.3: a tenant that trusts nobody may ignore statements, and does.
#[tokio::test]
async fn a_tenant_that_trusts_nobody_ignores_statements() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let claims = json!({ "iss": VENDOR, "client_name": "The vendor's client" });
    let made = acme
        .register(&body(Some(&statement(VENDORS_KEY[0], &claims))))
        .await
        .expect_status(201)
        .json();
    assert_eq!(made["client_name"], "Says who");
    assert_eq!(made.get("software_statement"), None);
    // Not even for being no statement at all.
    acme.register(&body(Some("nonsense")))
        .await
        .expect_status(201);
}
