use protocol::clock::Timestamp;

use super::*;
use crate::policy::{
    ClientFacts, ContextFacts, Obligation, PolicyAction, PrincipalFacts, ResourceFacts, ScopeFacts,
};

fn set(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn resource(name: &str) -> ResourceFacts {
    ResourceFacts {
        identifier: format!("https://{name}.example"),
        name: name.to_owned(),
    }
}

/// `scope@resource`, `scope` or `@resource`, each with what the policies say of it.
fn answered(lines: &[(&str, Verdict)]) -> Vec<Answered> {
    let each = lines.iter().map(|(what, verdict)| {
        let (scope, at) = what.split_once('@').unwrap_or((what, ""));
        let at = Some(at).filter(|at| !at.is_empty()).map(resource);
        let scope = Some(scope).filter(|scope| !scope.is_empty());
        let facts = scope.map(|name| ScopeFacts {
            name: name.to_owned(),
            resource: at.clone(),
        });
        let request = DecisionRequest {
            tenant: "acme".to_owned(),
            action: PolicyAction::Authorize,
            principal: PrincipalFacts::Workload,
            client: ClientFacts {
                id: "c".to_owned(),
                origin: "static".to_owned(),
                name: None,
                domain: None,
                known: None,
                is_recognized: false,
                is_confidential: true,
            },
            scopes: facts.iter().cloned().collect(),
            resource: at.filter(|_| scope.is_none()),
            context: ContextFacts {
                grant_type: None,
                redirect_host: None,
                redirect_hosts: BTreeSet::new(),
                time: Timestamp::from_unix_seconds(0),
                address: None,
                authentication: None,
            },
        };
        let outcome = Outcome {
            scope: facts,
            verdict: *verdict,
            policies: Vec::new(),
            failures: Vec::new(),
        };
        Answered {
            request,
            decision: Decision {
                outcomes: vec![outcome],
                evaluations: 1,
            },
        }
    });
    each.collect()
}

const YES: Verdict = Verdict::Allowed;
const NO: Verdict = Verdict::Denied;
const AFTER_SIGN_IN: Verdict = Verdict::Obliged(Obligation::FreshSignIn);

fn settle(lines: &[(&str, Verdict)], asked: &str, sign_in: FreshSignIn) -> (Settlement, String) {
    let settled = Settled::of(&answered(lines), &set(asked), sign_in);
    (settled.settlement, settled.scopes.to_string())
}

#[test]
fn what_is_not_allowed_is_taken_away() {
    let settle = |lines: &[_]| settle(lines, "read write", FreshSignIn::Possible);
    assert_eq!(
        settle(&[("read@a", YES), ("write@a", YES)]),
        (Settlement::Allowed, "read write".to_owned())
    );
    assert_eq!(
        settle(&[("read@a", YES), ("write@a", NO)]),
        (Settlement::Narrowed, "read".to_owned())
    );
    assert_eq!(
        settle(&[("read@a", NO), ("write@a", NO)]),
        (Settlement::Denied, String::new())
    );
    // Allowed at one of two resources is allowed; at which, the token's own decision says.
    assert_eq!(
        settle(&[("read@a", NO), ("read@b", YES), ("write@b", YES)]).1,
        "read write"
    );
}

#[test]
fn a_scope_of_the_tenant_opens_no_resource_that_the_policies_close() {
    let settle = |lines: &[_]| settle(lines, "openid", FreshSignIn::Possible).0;
    assert_eq!(settle(&[("@a", NO), ("openid", YES)]), Settlement::Denied);
    assert_eq!(settle(&[("@a", YES), ("openid", YES)]), Settlement::Allowed);
    assert_eq!(settle(&[("openid", YES)]), Settlement::Allowed);
}

#[test]
fn a_resource_at_which_nothing_may_be_had_is_named() {
    let lines = [("read@a", YES), ("write@b", NO)];
    let settled = Settled::of(
        &answered(&lines),
        &set("read write"),
        FreshSignIn::Impossible,
    );
    assert_eq!(settled.settlement, Settlement::Narrowed);
    let lost: Vec<_> = settled.lost_resources.into_iter().collect();
    assert_eq!(lost, ["https://b.example"]);
}

#[test]
fn an_obligation_is_met_by_a_sign_in_and_by_nothing_else() {
    let settle = |sign_in| {
        let lines = [("read@a", YES), ("write@a", AFTER_SIGN_IN)];
        settle(&lines, "read write", sign_in)
    };
    assert_eq!(settle(FreshSignIn::Possible).0, Settlement::StrongerSignIn);
    assert_eq!(
        settle(FreshSignIn::Done),
        (Settlement::Allowed, "read write".to_owned())
    );
    assert_eq!(
        settle(FreshSignIn::Impossible),
        (Settlement::Narrowed, "read".to_owned())
    );
}
