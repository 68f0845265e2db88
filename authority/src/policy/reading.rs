//! From a text to policies that are known to be good, or to everything that is wrong with it.
//!
//! Three passes, each only if the one before found nothing: Cedar's grammar; what this house asks of every
//! policy (`@id`, known annotations, heads that say what they seem to say, guard rails that only forbid); the
//! schema, in Cedar's strict mode and one level deep. What passes can fail later only by overflow.

use std::collections::HashMap;

use cedar_policy::{
    Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, ResourceConstraint, ValidationMode,
};
use miette::Diagnostic;

use super::decision::{Obligation, PolicyLayer};
use super::errors::{PolicyError, PolicyErrors};
use super::limits::{self, Place};
use super::vocabulary::{EntityKind, vocabulary};

/// Entities are looked into, and no further: everything that a policy reads is in the request.
const DEREFERENCE_LEVEL: u32 = 1;
const MAX_FAULTS: usize = 50;
const MAX_DESCRIPTION_BYTES: usize = 500;
const MAX_ID_BYTES: usize = 64;
const ANNOTATIONS: [&str; 3] = ["id", "description", "obligation"];

/// A policy, and where it stands.
pub(super) struct Read {
    pub(super) policy: Policy,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// In the order of the text.
pub(super) fn read(text: &str, layer: PolicyLayer) -> Result<Vec<Read>, PolicyErrors> {
    limits::check(text).map_err(|error| PolicyErrors(vec![error]))?;
    let set: PolicySet = text
        .parse()
        .map_err(|errors| grammar_faults(text, &errors))?;
    let policies = in_order(text, &set)?;
    let mut faults = house_faults(text, layer, &policies);
    if faults.is_empty() {
        faults = schema_faults(text, &set, &policies);
    }
    if faults.is_empty() {
        return Ok(policies);
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    // The type checker says the same once for each action that a policy is about.
    faults.dedup_by_key(|fault| (fault.line, fault.column));
    faults.truncate(MAX_FAULTS);
    Err(PolicyErrors(faults))
}

fn grammar_faults(text: &str, errors: &cedar_policy::ParseErrors) -> PolicyErrors {
    let faults = errors.iter().take(MAX_FAULTS);
    PolicyErrors(faults.map(|error| fault_of(text, error, None, 0)).collect())
}

fn in_order(text: &str, set: &PolicySet) -> Result<Vec<Read>, PolicyErrors> {
    if let Some(template) = set.templates().next() {
        let place = template.as_ref().loc();
        let (start, _) = place.map_or((0, 0), |loc| (loc.start(), loc.end()));
        let message = "a policy has no slots such as ?principal: templates are not taken";
        return Err(PolicyErrors(vec![at(
            text,
            start,
            None,
            message.to_owned(),
        )]));
    }
    let mut policies: Vec<Read> = set
        .policies()
        .map(|policy| {
            let place = policy.as_ref().loc();
            let (start, end) = place.map_or((0, text.len()), |loc| (loc.start(), loc.end()));
            Read {
                start,
                end,
                policy: policy.clone(),
            }
        })
        .collect();
    policies.sort_by_key(|read| read.start);
    Ok(policies)
}

fn house_faults(text: &str, layer: PolicyLayer, policies: &[Read]) -> Vec<PolicyError> {
    let mut faults = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for read in policies {
        let id = read.policy.annotation("id");
        let mut say = |message: String| {
            faults.push(at(text, read.start, id.map(str::to_owned), message));
        };
        annotation_faults(&read.policy, &mut say);
        head_faults(&read.policy, &mut say);
        if layer == PolicyLayer::Platform && read.policy.effect() == Effect::Permit {
            say("a guard rail may only forbid; tenants permit".to_owned());
        }
        if let Some(id) = id
            && let Some(first) = seen.insert(id, read.start)
        {
            let line = Place::of(text, first).line;
            say(format!("line {line} has a policy with this @id already"));
        }
    }
    let is_permitting = policies
        .iter()
        .any(|read| read.policy.effect() == Effect::Permit);
    if layer == PolicyLayer::Tenant && !is_permitting {
        let message = "no policy permits anything, so that everything would be denied; \
                       to take a tenant out of service, suspend it";
        faults.push(at(text, 0, None, message.to_owned()));
    }
    faults
}

fn annotation_faults(policy: &Policy, say: &mut impl FnMut(String)) {
    match policy.annotation("id") {
        None => say("each policy has an @id(\"…\") that tells it from the others".to_owned()),
        Some(id) if !is_id(id) => say(format!(
            "an @id is 1 to {MAX_ID_BYTES} letters, digits, dots, hyphens and underscores"
        )),
        Some(_) => {}
    }
    let description = policy.annotation("description").unwrap_or_default();
    if description.len() > MAX_DESCRIPTION_BYTES {
        say(format!(
            "a @description has {MAX_DESCRIPTION_BYTES} bytes at most"
        ));
    }
    if let Some(text) = policy.annotation("obligation") {
        if Obligation::parse(text).is_none() {
            let known: Vec<_> = Obligation::ALL.iter().map(|it| it.as_str()).collect();
            say(format!("an @obligation is one of: {}", known.join(", ")));
        }
        if policy.effect() == Effect::Permit {
            say("an @obligation lifts a forbid; a permit has none".to_owned());
        }
    }
    for (name, _) in policy.annotations() {
        if !ANNOTATIONS.contains(&name) {
            let known = ANNOTATIONS.join(", @");
            say(format!("there is no @{name}; known are @{known}"));
        }
    }
}

/// `==` in a head where `in` is meant would be about almost nothing, and look as if it were about everything.
fn head_faults(policy: &Policy, say: &mut impl FnMut(String)) {
    if let ResourceConstraint::Eq(uid) = policy.resource_constraint()
        && let Some(kind @ (EntityKind::Resource | EntityKind::Tenant)) =
            EntityKind::of(uid.type_name())
    {
        let kind = kind.as_str();
        say(format!(
            "what is asked for is a scope in a resource: write `resource in Writ::{kind}::…` for all of them"
        ));
    }
    if let PrincipalConstraint::Eq(uid) = policy.principal_constraint()
        && EntityKind::of(uid.type_name()) == Some(EntityKind::Group)
    {
        say("nobody is a group: write `principal in Writ::Group::…`".to_owned());
    }
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Warnings too: a policy that can never hold is a mistake, and for a forbid a dangerous one.
fn schema_faults(text: &str, set: &PolicySet, policies: &[Read]) -> Vec<PolicyError> {
    let Some(vocabulary) = vocabulary() else {
        return vec![at(text, 0, None, "the schema cannot be read".to_owned())];
    };
    let place = |id: &PolicyId| {
        let read = policies.iter().find(|read| read.policy.id() == id);
        let id = read.and_then(|read| read.policy.annotation("id"));
        (id.map(str::to_owned), read.map_or(0, |read| read.start))
    };
    let strict = ValidationMode::Strict;
    let found = vocabulary
        .validator
        .validate_with_level(set, strict, DEREFERENCE_LEVEL);
    let errors = found.validation_errors().map(|error| {
        let (id, start) = place(error.policy_id());
        fault_of(text, error, id, start)
    });
    let warnings = found.validation_warnings().map(|warning| {
        let (id, start) = place(warning.policy_id());
        fault_of(text, warning, id, start)
    });
    let errors: Vec<_> = errors.collect();
    // What is wrong already can seldom hold, which would be said once more.
    if errors.is_empty() {
        warnings.collect()
    } else {
        errors
    }
}

/// `start` is where the policy begins, for a fault that does not say where it is.
fn fault_of(
    text: &str,
    found: &impl Diagnostic,
    policy_id: Option<String>,
    start: usize,
) -> PolicyError {
    let label = found.labels().and_then(|mut labels| labels.next());
    let offset = label.map_or(start, |label| label.offset());
    // Cedar calls policies by their number, which nobody wrote.
    let message = found.to_string();
    let message = match message.strip_prefix("for policy `") {
        Some(rest) => rest
            .split_once("`, ")
            .map_or(message.as_str(), |(_, it)| it),
        None => &message,
    };
    PolicyError {
        help: found.help().map(|help| help.to_string()),
        ..at(text, offset, policy_id, message.to_owned())
    }
}

fn at(text: &str, offset: usize, policy_id: Option<String>, message: String) -> PolicyError {
    let place = Place::of(text, offset);
    PolicyError {
        line: place.line,
        column: place.column,
        policy_id,
        message,
        help: None,
    }
}
