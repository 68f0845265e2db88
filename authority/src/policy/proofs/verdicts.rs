use super::super::{
    CompiledPolicies, DEFAULT_POLICIES, Engine, Obligation, PolicyEffect, PolicyLayer, ScopeFacts,
    Verdict,
};
use super::*;

#[test]
fn the_default_policies_permit_and_read_like_sentences() {
    let default = CompiledPolicies::default_of_tenants();
    assert!(default.broken.is_none());
    assert!(Arc::ptr_eq(
        &default,
        &CompiledPolicies::default_of_tenants()
    ));
    for policy in default.policies() {
        assert_eq!(policy.effect, PolicyEffect::Permit);
        let description = policy.description.as_deref().unwrap();
        assert!(description.ends_with('.'), "{description}");
        assert!(policy.text.starts_with("@id("), "{}", policy.text);
        assert!(policy.text.ends_with(';'), "{}", policy.text);
    }
    let engine = engine(DEFAULT_POLICIES);
    assert_eq!(told(&engine.decide(&ada())), "read:allowed write:allowed");
    assert_eq!(
        told(&engine.decide(&workload())),
        "read:allowed write:allowed"
    );
    assert_eq!(told(&engine.decide(&registrant())), "-:allowed");
    // No body is evaluated for a tenant that uses the default.
    assert_eq!(engine.decide(&ada()).evaluations, 0);
}

#[test]
fn a_policy_that_names_a_scope_narrows() {
    let engine = beside_the_default(
        r#"@id("no-writing") forbid (principal, action, resource == Writ::Scope::"write");"#,
    );
    let decision = engine.decide(&ada());
    assert_eq!(told(&decision), "read:allowed write:denied(no-writing)");
    assert_eq!(decision.allowed_scopes().unwrap().to_string(), "read");
    assert!(decision.is_any_allowed() && !decision.is_all_allowed());
    assert_eq!(decision.refused().count(), 1);
}

#[test]
fn a_resource_is_closed_for_all_but_a_group() {
    let engine = beside_the_default(&format!(
        r#"@id("notes-are-for-sales")
           forbid (principal, action in [Writ::Action::"authorize", Writ::Action::"issue"],
             resource in Writ::Resource::"{NOTES}")
           unless {{ principal is Writ::User && principal in Writ::Group::"sales" }};"#
    ));
    let mut request = ada();
    assert_eq!(
        told(&engine.decide(&request)),
        "read:denied(notes-are-for-sales) write:denied(notes-are-for-sales)"
    );
    request.scopes = vec![scope("read", FILES), scope("read", NOTES)];
    assert_eq!(
        told(&engine.decide(&request)),
        "read:allowed read:denied(notes-are-for-sales)"
    );
    // Without scopes the resource itself is asked for.
    request.scopes.clear();
    request.resource = Some(resource(NOTES));
    assert_eq!(
        told(&engine.decide(&request)),
        "-:denied(notes-are-for-sales)"
    );
    if let PrincipalFacts::User(user) = &mut request.principal {
        user.groups.insert("sales".to_owned());
    }
    assert_eq!(told(&engine.decide(&request)), "-:allowed");
}

#[test]
fn scopes_of_the_tenant_are_in_no_resource() {
    let engine = beside_the_default(&format!(
        r#"@id("no-notes") forbid (principal, action, resource in Writ::Resource::"{NOTES}");
           @id("not-here") forbid (principal, action, resource in Writ::Tenant::"elsewhere");"#
    ));
    let mut request = ada();
    request.scopes.push(ScopeFacts {
        name: "openid".to_owned(),
        resource: None,
    });
    assert_eq!(
        told(&engine.decide(&request)),
        "read:denied(no-notes) write:denied(no-notes) openid:allowed"
    );
}

#[test]
fn how_a_client_registered_and_who_it_is_can_decide() {
    let engine = beside_the_default(
        r#"@id("strangers-only-read")
           forbid (principal, action == Writ::Action::"authorize", resource is Writ::Scope)
           when { context.client.origin != "static" && !context.client.is_recognized && resource.name != "read" };
           @id("only-known-hosts")
           forbid (principal is Writ::Client, action == Writ::Action::"register", resource)
           unless { ["client.example", "localhost"].containsAll(context.redirect_hosts) };"#,
    );
    assert_eq!(
        told(&engine.decide(&ada())),
        "read:allowed write:denied(strangers-only-read)"
    );
    let mut entered = ada();
    entered.client.origin = "static".to_owned();
    assert_eq!(told(&engine.decide(&entered)), "read:allowed write:allowed");
    let mut request = registrant();
    assert_eq!(told(&engine.decide(&request)), "-:allowed");
    request
        .context
        .redirect_hosts
        .insert("evil.example".to_owned());
    assert_eq!(told(&engine.decide(&request)), "-:denied(only-known-hosts)");
}

#[test]
fn time_address_attributes_and_the_sign_in_can_decide() {
    let engine = beside_the_default(
        r#"@id("from-the-office")
           forbid (principal, action, resource)
           unless { context has address && context.address.isInRange(ip("192.0.2.0/24")) };
           @id("not-before")
           forbid (principal, action, resource) when { context.time < datetime("2027-01-15T08:00:00Z") };
           @id("research-only")
           forbid (principal is Writ::User, action, resource)
           unless { principal.hasTag("department") && principal.getTag("department").contains("research") };
           @id("own-addresses")
           forbid (principal is Writ::User, action, resource)
           unless { principal has email && principal.email like "*@acme.example" };
           @id("recent")
           forbid (principal is Writ::User, action, resource)
           unless {
             context has authentication
               && context.authentication.methods.contains("pwd")
               && context.time.durationSince(context.authentication.at) <= duration("5m")
           };"#,
    );
    assert_eq!(told(&engine.decide(&ada())), "read:allowed write:allowed");
    let mut request = ada();
    request.scopes.truncate(1);
    request.context.address = Some([198, 51, 100, 1].into());
    assert_eq!(
        told(&engine.decide(&request)),
        "read:denied(from-the-office)"
    );
    request.context.address = None;
    assert_eq!(
        told(&engine.decide(&request)),
        "read:denied(from-the-office)"
    );
    let mut request = ada();
    request.scopes.truncate(1);
    request.context.time = Timestamp::from_unix_seconds(1_799_999_999);
    assert_eq!(told(&engine.decide(&request)), "read:denied(not-before)");
    request.context.time = now() + std::time::Duration::from_secs(301);
    assert_eq!(told(&engine.decide(&request)), "read:denied(recent)");
    let mut request = ada();
    request.scopes.truncate(1);
    if let PrincipalFacts::User(user) = &mut request.principal {
        user.attributes.clear();
        user.email = None;
    }
    assert_eq!(
        told(&engine.decide(&request)),
        "read:denied(own-addresses,research-only)"
    );
}

const FRESH: &str = r#"@id("sign-in-again") @obligation("fresh-sign-in")
    forbid (principal is Writ::User, action, resource == Writ::Scope::"write")
    unless { context has authentication && context.authentication.at >= context.time };"#;

#[test]
fn an_obligation_is_answered_only_where_nothing_else_stands_against_it() {
    let engine = beside_the_default(FRESH);
    let mut request = ada();
    assert_eq!(told(&engine.decide(&request)), "read:allowed write:allowed");
    request.context.time = now() + std::time::Duration::from_mins(1);
    let decision = engine.decide(&request);
    assert_eq!(
        told(&decision),
        "read:allowed write:fresh-sign-in(sign-in-again)"
    );
    assert_eq!(decision.obligation(), Some(Obligation::FreshSignIn));
    // Another forbid, which nothing lifts.
    let engine = beside_the_default(&format!(
        r#"{FRESH} @id("never") forbid (principal, action, resource == Writ::Scope::"write");"#
    ));
    assert_eq!(
        told(&engine.decide(&request)),
        "read:allowed write:denied(never,sign-in-again)"
    );
    // Nothing that permits it once the obligation is met.
    let engine = super::engine(&format!(
        r#"@id("reading") permit (principal, action, resource == Writ::Scope::"read"); {FRESH}"#
    ));
    assert_eq!(
        told(&engine.decide(&request)),
        "read:allowed write:denied(sign-in-again)"
    );
}

#[test]
fn a_policy_that_cannot_be_evaluated_denies() {
    for effect in ["forbid", "permit"] {
        let engine = beside_the_default(&format!(
            r#"@id("overflowing") {effect} (principal is Writ::User, action, resource == Writ::Scope::"write")
               when {{ context has authentication
                 && context.authentication.strength + 9223372036854775807 > 0 }};"#
        ));
        let decision = engine.decide(&ada());
        assert_eq!(told(&decision), "read:allowed write:denied()");
        let failure = decision.failures().next().unwrap();
        assert_eq!(&*failure.policy.id, "overflowing");
        assert!(failure.message.contains("overflow"), "{}", failure.message);
    }
}

#[test]
fn facts_that_cannot_be_told_deny() {
    let engine = beside_the_default(
        r#"@id("always") permit (principal, action, resource) when { context.time > datetime("1970-01-01") };"#,
    );
    let mut request = ada();
    // Before the year 0 there is no such text.
    request.context.time = Timestamp::from_unix_seconds(-100_000_000_000);
    let decision = engine.decide(&request);
    assert!(!decision.is_any_allowed());
    assert_eq!(decision.failures().count(), 2);
}

#[test]
fn guard_rails_forbid_what_a_tenant_permits_and_stand_in_the_answer() {
    let engine = guarded(
        r#"@id("no-root-anywhere") @description("Nobody gets root.")
           forbid (principal, action, resource == Writ::Scope::"write");"#,
        DEFAULT_POLICIES,
    );
    let decision = engine.decide(&ada());
    assert_eq!(
        told(&decision),
        "read:allowed write:denied(no-root-anywhere)"
    );
    assert_eq!(
        decision.outcomes[1].policies[0].layer,
        PolicyLayer::Platform
    );
    let rails = engine.guard_rails().policies();
    assert_eq!(rails[0].description.as_deref(), Some("Nobody gets root."));
}

#[test]
fn a_set_that_is_broken_denies_everything() {
    let broken = CompiledPolicies::broken(PolicyLayer::Platform, "for a test");
    let engine = Engine::new(Arc::new(broken), CompiledPolicies::default_of_tenants());
    let decision = engine.decide(&ada());
    assert_eq!(told(&decision), "read:denied() write:denied()");
    assert_eq!(decision.failures().next().unwrap().message, "for a test");
}

#[test]
fn without_a_permit_there_is_nothing() {
    let engine = engine(
        r#"@id("a") permit (principal, action, resource in Writ::Group::"x");"#
            .replace(
                r#"resource in Writ::Group::"x""#,
                &format!(r#"resource in Writ::Resource::"{FILES}""#),
            )
            .as_str(),
    );
    let decision = engine.decide(&ada());
    assert_eq!(told(&decision), "read:denied() write:denied()");
    assert_eq!(decision.outcomes[0].verdict, Verdict::Denied);
}

#[test]
fn a_question_survives_json() {
    for request in [ada(), workload(), registrant()] {
        let json = serde_json::to_value(&request).unwrap();
        let read: DecisionRequest = serde_json::from_value(json).unwrap();
        assert_eq!(read, request);
    }
}
