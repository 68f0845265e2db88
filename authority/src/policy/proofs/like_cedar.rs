//! Heads are compared here, bodies evaluated once where that is the same, and only what the index names is looked
//! at. Cedar's own authorizer, asked about the whole set for every scope, says the same.

use std::collections::BTreeSet;
use std::fmt::Write;

use cedar_policy::{Authorizer, Decision as CedarDecision, PolicySet};
use proptest::prelude::*;
use proptest::sample::select;

use super::super::entities::{self, Circumstances};
use super::super::vocabulary::vocabulary;
use super::super::{ScopeFacts, Verdict};
use super::*;

const PRINCIPALS: &[&str] = &[
    "principal",
    "principal is Writ::User",
    "principal in Writ::Group::\"engineering\"",
    "principal in Writ::Group::\"sales\"",
    "principal is Writ::User in Writ::Group::\"on-call\"",
    "principal == Writ::User::\"0190a0c0-0000-7000-8000-000000000001\"",
    "principal is Writ::Workload",
];
const ACTIONS: &[&str] = &[
    "action",
    "action == Writ::Action::\"authorize\"",
    "action in [Writ::Action::\"issue\", Writ::Action::\"exchange\"]",
    "action in [Writ::Action::\"authorize\", Writ::Action::\"issue\"]",
];
const RESOURCES: &[&str] = &[
    "resource",
    "resource is Writ::Scope",
    "resource is Writ::Resource",
    "resource == Writ::Scope::\"read\"",
    "resource == Writ::Scope::\"write\"",
    "resource in Writ::Resource::\"https://notes.example/mcp\"",
    "resource is Writ::Scope in Writ::Resource::\"https://files.example/mcp\"",
    "resource in Writ::Tenant::\"acme\"",
    "resource in Writ::Tenant::\"other\"",
];
const BODIES: &[&str] = &[
    "",
    "when { context.client.origin == \"document\" }",
    "unless { context.client.is_recognized }",
    "when { resource == Writ::Scope::\"read\" }",
    "unless { resource in Writ::Resource::\"https://notes.example/mcp\" }",
    "when { resource is Writ::Scope && resource.name like \"r*\" }",
    "when { context has redirect_host && context.redirect_host == \"client.example\" }",
    "when { context has address && context.address.isIpv4() }",
    "unless { principal is Writ::User && principal.hasTag(\"department\") }",
    "when { context has authentication && context.authentication.strength + 9223372036854775807 > 0 }",
];

fn policy() -> impl Strategy<Value = String> {
    let parts = (
        select(vec!["permit", "forbid"]),
        select(PRINCIPALS),
        select(ACTIONS),
        select(RESOURCES),
        select(BODIES),
    );
    parts.prop_map(|(effect, principal, action, resource, body)| {
        format!("{effect} ({principal}, {action}, {resource}) {body};")
    })
}

fn request() -> impl Strategy<Value = DecisionRequest> {
    let scopes = proptest::sample::subsequence(
        vec![
            scope("read", NOTES),
            scope("write", NOTES),
            scope("read", FILES),
            scope("delete", FILES),
            ScopeFacts {
                name: "openid".to_owned(),
                resource: None,
            },
        ],
        0..=5,
    );
    let who = select(vec![ada(), workload()]);
    let action = select(vec![PolicyAction::Issue, PolicyAction::Exchange]);
    let whole = select(vec![None, Some(resource(NOTES))]);
    (who, action, scopes, whole).prop_map(|(mut request, action, scopes, whole)| {
        if request.action != PolicyAction::Authorize {
            request.action = action;
        }
        request.scopes = scopes;
        request.resource = whole;
        request
    })
}

/// What Cedar says of one scope: the verdict, and which policies failed.
fn asked_of_cedar(
    set: &PolicySet,
    request: &DecisionRequest,
    scope: Option<&ScopeFacts>,
) -> (bool, BTreeSet<String>, BTreeSet<String>) {
    let at = scope.map_or(request.resource.as_ref(), |scope| scope.resource.as_ref());
    let circumstances = Circumstances::new(vocabulary().unwrap(), request, at).unwrap();
    let target = entities::target(request, scope);
    let asked = circumstances.asking_for(&target.name).unwrap();
    let response = Authorizer::new().is_authorized(&asked, set, circumstances.entities());
    let name = |id: &cedar_policy::PolicyId| set.annotation(id, "id").unwrap().to_owned();
    let failed = response.diagnostics().errors().map(|error| {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        name(error.policy_id())
    });
    (
        response.decision() == CedarDecision::Allow,
        response.diagnostics().reason().map(name).collect(),
        failed.collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn our_answer_is_cedars(policies in prop::collection::vec(policy(), 1..8), request in request()) {
        let mut text = String::new();
        for (number, policy) in policies.iter().enumerate() {
            let _ = writeln!(text, "@id(\"p{number}\") {policy}");
        }
        text += "@id(\"last\") permit (principal, action, resource == Writ::Scope::\"never\");";
        // Some can never hold; validation is for texts that people send.
        let Ok(compiled) = CompiledPolicies::compile(&text, PolicyLayer::Tenant) else {
            return Ok(());
        };
        let set: PolicySet = text.parse().unwrap();
        let rails = CompiledPolicies::empty(PolicyLayer::Platform);
        let engine = Engine::new(Arc::new(rails), Arc::new(compiled));
        let decision = engine.decide(&request);
        for outcome in &decision.outcomes {
            let (is_allowed, reasons, failed) = asked_of_cedar(&set, &request, outcome.scope.as_ref());
            let ours: BTreeSet<String> = outcome.failures.iter().map(|it| it.policy.id.to_string()).collect();
            prop_assert_eq!(&ours, &failed);
            // Where a policy fails we deny, and Cedar would skip it.
            prop_assert_eq!(outcome.verdict == Verdict::Allowed, is_allowed && failed.is_empty());
            if failed.is_empty() {
                let ours: BTreeSet<String> = outcome.policies.iter().map(|it| it.id.to_string()).collect();
                prop_assert_eq!(ours, reasons);
            }
        }
    }

    /// What we make of facts is what the schema says there is.
    #[test]
    fn entities_and_contexts_fit_the_schema(request in request()) {
        let vocabulary = vocabulary().unwrap();
        let schema = vocabulary.validator.schema();
        for request in [request, registrant()] {
            let at = request.scopes.first().and_then(|scope| scope.resource.as_ref());
            let circumstances = Circumstances::new(vocabulary, &request, at).unwrap();
            let all = circumstances.entities().iter().cloned();
            let checked = cedar_policy::Entities::from_entities(all, Some(schema));
            prop_assert!(checked.is_ok(), "{:?}", checked.err());
            let target = entities::target(&request, request.scopes.first());
            let asked = circumstances.asking_for(&target.name).unwrap();
            let checked = cedar_policy::Request::new(
                asked.principal().unwrap().clone(),
                asked.action().unwrap().clone(),
                asked.resource().unwrap().clone(),
                asked.context().unwrap().clone(),
                Some(schema),
            );
            prop_assert!(checked.is_ok(), "{:?}", checked.err());
        }
    }
}
