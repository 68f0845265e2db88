//! The catalogue of known clients, each as it was seen: it says who it is, asks for authorization, gets a
//! code, and redeems it with the very parameters of the real program.
//!
//! Nothing of a client is written here: what it sends stands in `protocol/src/client/catalogue/`.

use std::collections::HashMap;

use protocol::client::catalogue::{Observation, ObservedIdentity, known_clients};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::harness::{
    ASSERTION_TYPE, Answer, AssertionSigner, Browser, ClientKey, OAuthClient, Served, TestApp,
    TestAppOptions, TestInternet, TestTenant, VERIFIER, challenge,
};

/// As Visual Studio Code makes them: with characters that need escaping.
const STATE: &str = "gXVXo0/iMD8W+olDHKxSTg==";

/// The values of the moment, where an observation has `{name}`.
type Moment = HashMap<&'static str, String>;

fn moment(tenant: &TestTenant) -> Moment {
    HashMap::from([
        ("resource", tenant.resource.identifier.clone()),
        ("scopes", "notes:read notes:write".to_owned()),
        ("state", STATE.to_owned()),
        ("code_challenge", challenge(VERIFIER)),
        ("code_verifier", VERIFIER.to_owned()),
        ("token_endpoint", tenant.url("token")),
    ])
}

fn filled(text: &str, moment: &Moment) -> String {
    let names = moment.iter();
    names.fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

fn pairs_of(seen: &[(String, String)], moment: &Moment) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> = seen
        .iter()
        .map(|(name, value)| (name.clone(), filled(value, moment)))
        .collect();
    for (name, value) in &pairs {
        assert!(!value.starts_with('{'), "{name} is {value}: no such value");
    }
    pairs
}

fn filled_json(value: &Value, moment: &Moment) -> Value {
    let text = serde_json::to_string(value).unwrap();
    serde_json::from_str(&filled(&text, moment)).unwrap()
}

/// From the authorization request to a refresh, with what was seen and nothing else.
async fn goes_all_the_way(
    tenant: &TestTenant,
    browser: &Browser,
    seen: &Observation,
    mut moment: Moment,
    signer: Option<&AssertionSigner>,
) {
    let authorize = pairs_of(&seen.authorize, &moment);
    let url = Url::parse_with_params(&tenant.url("authorize"), &authorize).unwrap();
    let location = browser.walk(url.as_str()).await.location().clone();
    let answered: HashMap<String, String> = location.query_pairs().into_owned().collect();
    let sent = |name: &str| {
        let mut parameters = authorize.iter();
        parameters
            .find(|(parameter, _)| parameter == name)
            .map(|(_, value)| value.clone())
    };
    assert!(
        location
            .as_str()
            .starts_with(&sent("redirect_uri").unwrap())
    );
    assert_eq!(answered.get("state"), sent("state").as_ref());
    assert_eq!(answered.get("iss"), Some(&tenant.issuer));

    moment.insert("code", answered["code"].clone());
    prove(seen, &mut moment, signer);
    let redeem = pairs_of(&seen.token, &moment);
    let tokens = token(tenant, &redeem).await.tokens();
    assert_eq!(tokens.claims()["client_id"], moment["client_id"].as_str());
    assert_eq!(tokens.claims()["aud"], tenant.resource.audience.as_str());

    let Some(refresh_token) = tokens.refresh_token else {
        return;
    };
    prove(seen, &mut moment, signer);
    let mut refresh = vec![
        ("grant_type".to_owned(), "refresh_token".to_owned()),
        ("refresh_token".to_owned(), refresh_token),
    ];
    let redeem = pairs_of(&seen.token, &moment).into_iter();
    refresh.extend(redeem.filter(|(name, _)| name.starts_with("client_")));
    token(tenant, &refresh).await.tokens();
}

/// A new assertion, where the client sends one: for the token endpoint and an hour, as far as its entry's
/// tolerances go.
fn prove(seen: &Observation, moment: &mut Moment, signer: Option<&AssertionSigner>) {
    let mut names = seen.token.iter().map(|(name, _)| name);
    if !names.any(|name| name == "client_assertion") {
        return;
    }
    let signer = signer.expect("a signer for a client that signs");
    let mut claims = signer.claims();
    claims["aud"] = json!(moment["token_endpoint"]);
    claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 3_600);
    moment.insert("client_assertion", signer.key.sign(&claims));
}

async fn token(tenant: &TestTenant, fields: &[(String, String)]) -> Answer {
    let request = tenant.wire().request(Method::POST, &tenant.url("token"));
    Answer::of(request.form(fields)).await
}

async fn lists_private_use(tenant: &TestTenant, seen: &Observation) {
    let uris = &seen.private_use_redirect_uris;
    if !uris.is_empty() {
        tenant
            .change("", &json!({ "private_use_redirect_uris": uris }))
            .await;
    }
}

fn observations() -> impl Iterator<Item = &'static Observation> {
    known_clients().iter().flat_map(|known| &known.observations)
}

/// MCP13: every registration of the catalogue is accepted and takes its client to a refresh.
#[tokio::test]
async fn every_known_client_that_registers_gets_its_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for seen in observations() {
        let ObservedIdentity::Registration(body) = &seen.identity else {
            continue;
        };
        lists_private_use(&acme, seen).await;
        let mut moment = moment(&acme);
        let made = acme.register(&filled_json(body, &moment)).await;
        let made = made.expect_status(201).json();
        for member in ["client_id", "client_secret"] {
            if let Some(value) = made[member].as_str() {
                moment.insert(member, value.to_owned());
            }
        }
        goes_all_the_way(&acme, &alice, seen, moment, None).await;
    }
}

/// The sites of every vendor whose document is in the catalogue, with what lies there.
async fn vendors(key: &ClientKey) -> TestInternet {
    let documents = || {
        observations().filter_map(|seen| match &seen.identity {
            ObservedIdentity::Document(document) => Some(document),
            ObservedIdentity::Registration(_) => None,
        })
    };
    let host_of = |document: &Value| {
        let url = Url::parse(document["client_id"].as_str().unwrap()).unwrap();
        url.host_str().unwrap().to_owned()
    };
    let mut hosts: Vec<String> = documents().map(host_of).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let internet = TestInternet::of(&hosts).await;
    for document in documents() {
        internet.serve(
            document["client_id"].as_str().unwrap(),
            Served::json(document),
        );
        if let Some(jwks_uri) = document["jwks_uri"].as_str() {
            internet.serve(jwks_uri, Served::json(&key.jwks()));
        }
    }
    internet
}

/// MCP8, MCP13: every document of the catalogue is fetched, believed, and takes its client to a refresh;
/// ChatGPT's with an assertion that only its entry lets pass.
#[tokio::test]
async fn every_known_client_with_a_document_gets_its_tokens() {
    let key = ClientKey::generate("RS256", "cimd-1");
    let internet = vendors(&key).await;
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for seen in observations() {
        let ObservedIdentity::Document(document) = &seen.identity else {
            continue;
        };
        let client_id = document["client_id"].as_str().unwrap();
        let mut moment = moment(&acme);
        moment.insert("client_id", client_id.to_owned());
        let signer = AssertionSigner::new(&key, &acme.issuer, client_id, app.shared_clock());
        goes_all_the_way(&acme, &alice, seen, moment, Some(&signer)).await;
    }
}

/// J7: what a document of a vendor proves is said, and what it does not.
#[tokio::test]
async fn a_vendors_document_makes_a_client_recognised() {
    let internet = vendors(&ClientKey::generate("RS256", "cimd-1")).await;
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    for (client_id, redirect_uri, said) in [
        (
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            CLAUDE,
            "This is Claude: Anthropic publishes its description there.",
        ),
        (
            "https://claude.ai/oauth/claude-code-client-metadata",
            "http://localhost:53172/callback",
            "which program on this device uses it, nobody can check",
        ),
    ] {
        let mut client = acme.public_client().await.with_redirect_uri(redirect_uri);
        client_id.clone_into(&mut client.client_id);
        let page = client.authorization_request().open(&alice).await;
        for said in ["Recognised client", "Published at", "claude.ai", said] {
            assert!(page.html().contains(said), "{said}: {}", page.html());
        }
    }
}

/// E7, E8: what an entry of the catalogue is let pass is not for whoever uses its name.
#[tokio::test]
async fn a_namesake_gets_no_tolerances() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let key = ClientKey::generate("RS256", "k1");
    let body = json!({
        "client_name": "ChatGPT",
        "redirect_uris": ["https://evil.example/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key.jwks(),
    });
    let made = acme.register(&body).await.expect_status(201).json();
    let client = acme.client_of(&made).signing(&key, app.shared_clock());
    let signer = client.signer();
    let later = signer.claims()["iat"].as_i64().unwrap() + 3_600;
    for claims in [
        signer.claims_with("aud", json!(acme.url("token"))),
        signer.claims_with("exp", json!(later)),
    ] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "none"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &key.sign(&claims)),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let refused = token(&acme, &fields).await;
        refused.is_refused(401, "invalid_client");
    }
}

/// A client that registers, as the consent page shows it to Alice.
async fn consent_page(tenant: &TestTenant, name: &str, redirect_uri: &str) -> String {
    let client = registered(tenant, name, redirect_uri).await;
    let alice = tenant.signed_in_browser_of("alice").await;
    let page = client.authorization_request().open(&alice).await;
    assert!(page.is_consent(), "{page:?}");
    page.html().to_owned()
}

async fn registered(tenant: &TestTenant, name: &str, redirect_uri: &str) -> OAuthClient {
    let body = json!({
        "client_name": name,
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": "none",
    });
    tenant.client_of(&tenant.register(&body).await.expect_status(201).json())
}

const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";

/// J7: an answer that only the vendor receives makes a client recognised; its name alone never does.
#[tokio::test]
async fn a_recognised_client_is_shown_as_one_and_a_namesake_is_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let page = consent_page(&acme, "Claude", CLAUDE).await;
    for said in ["Recognised client", "Its answers go to Anthropic"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Unverified"), "{page}");

    for (name, redirect_uri) in [
        ("Claude", "https://evil.example/api/mcp/auth_callback"),
        ("Claude Code", "http://localhost/callback"),
        ("Your bank", CLAUDE),
        // A vendor's name with a stranger's words behind it is the stranger's.
        ("Claude \u{2014} approved by Acme IT, press Allow", CLAUDE),
        ("Claude (notes)", CLAUDE),
    ] {
        let page = consent_page(&acme, name, redirect_uri).await;
        assert!(page.contains("Unverified"), "{name}: {page}");
        for vendor in ["Recognised", "Anthropic"] {
            assert!(!page.contains(vendor), "{name}, {vendor}: {page}");
        }
    }
}

/// J7: where a badge stands, nothing stands beside it that whoever registered wrote.
#[tokio::test]
async fn a_recognised_registration_is_shown_in_the_catalogues_words() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    for name in [json!("Claude"), json!(null)] {
        let mut body = json!({
            "redirect_uris": [CLAUDE],
            "token_endpoint_auth_method": "none",
            "client_uri": "https://approved-by-acme.example",
        });
        if !name.is_null() {
            body["client_name"] = name;
        }
        let made = acme.register(&body).await.expect_status(201).json();
        let page = acme.client_of(&made).authorization_request();
        let page = page.open(&alice).await;
        for said in ["Recognised client", "Allow <bdi>Claude</bdi>"] {
            assert!(page.html().contains(said), "{said}: {}", page.html());
        }
        assert!(!page.html().contains("approved-by-acme"), "{page:?}");
    }
}

/// A7: what is wrong with its request is told to a recognised client at once, as to one that was entered by
/// hand; a namesake's error waits for the person.
#[tokio::test]
async fn a_recognised_client_hears_of_errors_without_a_page() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.signed_in_browser_of("alice").await;
    let wrong = |client: &OAuthClient| {
        let request = client.authorization_request();
        request.with("response_type", "token")
    };
    let recognised = registered(&acme, "Claude", CLAUDE).await;
    let request = wrong(&recognised);
    let told = request.ended_at(request.open(&alice).await);
    assert_eq!(told.error(), "unsupported_response_type");

    let namesake = registered(&acme, "Claude", "https://evil.example/callback").await;
    let page = wrong(&namesake).open(&alice).await;
    assert!(
        page.html().contains("unsupported_response_type"),
        "{page:?}"
    );
}
