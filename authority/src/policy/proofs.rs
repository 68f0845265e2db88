//! What policies mean: verdicts, faults with their places, and that our way of deciding is Cedar's.

mod cost;
mod faults;
mod like_cedar;
mod page;
mod verdicts;

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::clock::Timestamp;

use super::{
    AuthenticationFacts, ClientFacts, CompiledPolicies, ContextFacts, Decision, DecisionRequest,
    Engine, PolicyAction, PolicyLayer, PrincipalFacts, ResourceFacts, ScopeFacts, UserFacts,
};

pub(super) const NOTES: &str = "https://notes.example/mcp";
pub(super) const FILES: &str = "https://files.example/mcp";

pub(super) fn now() -> Timestamp {
    Timestamp::from_unix_micros(1_800_000_000_123_456)
}

pub(super) fn resource(identifier: &str) -> ResourceFacts {
    ResourceFacts {
        identifier: identifier.to_owned(),
        name: "Notes".to_owned(),
    }
}

pub(super) fn scope(name: &str, at: &str) -> ScopeFacts {
    ScopeFacts {
        name: name.to_owned(),
        resource: Some(resource(at)),
    }
}

pub(super) fn texts(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Ada of the engineers, who just signed in, lets a known client read and write her notes.
pub(super) fn ada() -> DecisionRequest {
    DecisionRequest {
        tenant: "acme".to_owned(),
        action: PolicyAction::Authorize,
        principal: PrincipalFacts::User(UserFacts {
            id: "0190a0c0-0000-7000-8000-000000000001".to_owned(),
            username: "ada".to_owned(),
            email: Some("ada@acme.example".to_owned()),
            groups: texts(&["engineering", "on-call"]),
            attributes: [("department".to_owned(), texts(&["research"]))].into(),
        }),
        client: ClientFacts {
            id: "https://client.example/client.json".to_owned(),
            origin: "document".to_owned(),
            name: Some("Editor".to_owned()),
            domain: Some("client.example".to_owned()),
            known: None,
            is_recognized: false,
            is_confidential: false,
        },
        scopes: vec![scope("read", NOTES), scope("write", NOTES)],
        resource: None,
        context: ContextFacts {
            grant_type: Some("authorization_code".to_owned()),
            redirect_host: Some("client.example".to_owned()),
            redirect_hosts: BTreeSet::new(),
            time: now(),
            address: Some([192, 0, 2, 7].into()),
            authentication: Some(AuthenticationFacts {
                methods: texts(&["pwd"]),
                at: now(),
                strength: 1,
            }),
        },
    }
}

/// The client itself, with its credentials.
pub(super) fn workload() -> DecisionRequest {
    let mut request = ada();
    request.action = PolicyAction::Issue;
    request.principal = PrincipalFacts::Workload;
    request.context.grant_type = Some("client_credentials".to_owned());
    request.context.redirect_host = None;
    request.context.authentication = None;
    request
}

/// The client itself, about to register.
pub(super) fn registrant() -> DecisionRequest {
    let mut request = workload();
    request.action = PolicyAction::Register;
    request.principal = PrincipalFacts::Client;
    request.scopes = Vec::new();
    request.context.grant_type = None;
    request.context.redirect_hosts = texts(&["client.example"]);
    request
}

pub(super) fn compile(text: &str) -> Arc<CompiledPolicies> {
    Arc::new(CompiledPolicies::compile(text, PolicyLayer::Tenant).unwrap())
}

pub(super) fn engine(text: &str) -> Engine {
    let rails = CompiledPolicies::empty(PolicyLayer::Platform);
    Engine::new(Arc::new(rails), compile(text))
}

pub(super) fn guarded(rails: &str, text: &str) -> Engine {
    let rails = CompiledPolicies::compile(rails, PolicyLayer::Platform).unwrap();
    Engine::new(Arc::new(rails), compile(text))
}

/// The default policies and these.
pub(super) fn beside_the_default(text: &str) -> Engine {
    engine(&format!("{}\n{text}", super::DEFAULT_POLICIES))
}

/// `read:allowed write:denied(no-writing)`
pub(super) fn told(decision: &Decision) -> String {
    let outcomes = decision.outcomes.iter().map(|outcome| {
        let name = outcome.scope.as_ref().map_or("-", |scope| &scope.name);
        let verdict = match outcome.verdict {
            super::Verdict::Allowed => return format!("{name}:allowed"),
            super::Verdict::Denied => "denied".to_owned(),
            super::Verdict::Obliged(obligation) => obligation.as_str().to_owned(),
        };
        let ids: Vec<&str> = outcome.policies.iter().map(|policy| &*policy.id).collect();
        format!("{name}:{verdict}({})", ids.join(","))
    });
    outcomes.collect::<Vec<_>>().join(" ")
}
