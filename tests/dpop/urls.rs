//! T1: which URL a proof must name (RFC 9449 §4.3 no. 9): the one that the client called, whatever stands
//! between.

use serde_json::json;

use super::CREDENTIALS;
use crate::harness::{Answer, DpopSigner, OAuthClient, TestApp};

/// A request to one URL with a proof that names another.
async fn ask(
    client: &OAuthClient,
    signer: &DpopSigner,
    called: &str,
    named: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let request = client
        .wire
        .request(reqwest::Method::POST, called)
        .form(&CREDENTIALS)
        .header("authorization", basic_of(client))
        .header("dpop", signer.proof("POST", named));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    Answer::of(request).await
}

fn basic_of(client: &OAuthClient) -> String {
    crate::harness::basic(&client.client_id, client.secret().unwrap())
}

/// Every name of the token endpoint, in every spelling of its URL.
#[tokio::test]
async fn a_proof_names_the_endpoint_by_any_of_its_names() {
    let app = TestApp::start().await;
    let signer = DpopSigner::new(&app);
    for (slug, issuer) in [
        ("acme", "https://writ.test/t/acme"),
        ("realm", "https://writ.test/realms/acme/"),
        ("root", "https://root.test"),
    ] {
        let tenant = app.tenant_at(slug, issuer).await;
        let client = tenant.confidential_client().await;
        for name in ["token", "oauth/token", "protocol/openid-connect/token"] {
            let called = tenant.url(name);
            let origin = url::Url::parse(issuer).unwrap().origin();
            let origin = origin.ascii_serialization();
            let with_port = called.replacen(&origin, &format!("{origin}:443"), 1);
            let upper = called.replacen(&origin, &origin.to_ascii_uppercase(), 1);
            let query = format!("{called}?a=b#c");
            // The canonical name too, for a proxy that has names of its own.
            for named in [&called, &with_port, &upper, &query, &tenant.url("token")] {
                ask(&client, &signer, &called, named, &[]).await.tokens();
            }
            for named in [
                tenant.url("revoke"),
                tenant.url("introspect"),
                format!("{called}/"),
                called.replacen("https://", "http://elsewhere.", 1),
                format!("{origin}/"),
            ] {
                ask(&client, &signer, &called, &named, &[])
                    .await
                    .is_refused(400, "invalid_dpop_proof");
            }
        }
    }
}

/// A proof for one tenant says nothing at another, with the same client and key.
#[tokio::test]
async fn a_proof_for_another_tenant_is_none() {
    let app = TestApp::start().await;
    let (acme, umbrella) = (app.tenant("acme").await, app.tenant("umbrella").await);
    let signer = DpopSigner::new(&app);
    let client = acme.confidential_client().await;
    let elsewhere = umbrella.url("token");
    ask(&client, &signer, &acme.url("token"), &elsewhere, &[])
        .await
        .is_refused(400, "invalid_dpop_proof");
}

/// TLS ends before us: what counts is the issuer's own scheme, and what a proxy that we trust says.
#[tokio::test]
async fn a_proxy_that_ends_tls_changes_nothing_for_the_client() {
    let app = TestApp::start_behind_a_proxy().await;
    let signer = DpopSigner::new(&app);
    let secure = app.tenant_at("acme", "https://acme.test/t/acme").await;
    let client = secure.confidential_client().await;
    let (https, http) = (
        secure.url("token"),
        secure.url("token").replacen("https", "http", 1),
    );
    let told = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "acme.test"),
    ];
    // The wire is plain here, as behind a proxy: told of TLS or not, the issuer is an https one.
    for headers in [&told[..], &[]] {
        ask(&client, &signer, &https, &https, headers)
            .await
            .tokens();
    }
    ask(&client, &signer, &https, &http, &told)
        .await
        .is_refused(400, "invalid_dpop_proof");
    // A proxy that asks for us by another host than the client did.
    let inside = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "acme.test:443"),
    ];
    let internal = https.replacen("acme.test", "writ.internal:9000", 1);
    ask(&client, &signer, &internal, &https, &inside)
        .await
        .tokens();
    ask(&client, &signer, &internal, &internal, &inside)
        .await
        .is_refused(400, "invalid_dpop_proof");
}

/// Whoever is no proxy of ours says nothing about where a request went.
#[tokio::test]
async fn a_strangers_word_about_the_url_does_not_count() {
    let app = TestApp::start().await;
    let signer = DpopSigner::new(&app);
    let acme = app.tenant_at("acme", "http://localhost/t/acme").await;
    let client = acme.confidential_client().await;
    let called = acme.url("token");
    let https = called.replacen("http", "https", 1);
    let forged = [("x-forwarded-proto", "https")];
    for headers in [&forged[..], &[]] {
        ask(&client, &signer, &called, &https, headers)
            .await
            .is_refused(400, "invalid_dpop_proof");
    }
    ask(&client, &signer, &called, &called, &forged)
        .await
        .tokens();
    let claims = signer.claims_with(&called, "htu", json!([called]));
    client
        .token_with_proof(&CREDENTIALS, &signer.sign(&claims))
        .await
        .is_refused(400, "invalid_dpop_proof");
}
