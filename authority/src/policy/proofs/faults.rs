use super::super::{PolicyErrors, limits::MAX_OPERATORS};
use super::*;

fn faults(text: &str) -> PolicyErrors {
    CompiledPolicies::compile(text, PolicyLayer::Tenant).unwrap_err()
}

/// Line and column of the only fault, and a part of what it says.
#[track_caller]
fn assert_fault(text: &str, line: u32, column: u32, part: &str) {
    let faults = faults(text);
    let [fault] = faults.0.as_slice() else {
        panic!("{faults}");
    };
    let text = format!("{fault} {:?}", fault.help);
    assert!(text.contains(part), "{text}");
    assert_eq!((fault.line, fault.column), (line, column), "{text}");
}

#[test]
fn a_text_that_does_not_parse_says_where() {
    assert_fault(
        "@id(\"a\")\npermit (principal, action, resorce);",
        2,
        28,
        "resorce",
    );
    assert_fault(
        "@id(\"a\") permit (principal, action, resource)",
        1,
        46,
        "unexpected end",
    );
    let all = faults(
        "@id(\"a\") permit (princpal, action, resource);\n@id(\"b\") permit (principal, acton, resource);",
    );
    assert_eq!(all.0.len(), 2);
    assert_eq!((all.0[1].line, all.0[1].column), (2, 29));
}

#[test]
fn every_policy_has_an_id_of_its_own_and_no_unknown_annotation() {
    assert_fault("permit (principal, action, resource);", 1, 1, "@id");
    assert_fault(
        "@id(\"a b\") permit (principal, action, resource);",
        1,
        1,
        "letters",
    );
    let twice = "@id(\"a\") permit (principal, action, resource);\n";
    assert_fault(
        &twice.repeat(2),
        2,
        1,
        "line 1 has a policy with this @id already",
    );
    assert_fault(
        "@id(\"a\") @obligaton(\"x\") permit (principal, action, resource);",
        1,
        1,
        "there is no @obligaton",
    );
    assert_fault(
        "@id(\"a\") permit (principal, action, resource);\n@id(\"b\") @obligation(\"dance\") forbid (principal, action, resource);",
        2,
        1,
        "fresh-sign-in",
    );
    assert_fault(
        "@id(\"a\") @obligation(\"fresh-sign-in\") permit (principal, action, resource);",
        1,
        1,
        "a permit has none",
    );
}

#[test]
fn what_the_schema_does_not_know_is_refused_with_its_place() {
    assert_fault(
        "@id(\"a\") permit (principal, action, resource) when { context.clinet.origin == \"x\" };",
        1,
        54,
        "client",
    );
    // An optional fact is asked for first.
    assert_fault(
        "@id(\"a\")\npermit (principal is Writ::User, action, resource)\nwhen { principal.email like \"*\" };",
        3,
        8,
        "has",
    );
    assert_fault(
        "@id(\"a\") permit (principal in Writ::Team::\"x\", action, resource);",
        1,
        31,
        "unrecognized entity type",
    );
    assert_fault(
        "@id(\"a\") permit (principal, action == Writ::Action::\"authorise\", resource);",
        1,
        39,
        "unrecognized action",
    );
    assert_fault(
        "@id(\"a\") permit (principal, action, resource) when { context.time > 5 };",
        1,
        54,
        "datetime",
    );
    // Nobody's attributes but those of who asks: what else there is is not known here.
    assert_fault(
        "@id(\"a\") permit (principal, action, resource) when { Writ::User::\"x\".username == \"x\" };",
        1,
        54,
        "literal",
    );
}

#[test]
fn a_policy_that_can_never_hold_is_refused() {
    let all = faults(
        "@id(\"a\") permit (principal is Writ::Workload, action == Writ::Action::\"authorize\", resource);",
    );
    assert_eq!(all.0[0].policy_id.as_deref(), Some("a"));
    faults("@id(\"a\") permit (principal, action, resource) when { 1 == 2 };");
}

#[test]
fn heads_that_say_something_else_than_they_seem_to_are_refused() {
    assert_fault(
        "@id(\"a\") permit (principal, action, resource == Writ::Resource::\"https://x\");",
        1,
        1,
        "resource in",
    );
    assert_fault(
        "@id(\"a\") permit (principal, action, resource == Writ::Tenant::\"x\");",
        1,
        1,
        "resource in",
    );
}

#[test]
fn a_tenants_text_permits_something_and_guard_rails_nothing() {
    assert_fault("", 1, 1, "no policy permits anything");
    assert_fault(
        "@id(\"a\") forbid (principal, action, resource);",
        1,
        1,
        "no policy permits anything",
    );
    assert_fault(
        "@id(\"a\") permit (principal == ?principal, action, resource);",
        1,
        1,
        "templates",
    );
    let rails = CompiledPolicies::compile(
        "@id(\"a\") permit (principal, action, resource);",
        PolicyLayer::Platform,
    );
    assert!(rails.unwrap_err().to_string().contains("may only forbid"));
    assert!(CompiledPolicies::compile("// none\n", PolicyLayer::Platform).is_ok());
}

/// As deep as a text may be, it is compiled and decided without a stack running over.
#[test]
fn the_deepest_texts_that_are_taken_are_decided() {
    let deep = [
        format!("true{}", " && true".repeat(MAX_OPERATORS - 5)),
        format!(
            "{}true{}",
            "(".repeat(MAX_OPERATORS - 5),
            ")".repeat(MAX_OPERATORS - 5)
        ),
        format!(
            "{}true",
            "if context.client.is_recognized then true else ".repeat(MAX_OPERATORS / 8)
        ),
        format!(
            "context.time {} > context.time",
            ".offset(duration(\"1s\"))".repeat(MAX_OPERATORS / 3 - 4)
        ),
    ];
    for body in deep {
        let text = format!("@id(\"a\") permit (principal, action, resource) when {{ {body} }};");
        let engine = engine(&text);
        let decision = engine.decide(&ada());
        let failure = decision.failures().next();
        assert!(decision.is_all_allowed(), "{failure:?} {}", &text[..150]);
    }
    for nesting in [
        "(", "[", "!", "-", "if ", "{a:", "a.", "a || ", "\"", "//", "@id(",
    ] {
        let text = nesting.repeat(super::super::MAX_TEXT_BYTES / nesting.len());
        faults(&text);
        faults(&format!(
            "@id(\"a\") permit (principal, action, resource) when {{ {text}"
        ));
    }
}
