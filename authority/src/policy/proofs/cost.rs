//! What a decision costs is counted in bodies that were evaluated, not in time: machines differ.

use std::fmt::Write as _;

use super::*;
use crate::policy::Verdict;

/// Twenty scopes of one resource.
fn twenty() -> DecisionRequest {
    DecisionRequest {
        scopes: (0..20)
            .map(|number| scope(&format!("scope:{number}"), NOTES))
            .collect(),
        ..ada()
    }
}

/// A hundred policies as people write them: of groups, of named scopes, of clients, of other resources.
pub(in super::super) fn hundred() -> String {
    let mut text = super::super::DEFAULT_POLICIES.to_owned();
    for number in 0..97 {
        let policy = match number % 5 {
            // A scope for a group: asked once, where that scope is asked for.
            0 => format!(
                r#"forbid (principal is Writ::User, action, resource == Writ::Scope::"scope:{number}")
                   unless {{ principal in Writ::Group::"engineering" }};"#
            ),
            // About the client: the same for every scope.
            1 => format!(
                r#"forbid (principal, action, resource) when {{ context.client.origin == "o{number}" }};"#
            ),
            // Another resource.
            2 => format!(
                r#"forbid (principal, action, resource in Writ::Resource::"https://r{number}.example")
                   when {{ context.client.is_recognized }};"#
            ),
            // Another action.
            3 => format!(
                r#"forbid (principal is Writ::Client, action == Writ::Action::"register", resource)
                   when {{ context.redirect_hosts.contains("h{number}.example") }};"#
            ),
            // About where and how the person is.
            _ => format!(
                r#"forbid (principal in Writ::Group::"g{number}", action, resource)
                   unless {{ context has address && context.address.isInRange(ip("192.0.2.0/24")) }};"#
            ),
        };
        let _ = write!(text, "\n@id(\"p{number}\") {policy}");
    }
    text
}

#[test]
fn a_body_is_evaluated_once_unless_it_looks_at_the_resource() {
    let engine = beside_the_default(
        r#"@id("once") forbid (principal, action, resource) when { context.client.origin == "x" };
           @id("each") forbid (principal, action, resource is Writ::Scope) when { resource.name == "x" };
           @id("one-scope") forbid (principal, action, resource == Writ::Scope::"scope:7")
             when { context.client.origin == "x" };
           @id("elsewhere") forbid (principal, action, resource in Writ::Resource::"https://x")
             when { context.client.origin == "x" };
           @id("others") forbid (principal in Writ::Group::"x", action, resource)
             when { context.client.origin == "x" };
           @id("another-action") forbid (principal, action == Writ::Action::"issue", resource)
             when { context.client.origin == "x" };"#,
    );
    let decision = engine.decide(&twenty());
    assert!(decision.is_all_allowed());
    assert_eq!(decision.evaluations, 1 + 20 + 1);
}

#[test]
fn twenty_scopes_against_a_hundred_policies_evaluate_few_bodies() {
    let engine = engine(&hundred());
    assert_eq!(engine.policies().policies().len(), 100);
    let decision = engine.decide(&twenty());
    assert!(decision.is_all_allowed(), "{}", told(&decision));
    // Twenty about the client, and four of the scopes that policies name.
    assert_eq!(decision.evaluations, 24);
}

/// The figure of docs/performance.md: `bench/policies.sh`
#[test]
#[cfg(feature = "measure")]
#[expect(
    clippy::disallowed_methods,
    reason = "the time it takes is what it is for"
)]
fn policies_per_request() {
    let engine = engine(&hundred());
    let request = twenty();
    let rounds: u32 = 2_000;
    let mut slowest = std::time::Duration::ZERO;
    let mut took = std::time::Duration::ZERO;
    for _ in 0..rounds {
        let start = std::time::Instant::now();
        let decision = engine.decide(std::hint::black_box(&request));
        let one = start.elapsed();
        assert!(std::hint::black_box(decision).is_all_allowed());
        slowest = slowest.max(one);
        took += one;
    }
    println!(
        "20 scopes, 100 policies: {:?} on average, {slowest:?} at most",
        took / rounds
    );
    let start = std::time::Instant::now();
    let compiled = compile(&hundred());
    println!(
        "compiling {} bytes: {:?}",
        compiled.text_bytes(),
        start.elapsed()
    );
}

/// O7: policies that take long deny, and hold up nobody: so many scopes, so long a body.
#[test]
fn what_takes_too_long_is_denied_and_says_so() {
    let elements: Vec<String> = (0..3_000).map(|number| format!("\"{number}\"")).collect();
    let elements = elements.join(",");
    let engine = beside_the_default(&format!(
        r#"@id("long") forbid (principal, action, resource is Writ::Scope)
             unless {{ resource.name like "*" && [{elements}].containsAll([{elements}]) }};"#
    ));
    let scopes = |count: usize| DecisionRequest {
        scopes: (0..count)
            .map(|number| scope(&format!("scope:{number}"), NOTES))
            .collect(),
        ..ada()
    };
    let some = engine.decide(&scopes(20));
    assert!(some.is_all_allowed(), "{}", told(&some));
    let many = engine.decide(&scopes(300));
    assert!(many.evaluations < 120, "{}", many.evaluations);
    let last = many.outcomes.last().unwrap();
    assert_eq!(last.verdict, Verdict::Denied);
    assert!(last.failures[0].message.contains("too long"));
}
