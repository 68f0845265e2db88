//! `writ issuer-host claim|list|show|verify|release`.

use crate::harness::{Served, TestApp, TestAppOptions, TestInternet};

const PROOF: &str = "https://auth.acme.test/.well-known/writ-issuer-host";

/// From a claim to its end, each step a command.
#[tokio::test]
async fn a_host_is_claimed_verified_and_released() {
    let internet = TestInternet::of(&["auth.acme.test"]).await;
    let app = TestApp::start_with(TestAppOptions::default().within(&internet)).await;
    let said = async |arguments: &[&str]| app.writ(arguments).await.expect_success();
    let claim = ["issuer-host", "claim", "auth.acme.test", "acme"];
    let claim = said(&[&claim[..], &["--json"]].concat()).await.json();
    let id = claim["id"].as_str().unwrap();
    let content = claim["challenge"]["content"].as_str().unwrap();
    let shown = said(&["issuer-host", "show", id]).await.out;
    assert!(shown.contains(PROOF) && shown.contains(content), "{shown}");

    let verify = ["issuer-host", "verify", id];
    let refused = app.writ(&verify).await.expect_code(3);
    assert!(refused.error.contains("status 404"), "{}", refused.error);
    internet.serve(PROOF, Served::new(200, "text/plain", content));
    let verified = said(&verify).await.out;
    assert!(verified.contains("verified"), "{verified}");
    for (host, is_listed) in [("auth.acme.test", true), ("other.test", false)] {
        let listed = said(&["issuer-host", "list", "--host", host]).await.out;
        assert_eq!(listed.contains(id), is_listed, "{listed}");
    }
    said(&["issuer-host", "release", id]).await;
    let shown = app.writ(&["issuer-host", "show", id]).await;
    shown.expect_code(3);
}
