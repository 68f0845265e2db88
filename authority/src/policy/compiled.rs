//! A text of policies, read, checked and made ready to be asked: once per version.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cedar_policy::{Effect, Expression};

use super::decision::{DecidingPolicy, Obligation, PolicyLayer};
use super::errors::{PolicyError, PolicyErrors};
use super::head::{Constraint, Head};
use super::reading::{self, Read};
use super::request::PolicyAction;

/// The policies of a tenant that wrote none.
pub const DEFAULT_POLICIES: &str = include_str!("default.cedar");

/// Recursion as deep as a text may nest, in an unoptimised build too.
const COMPILER_STACK_BYTES: usize = 32 * 1024 * 1024;

/// A text that was found good. Immutable; shared by whoever uses the same text.
#[derive(Debug)]
pub struct CompiledPolicies {
    layer: PolicyLayer,
    policies: Vec<PolicySummary>,
    pub(super) rules: Vec<Rule>,
    index: [ActionIndex; PolicyAction::ALL.len()],
    /// Why there is nothing to decide with: everything is denied.
    pub(super) broken: Option<Arc<str>>,
}

/// One policy as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySummary {
    pub id: String,
    pub description: Option<String>,
    pub effect: PolicyEffect,
    pub obligation: Option<Obligation>,
    /// As it stands in the text, annotations included.
    pub text: String,
    /// Where it begins, from 1.
    pub line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyEffect {
    Permit,
    Forbid,
}

impl PolicyEffect {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
        }
    }
}

/// One policy as it is evaluated.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: DecidingPolicy,
    pub(super) effect: PolicyEffect,
    pub(super) obligation: Option<Obligation>,
    pub(super) principal: Constraint,
    pub(super) resource: Constraint,
    /// `when` and `unless`. None: the head is all there is.
    pub(super) body: Option<Body>,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) expression: Expression,
    /// Where it does not look at what is asked for, its answer is the same for every scope of a request.
    pub(super) is_about_resource: bool,
    /// What one evaluation takes of [`super::engine::MOST_WORK`]: about as many bytes as it is long.
    pub(super) work: usize,
}

/// The rules that may apply to an action, by number.
#[derive(Debug, Default)]
struct ActionIndex {
    anywhere: Vec<usize>,
    by_scope: HashMap<String, Vec<usize>>,
}

impl CompiledPolicies {
    /// Every rule a text must keep: it parses, fits the schema, has unique ids, stays within the limits, and
    /// a guard rail only forbids. Milliseconds of work: not on a thread that serves others.
    pub fn compile(text: &str, layer: PolicyLayer) -> Result<Self, PolicyErrors> {
        // The parser and the type checker recurse; what they may need is bounded by `limits`.
        std::thread::scope(|scope| {
            let compiler = std::thread::Builder::new().stack_size(COMPILER_STACK_BYTES);
            let running = compiler.spawn_scoped(scope, || Self::compile_here(text, layer));
            let done = running.ok().and_then(|running| running.join().ok());
            done.unwrap_or_else(|| Err(impossible()))
        })
    }

    fn compile_here(text: &str, layer: PolicyLayer) -> Result<Self, PolicyErrors> {
        let read = reading::read(text, layer)?;
        let mut compiled = Self::empty(layer);
        for read in &read {
            compiled.add(text, read);
        }
        Ok(compiled)
    }

    /// No policies: as guard rails they forbid nothing.
    pub fn empty(layer: PolicyLayer) -> Self {
        Self {
            layer,
            policies: Vec::new(),
            rules: Vec::new(),
            index: std::array::from_fn(|_| ActionIndex::default()),
            broken: None,
        }
    }

    /// In place of a text that was good once and is no longer, after a change of the schema: denies everything.
    pub fn broken(layer: PolicyLayer, reason: &str) -> Self {
        Self {
            broken: Some(Arc::from(reason)),
            ..Self::empty(layer)
        }
    }

    /// What every tenant that wrote none shares.
    pub fn default_of_tenants() -> Arc<Self> {
        static DEFAULT: LazyLock<Arc<CompiledPolicies>> = LazyLock::new(|| {
            let layer = PolicyLayer::Tenant;
            let compiled = CompiledPolicies::compile(DEFAULT_POLICIES, layer);
            // The text is a constant, and a test compiles it.
            Arc::new(
                compiled
                    .unwrap_or_else(|errors| CompiledPolicies::broken(layer, &errors.to_string())),
            )
        });
        Arc::clone(&DEFAULT)
    }

    pub fn layer(&self) -> PolicyLayer {
        self.layer
    }

    /// How much there was to read.
    pub fn text_bytes(&self) -> usize {
        self.policies.iter().map(|policy| policy.text.len()).sum()
    }

    /// In the order of the text.
    pub fn policies(&self) -> &[PolicySummary] {
        &self.policies
    }

    /// The rules that may apply, in no order.
    pub(super) fn candidates<'a>(
        &'a self,
        action: PolicyAction,
        scope: Option<&str>,
    ) -> impl Iterator<Item = usize> + use<'a> {
        let index = &self.index[action.index()];
        let named = scope.and_then(|name| index.by_scope.get(name));
        let named = named.into_iter().flatten();
        index.anywhere.iter().chain(named).copied()
    }

    fn add(&mut self, text: &str, read: &Read) {
        let policy = &read.policy;
        let annotation = |name| policy.annotation(name).map(str::to_owned);
        let summary = PolicySummary {
            id: annotation("id").unwrap_or_default(),
            description: annotation("description"),
            effect: match policy.effect() {
                Effect::Permit => PolicyEffect::Permit,
                Effect::Forbid => PolicyEffect::Forbid,
            },
            obligation: policy.annotation("obligation").and_then(Obligation::parse),
            text: text
                .get(read.start..read.end)
                .unwrap_or_default()
                .to_owned(),
            line: super::limits::Place::of(text, read.start).line,
        };
        let Some(head) = Head::of(policy) else {
            self.broken = Some(Arc::from(format!(
                "the head of {} cannot be read",
                summary.id
            )));
            return;
        };
        let number = self.rules.len();
        for action in PolicyAction::ALL {
            if head.is_about(action) {
                let index = &mut self.index[action.index()];
                match head.resource.scope() {
                    Some(scope) => index
                        .by_scope
                        .entry(scope.to_owned())
                        .or_default()
                        .push(number),
                    None => index.anywhere.push(number),
                }
            }
        }
        self.rules.push(Rule {
            name: DecidingPolicy {
                layer: self.layer,
                id: Arc::from(summary.id.as_str()),
            },
            effect: summary.effect,
            obligation: summary.obligation,
            principal: head.principal,
            resource: head.resource,
            body: policy.as_ref().non_scope_constraints().map(|body| Body {
                expression: Expression::from(body.clone()),
                is_about_resource: is_about_resource(policy),
                work: super::limits::work_of(&summary.text),
            }),
        });
        self.policies.push(summary);
    }
}

/// [`CompiledPolicies::compile`], beside the threads that serve.
pub async fn compile(
    text: &str,
    layer: PolicyLayer,
) -> Result<Arc<CompiledPolicies>, PolicyErrors> {
    let text = text.to_owned();
    let compiling = tokio::task::spawn_blocking(move || CompiledPolicies::compile(&text, layer));
    let compiled = compiling.await.unwrap_or_else(|_| Err(impossible()))?;
    Ok(Arc::new(compiled))
}

fn impossible() -> PolicyErrors {
    PolicyErrors(vec![PolicyError {
        line: 1,
        column: 1,
        policy_id: None,
        message: "the text cannot be compiled at the moment".to_owned(),
        help: None,
    }])
}

/// Whether the body names `resource` at all, asked of its JSON form: `{"Var": "resource"}`. When in doubt, yes.
fn is_about_resource(policy: &cedar_policy::Policy) -> bool {
    let Ok(mut json) = policy.to_json() else {
        return true;
    };
    names_resource(&json["conditions"].take())
}

fn names_resource(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Object(members) => members
            .iter()
            .any(|(name, value)| (name == "Var" && value == "resource") || names_resource(value)),
        serde_json::Value::Array(values) => values.iter().any(names_resource),
        _ => false,
    }
}
