//! What a claimed host answers, and what that proves: one text, from the host itself, for one claim.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::super::{is_problem, is_problem_of};
use super::{HOST, ISSUER, PROOF, SigningUp, content_of, path_of, says};
use crate::harness::{Served, with_the_next_batch};

/// The host answers, and not with this: it stays pending, and the answer says what was expected where.
#[tokio::test]
async fn another_answer_proves_nothing() {
    let it = SigningUp::start().await;
    let claim = it.claim(HOST, "acme").await;
    let content = content_of(&claim);
    let theirs = content_of(&it.claim(HOST, "globex").await);
    assert_ne!(content, theirs);
    let text = |body: String| Served::new(200, "text/plain", body);
    let elsewhere = "https://other.test/proof";
    it.internet.serve(elsewhere, text(content.clone()));
    for (served, why) in [
        (text("hello".to_owned()), "something else"),
        (text(String::new()), "something else"),
        (text(theirs), "something else"),
        (text(format!("{content}x")), "something else"),
        (text(content[1..].to_owned()), "something else"),
        (text(format!("<p>{content}</p>")), "something else"),
        (text(content.to_uppercase()), "something else"),
        (
            text(format!("{content}{}", " ".repeat(2_000))),
            "1024 bytes",
        ),
        (
            text(content.clone()).with("content-encoding", "gzip"),
            "cannot be read",
        ),
        (
            Served::new(404, "text/plain", content.clone()),
            "status 404",
        ),
        (
            Served::new(500, "text/plain", content.clone()),
            "status 500",
        ),
        (
            Served::new(302, "text/plain", content.clone()).with("location", elsewhere),
            "redirect (status 302)",
        ),
    ] {
        it.internet.serve(PROOF, served);
        let refused = it.verify(&claim).await;
        is_problem(&refused, 424, "fetch-failed");
        says(&refused, why);
        says(&refused, PROOF);
        says(&refused, &content);
    }
    assert_eq!(it.internet.requests_of(elsewhere), 0);
    assert_eq!(it.state_of(&claim).await, "pending");
    let mismatched = "writ_issuer_host_checks_total{outcome=\"mismatch\"}";
    assert_eq!(it.app.metric(mismatched).await, Some(7));
    let refused = it.create("acme", ISSUER).await;
    is_problem_of(&refused, 409, "conflict", "issuer");
}

/// Row K2, K11: a name that leads inside is not asked, and reads like one that leads nowhere.
#[tokio::test]
async fn a_name_that_leads_inside_is_not_asked() {
    let it = SigningUp::start().await;
    let claim = it.claim(HOST, "acme").await;
    let nowhere = it.claim("nowhere.test", "acme").await;
    it.show(&content_of(&claim));
    let before = it.internet.connections();
    let mut told = Vec::new();
    for addresses in [&["127.0.0.1"][..], &["10.1.2.3"], &["93.184.215.14", "::1"]] {
        it.internet.locate(HOST, addresses);
        let refused = it.verify(&claim).await;
        is_problem(&refused, 424, "fetch-failed");
        told.push(refused.text("detail"));
    }
    assert_eq!(it.internet.connections(), before);
    let unknown = it.verify(&nowhere).await;
    is_problem(&unknown, 424, "fetch-failed");
    told.push(unknown.text("detail"));
    for detail in told {
        assert!(detail.contains("cannot be reached"), "{detail}");
    }
}

/// A name that was left pointing at Writ proves nothing: no host, no tenant and no path of ours answers there.
#[tokio::test]
async fn writ_shows_no_proof_itself() {
    let it = SigningUp::start().await;
    let claim = it.claim(HOST, "acme").await;
    it.app.tenant_at("root", "https://other.test").await;
    it.app.tenant_at("public", "https://writ.test").await;
    it.app.tenant("below").await;
    for host in [HOST, "other.test", "writ.test", "nobody.test"] {
        for path in ["", "/", "/oauth", "/t/below"] {
            let url = format!("https://{host}/.well-known/writ-issuer-host{path}");
            let answer = it.app.wire().get(&url).await;
            assert_eq!(answer.status, 404, "{url}: {answer:?}");
            assert!(!answer.body.contains(&content_of(&claim)), "{url}");
        }
        let below = format!("https://{host}/t/below/.well-known/writ-issuer-host");
        let answer = it.app.wire().get(&below).await;
        assert_eq!(answer.status, 404, "{below}: {answer:?}");
    }
    // An issuer cannot be made to lie there either.
    for path in ["/.well-known", "/.well-known/writ-issuer-host"] {
        let issuer = format!("https://writ.test{path}");
        let refused = it.create("acme", &issuer).await;
        is_problem_of(&refused, 400, "invalid-value", "issuer");
    }
}

/// Both are asked for their proof at once, and both show it: one has the host, the other is told.
#[tokio::test]
async fn of_two_that_verify_at_once_one_has_the_host() {
    let it = SigningUp::start().await;
    let claims = [it.claim(HOST, "acme").await, it.claim(HOST, "globex").await];
    let gate = Arc::new(Semaphore::new(0));
    // The host belongs to whoever can show one text and then another: here to both.
    let mut asked = Vec::new();
    for claim in &claims {
        let served = Served::new(200, "text/plain", content_of(claim)).behind(&gate);
        it.internet.serve(PROOF, served);
        let path = format!("{}/verify", path_of(claim));
        let api = it.api.clone();
        let count = it.internet.requests_of(PROOF);
        asked.push(tokio::spawn(async move {
            api.call(reqwest::Method::POST, &path, None).await
        }));
        with_the_next_batch("the host is asked", async || {
            it.internet.requests_of(PROOF) > count
        })
        .await;
    }
    gate.add_permits(2);
    let mut statuses = Vec::new();
    for answer in asked {
        statuses.push(answer.await.unwrap().status.as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let (mut verified, mut pending) = (0, 0);
    for claim in &claims {
        match it.state_of(claim).await.as_str() {
            "verified" => verified += 1,
            "pending" => pending += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((verified, pending), (1, 1));
}
