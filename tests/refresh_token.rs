//! Refreshing: rotation that an honest retry survives and a thief does not (protocol.md §5).

use std::time::Duration;

use serde_json::json;

use crate::harness::{ClientAuthentication, Deed, OAuthClient, TestApp, Tokens, within_a_second};

/// F1: each refresh brings a new token that works in its turn, and access tokens of the same person.
#[tokio::test]
async fn each_refresh_returns_a_new_refresh_token() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let alice = acme.browser_of("alice").await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let first = client.tokens_of(&alice).await;
        let mut seen = vec![first.refresh_token().to_owned()];
        for _ in 0..3 {
            let renewed = client.refresh(seen.last().unwrap()).await.tokens();
            assert!(!seen.contains(&renewed.refresh_token().to_owned()));
            for claim in ["sub", "aud", "scope", "client_id", "auth_time", "grant_id", "iss"] {
                assert_eq!(renewed.claims()[claim], first.claims()[claim], "{claim}");
            }
            assert_ne!(renewed.claims()["jti"], first.claims()["jti"]);
            seen.push(renewed.refresh_token().to_owned());
        }
    }
}

/// F2: a stranger with somebody's token gets nothing and costs nobody a session.
#[tokio::test]
async fn a_refresh_token_is_good_only_for_its_client_and_tenant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let umbrella = app.tenant("umbrella").await;
    let client = acme.confidential_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let token = tokens.refresh_token();

    acme.public_client().await.refresh(token).await.is_refused(400, "invalid_grant");
    acme.confidential_client().await.refresh(token).await.is_refused(400, "invalid_grant");
    umbrella.confidential_client().await.refresh(token).await.is_refused(400, "invalid_grant");
    umbrella.public_client().await.refresh(token).await.is_refused(400, "invalid_grant");
    let wrong = client.clone().with_authentication(ClientAuthentication::Basic("wrong".to_owned()));
    wrong.refresh(token).await.is_refused(401, "invalid_client");

    let renewed = client.refresh(token).await.tokens();
    assert!(acme.resource_credential().await.accepts(&renewed.access_token).await);
}

/// F2, O1: a spent token in the hands of another client is no reuse either.
#[tokio::test]
async fn a_strangers_reuse_revokes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let stranger = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();

    for spent in [&first, &second, &third] {
        stranger.refresh(spent.refresh_token()).await.is_refused(400, "invalid_grant");
    }

    client.refresh(third.refresh_token()).await.tokens();
}

/// F3: what goes beyond the grant is refused before anything changed; a part of it is fine, and the
/// refresh token keeps the whole.
#[tokio::test]
async fn a_refused_scope_or_resource_rotates_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.public_client().await;
    let request = client.authorization_request().with("scope", "notes:read notes:write");
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    let first = client.redeem(&code).await.tokens();
    let token = first.refresh_token();

    refresh_with(&client, token, "scope", "notes:read admin").await.is_refused(400, "invalid_scope");
    refresh_with(&client, token, "scope", "admin").await.is_refused(400, "invalid_scope");
    refresh_with(&client, token, "scope", "notes:\u{e4}").await.is_refused(400, "invalid_scope");
    refresh_with(&client, token, "resource", &mail.identifier).await.is_refused(400, "invalid_target");
    refresh_with(&client, token, "resource", "https://unknown.example/").await.is_refused(400, "invalid_target");
    assert_eq!(live_generations(&app).await, [0], "nothing was rotated");

    let narrower = refresh_with(&client, token, "scope", "notes:read").await.tokens();
    assert_eq!(narrower.body["scope"], "notes:read");
    assert_eq!(narrower.claims()["scope"], "notes:read");
    let whole = client.refresh(narrower.refresh_token()).await.tokens();
    assert_eq!(whole.body["scope"], "notes:read notes:write");
}

/// F4: a spent token whose successor was used: two parties have this grant, so nobody keeps it.
#[tokio::test]
async fn reuse_after_the_successor_was_used_revokes_the_grant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let bystander = client.tokens_of(&alice).await;
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let third = client.refresh(second.refresh_token()).await.tokens();

    client.refresh(first.refresh_token()).await.is_refused(400, "invalid_grant");

    for tokens in [&first, &second, &third] {
        assert!(!resource_server.accepts(&tokens.access_token).await);
        client.refresh(tokens.refresh_token()).await.is_refused(400, "invalid_grant");
    }
    let events = acme.admin().get(&acme.path("/audit-events?action=refresh_token.reused")).await.json();
    assert_eq!(events["data"].as_array().unwrap().len(), 1, "{events}");
    assert!(resource_server.accepts(&bystander.access_token).await, "another grant of the same client lives on");
    client.refresh(bystander.refresh_token()).await.tokens();
}

/// F4: within the window too: what counts is that the successor was used.
#[tokio::test]
async fn a_used_successor_ends_the_grace_at_once() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    let elsewhere = client.clone().through(other_replica.wire());
    let third = elsewhere.refresh(second.refresh_token()).await.tokens();

    client.refresh(first.refresh_token()).await.is_refused(400, "invalid_grant");

    elsewhere.refresh(third.refresh_token()).await.is_refused(400, "invalid_grant");
}

/// F4: after the window the old token is dead, but it proves no theft: the successor lives on.
#[tokio::test]
async fn an_old_token_after_the_window_is_refused_and_revokes_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;
    let second = client.refresh(first.refresh_token()).await.tokens();

    app.clock().advance(Duration::from_secs(59));
    let again = client.refresh(first.refresh_token()).await.tokens();
    assert_eq!(again.refresh_token, second.refresh_token);
    app.clock().advance(Duration::from_secs(1));
    client.refresh(first.refresh_token()).await.is_refused(400, "invalid_grant");

    assert!(acme.resource_credential().await.accepts(&second.access_token).await);
    client.refresh(second.refresh_token()).await.tokens();
}

/// F5: an answer that was lost is asked for again, and is the same: still one live leaf.
#[tokio::test]
async fn a_retry_gets_the_same_successor() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let resource_server = acme.resource_credential().await;
    for client in [acme.public_client().await, acme.confidential_client().await] {
        let first = client.tokens_of(&acme.browser_of("alice").await).await;
        let elsewhere = client.clone().through(other_replica.wire());
        let second = client.refresh(first.refresh_token()).await.tokens();
        for retry in [&client, &elsewhere, &client] {
            let again = retry.refresh(first.refresh_token()).await.tokens();
            assert_eq!(again.refresh_token, second.refresh_token);
            assert_ne!(again.claims()["jti"], second.claims()["jti"], "the access token is a fresh one");
            assert!(resource_server.accepts(&again.access_token).await);
        }
        client.refresh(second.refresh_token()).await.tokens();
    }
    assert_eq!(live_generations(&app).await, [2, 2]);
}

/// F5: the window is the tenant's to set; zero means that every retry fails, and revokes nothing.
#[tokio::test]
async fn the_grace_window_is_a_setting() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;

    acme.change("", &json!({ "refresh_grace_window": 0 })).await;
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    client.refresh(first.refresh_token()).await.is_refused(400, "invalid_grant");
    client.refresh(second.refresh_token()).await.tokens();

    acme.change("", &json!({ "refresh_grace_window": 600 })).await;
    let first = client.tokens_of(&alice).await;
    let second = client.refresh(first.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(599));
    assert_eq!(client.refresh(first.refresh_token()).await.tokens().refresh_token, second.refresh_token);
}

/// F5, `grace_matrix`: whatever comes with the old token inside the window: the successor is kept,
/// there is one live leaf, and nothing is revoked.
#[tokio::test]
async fn grace_matrix() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mail = acme.another_resource("https://mail.acme.test/mcp").await;
    let client = acme.confidential_client().await;
    let request = client
        .authorization_request()
        .with("scope", "notes:read notes:write")
        .and("resource", &mail.identifier);
    let code = request.walk(&acme.browser_of("alice").await).await.code();
    let at_first = [
        ("grant_type", "authorization_code"),
        ("code", &code.code),
        ("code_verifier", &code.verifier),
        ("resource", &acme.resource.identifier),
    ];
    let first = client.token(&at_first).await.tokens();
    let old = first.refresh_token();
    let second = refresh_with(&client, old, "resource", &acme.resource.identifier).await.tokens();
    let unknown_resource = "https://unknown.example/";
    let notes = acme.resource.identifier.as_str();

    refresh_with(&client, old, "resource", unknown_resource).await.is_refused(400, "invalid_target");
    for scope in ["admin", "notes:read admin"] {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", old), ("resource", notes), ("scope", scope)];
        client.token(&fields).await.is_refused(400, "invalid_scope");
    }
    let wrong = client.clone().with_authentication(ClientAuthentication::Basic("wrong".to_owned()));
    wrong.refresh(old).await.is_refused(401, "invalid_client");
    let none = client.clone().with_authentication(ClientAuthentication::None);
    none.refresh(old).await.is_refused(401, "invalid_client");
    acme.public_client().await.refresh(old).await.is_refused(400, "invalid_grant");
    acme.confidential_client().await.refresh(old).await.is_refused(400, "invalid_grant");
    client.refresh(&old[..old.len() - 1]).await.is_refused(400, "invalid_grant");
    // Without the resource there is no default among the two that were granted.
    client.refresh(old).await.is_refused(400, "invalid_target");

    for (resource, scope, audience, granted) in [
        (notes, "", &acme.resource.audience, "notes:read notes:write"),
        (notes, "notes:read", &acme.resource.audience, "notes:read"),
        (&mail.identifier, "notes:write", &mail.audience, "notes:write"),
        (&mail.identifier, "", &mail.audience, "notes:read notes:write"),
    ] {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", old), ("resource", resource), ("scope", scope)];
        let again = client.token(&fields).await.tokens();
        assert_eq!(again.refresh_token, second.refresh_token, "{resource} {scope}");
        assert_eq!(again.claims()["aud"], audience.as_str());
        assert_eq!(again.body["scope"], granted);
    }
    assert_eq!(live_generations(&app).await, [1]);

    refresh_with(&client, second.refresh_token(), "resource", notes).await.tokens();
}

/// F5, `two_processes_diverge`: two processes of one application share a token store, and each looks
/// into it only when its own token fails; 61 seconds apart, beyond the window, for three rounds.
#[tokio::test]
async fn two_processes_diverge() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let mut stored = client.tokens_of(&acme.browser_of("alice").await).await;
    // What each of them has in memory.
    let mut held: [Tokens; 2] = [stored.clone(), stored.clone()];
    for round in 0..3 {
        for process in 0..2 {
            app.clock().advance(Duration::from_secs(61));
            let own = client.refresh(held[process].refresh_token()).await;
            stored = if own.status.as_u16() == 200 {
                own.tokens()
            } else {
                // Refused, but nothing was revoked by it: what the other one stored is alive.
                own.is_refused(400, "invalid_grant");
                client.refresh(stored.refresh_token()).await.tokens()
            };
            held[process] = stored.clone();
            assert!(acme.resource_credential().await.accepts(&stored.access_token).await, "round {round}");
        }
    }
    assert_eq!(live_generations(&app).await, [6], "six rotations of one family, no fork");
}

/// F7: a token that is not used for the idle lifetime is dead; each use begins it anew.
#[tokio::test]
async fn an_unused_refresh_token_dies_of_idleness() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "refresh_idle_lifetime": 300, "refresh_absolute_lifetime": 10_000 })).await;
    let client = acme.public_client().await;
    let first = client.tokens_of(&acme.browser_of("alice").await).await;

    app.clock().advance(Duration::from_secs(299));
    let second = client.refresh(first.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(299));
    let third = client.refresh(second.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(300));
    client.refresh(third.refresh_token()).await.is_refused(400, "invalid_grant");
}

/// F7: the absolute lifetime is that of the sign-in: no rotation makes it longer.
#[tokio::test]
async fn the_absolute_lifetime_survives_rotation() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    acme.change("", &json!({ "refresh_idle_lifetime": 300, "refresh_absolute_lifetime": 600 })).await;
    let client = acme.public_client().await;
    let mut tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    for _ in 0..2 {
        app.clock().advance(Duration::from_secs(250));
        tokens = client.refresh(tokens.refresh_token()).await.tokens();
    }

    app.clock().advance(Duration::from_secs(99));
    tokens = client.refresh(tokens.refresh_token()).await.tokens();
    app.clock().advance(Duration::from_secs(1));
    client.refresh(tokens.refresh_token()).await.is_refused(400, "invalid_grant");
}

/// F8, F9, M3: what ends a grant is felt by the next refresh, at the replica that knows of it by
/// hearsay too; and an SDK is never told to register itself anew unless the client is really gone.
#[tokio::test]
async fn what_an_operator_ends_is_refused_at_every_replica() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    for (number, deed) in Deed::IN_A_TENANT.into_iter().enumerate() {
        let username = format!("user-{number}");
        let client = acme.public_client().await;
        let elsewhere = client.clone().through(other_replica.wire());
        let first = client.tokens_of(&acme.browser_of(&username).await).await;
        // Both replicas have seen client and user, and remember what they may.
        let tokens = elsewhere.refresh(first.refresh_token()).await.tokens();

        deed.is_done(&acme, &acme.user(&username).await, &client).await;

        let (status, error) = match deed {
            Deed::DeleteClient => (401, "invalid_client"),
            _ => (400, "invalid_grant"),
        };
        client.refresh(tokens.refresh_token()).await.is_refused(status, error);
        within_a_second(&format!("{deed:?} at the other replica"), || async {
            let answer = elsewhere.refresh(tokens.refresh_token()).await;
            assert_ne!(answer.status.as_u16(), 200, "{deed:?}: grants and families are always read");
            answer.status.as_u16() == status
        })
        .await;
        elsewhere.refresh(tokens.refresh_token()).await.is_refused(status, error);
    }
}

/// F8, D6: a suspended tenant answers nothing at any replica. Its grants are not dead, so that it is
/// not `invalid_grant` (protocol.md §5): when the tenant is resumed its clients go on.
#[tokio::test]
async fn a_suspended_tenant_refreshes_nothing_until_it_is_resumed() {
    let app = TestApp::start().await;
    let other_replica = app.start_replica().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let alice = acme.browser_of("alice").await;
    let elsewhere = client.clone().through(other_replica.wire());
    let first = client.tokens_of(&alice).await;
    let tokens = elsewhere.refresh(first.refresh_token()).await.tokens();
    let code = client.authorize(&alice).await.code();

    Deed::SuspendTenant.is_done(&acme, &acme.user("alice").await, &client).await;

    client.refresh(tokens.refresh_token()).await.is_refused(404, "invalid_request");
    client.redeem(&code).await.is_refused(404, "invalid_request");
    within_a_second("suspended at the other replica", || async {
        elsewhere.refresh(tokens.refresh_token()).await.status.as_u16() == 404
    })
    .await;
    elsewhere.redeem(&code).await.is_refused(404, "invalid_request");

    acme.change("", &json!({ "state": "active" })).await;
    client.redeem(&code).await.tokens();
    client.refresh(tokens.refresh_token()).await.tokens();
}

/// F8: a password that was changed and a user who was enabled again bring nothing back to life.
#[tokio::test]
async fn a_revoked_grant_stays_revoked() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let alice = acme.user("alice").await;
    Deed::DisableUser.is_done(&acme, &alice, &client).await;
    acme.change(&format!("/users/{}", alice.id), &json!({ "is_enabled": true })).await;

    client.refresh(tokens.refresh_token()).await.is_refused(400, "invalid_grant");

    assert!(!acme.resource_credential().await.accepts(&tokens.access_token).await);
}

/// F8: a client that was disabled for a while goes on where it was.
#[tokio::test]
async fn a_client_that_is_enabled_again_keeps_its_grants() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let path = format!("/clients/{}", client.client_id);
    acme.change(&path, &json!({ "is_enabled": false })).await;
    client.refresh(tokens.refresh_token()).await.is_refused(400, "invalid_grant");

    acme.change(&path, &json!({ "is_enabled": true })).await;

    client.refresh(tokens.refresh_token()).await.tokens();
}

/// F10: what was cut, lengthened or altered anywhere is nothing to us, and costs the real one nothing.
#[tokio::test]
async fn a_mangled_refresh_token_is_unknown() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let token = tokens.refresh_token();
    let mut mangled = vec![
        token[..token.len() - 1].to_owned(),
        token[..token.len() / 2].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("{token} "),
        token.to_uppercase(),
        token.replacen("writ_rt_", "", 1),
        token.replacen("writ_rt_", "writ_ac_", 1),
        "writ_rt_".to_owned(),
        format!("writ_rt_{}", "A".repeat(82)),
        "\u{1f511}".to_owned(),
    ];
    for at in (8..token.len()).step_by(7).chain([token.len() - 1]) {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        mangled.push(format!("{}{other}{}", &token[..at], &token[at + 1..]));
    }

    for mangled in mangled {
        let answer = client.refresh(&mangled).await;
        assert_eq!(answer.status.as_u16(), 400, "{mangled}: {answer:?}");
        answer.is_refused(400, "invalid_grant");
    }

    assert_eq!(live_generations(&app).await, [0]);
    client.refresh(token).await.tokens();
}

/// Z4: after a back-up was restored, the installation's epoch is raised, and tokens that may have
/// been spent since are dead.
#[tokio::test]
async fn a_restored_back_up_revives_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let client = acme.public_client().await;
    let tokens = client.tokens_of(&acme.browser_of("alice").await).await;
    let mut database = app.database().db_connect_as_superuser().await;
    sqlx::query("update installation set security_epoch = security_epoch + 1").execute(&mut database).await.unwrap();

    client.refresh(tokens.refresh_token()).await.is_refused(400, "invalid_grant");
    let anew = client.tokens_of(&acme.browser_of("alice").await).await;
    client.refresh(anew.refresh_token()).await.tokens();
}

/// F11, S1: whoever steals the whole database can use nothing of it.
#[tokio::test]
async fn a_dump_of_the_database_holds_no_usable_secret() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let browser = acme.browser_of("alice").await;
    let chosen = acme
        .client(&json!({
            "client_id": "chosen",
            "client_secret": "canary-of-a-chosen-secret",
            "redirect_uris": ["https://chosen.example/callback"],
            "token_endpoint_auth_method": "client_secret_basic",
        }))
        .await;
    let client = acme.confidential_client().await;
    let resource_server = acme.resource_credential().await;
    let admin_key = acme.admin().create("/admin/v1/admin-keys", &json!({ "name": "a key" })).await;
    let unused_code = client.authorize(&browser).await.code();
    let code = client.authorize(&browser).await.code();
    let first = client.redeem(&code).await.tokens();
    let second = client.refresh(first.refresh_token()).await.tokens();
    chosen.tokens_of(&browser).await;

    let mut canaries = vec![
        unused_code.code,
        code.code,
        code.verifier,
        first.refresh_token().to_owned(),
        second.refresh_token().to_owned(),
        first.access_token,
        second.access_token,
        client.secret().unwrap().to_owned(),
        chosen.secret().unwrap().to_owned(),
        resource_server.client_secret,
        admin_key["admin_key"].as_str().unwrap().to_owned(),
        acme.user("alice").await.password,
    ];
    canaries.extend(browser.cookies().into_iter().map(|cookie| cookie.value));
    let dump = app.database().db_dump().await;
    assert!(dump.contains("refresh_families (") && dump.contains("users ("), "the dump is one");
    for canary in canaries {
        for spelling in spellings(&canary) {
            assert!(!dump.contains(&spelling), "{canary} is there as {spelling}");
        }
    }
}

/// As text, as bytes, and the random part as the bytes that it stands for.
fn spellings(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut spellings = vec![secret.to_owned(), hexadecimal(secret.as_bytes())];
    let random = secret.strip_prefix("writ_").and_then(|rest| rest.split_once('_')).map_or(secret, |(_, random)| random);
    spellings.extend([random.to_owned(), hexadecimal(random.as_bytes())]);
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(random)
        && bytes.len() >= 16
    {
        spellings.push(hexadecimal(&bytes));
    }
    spellings
}

async fn refresh_with(client: &OAuthClient, token: &str, name: &str, value: &str) -> crate::harness::Answer {
    client.token(&[("grant_type", "refresh_token"), ("refresh_token", token), (name, value)]).await
}

/// The generation of each family's one live leaf, in the order in which they were made.
async fn live_generations(app: &TestApp) -> Vec<i32> {
    let mut database = app.database().db_connect_as_superuser().await;
    let live = "select generation from refresh_families where revoked_at is null order by created_at, family_id";
    sqlx::query_scalar(live).fetch_all(&mut database).await.unwrap()
}
