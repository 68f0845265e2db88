//! Decides: the guard rails of the platform and the policies of one tenant, over one request.
//!
//! One decision per scope. A scope is allowed if a policy of the tenant permits it and none of either set
//! forbids it; a policy that cannot be evaluated denies, since Cedar's own rule, to skip it, would let a forbid
//! that fails pass. Heads are compared here (`head`); a body is evaluated where its head fits, and once for the
//! whole request where it does not look at the resource.

use std::sync::Arc;

use cedar_policy::{EvalResult, Request, eval_expression};

use super::compiled::{Body, CompiledPolicies, PolicyEffect, Rule};
use super::decision::{DecidingPolicy, Decision, Outcome, PolicyFailure, Verdict};
use super::entities::{self, Circumstances};
use super::head::Placed;
use super::request::{DecisionRequest, ResourceFacts, ScopeFacts};
use super::vocabulary::vocabulary;

/// What the bodies that one request evaluates may come to (`Body::work`), so that no tenant's policies hold up another's
/// requests: some tenths of a second at the very most, and far more than a hundred policies take for twenty scopes.
/// What is beyond cannot be evaluated, which denies.
pub(super) const MOST_WORK: usize = 4 * 1024 * 1024;

/// What decides for one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    guard_rails: Arc<CompiledPolicies>,
    policies: Arc<CompiledPolicies>,
}

impl Engine {
    pub fn new(guard_rails: Arc<CompiledPolicies>, policies: Arc<CompiledPolicies>) -> Self {
        Self {
            guard_rails,
            policies,
        }
    }

    pub fn guard_rails(&self) -> &Arc<CompiledPolicies> {
        &self.guard_rails
    }

    pub fn policies(&self) -> &Arc<CompiledPolicies> {
        &self.policies
    }

    /// Never fails: what cannot be evaluated is denied, and says so in the outcome.
    pub fn decide(&self, request: &DecisionRequest) -> Decision {
        let mut deciding = Deciding::new(request);
        let mut layers = [Layer::new(&self.guard_rails), Layer::new(&self.policies)];
        let outcomes = if request.scopes.is_empty() {
            vec![deciding.decide(&mut layers, None)]
        } else {
            let scopes = request.scopes.iter();
            scopes
                .map(|scope| deciding.decide(&mut layers, Some(scope)))
                .collect()
        };
        Decision {
            outcomes,
            evaluations: deciding.evaluations,
        }
    }
}

/// One of the two sets, and what is known of its policies for this request so far.
struct Layer<'a> {
    policies: &'a CompiledPolicies,
    known: Vec<Known>,
}

#[derive(Clone, Default)]
struct Known {
    fits_principal: Option<bool>,
    /// Of a body that does not look at the resource.
    holds: Option<Result<bool, String>>,
}

impl<'a> Layer<'a> {
    fn new(policies: &'a CompiledPolicies) -> Self {
        Self {
            known: vec![Known::default(); policies.rules.len()],
            policies,
        }
    }
}

/// The policies that hold for one scope.
#[derive(Default)]
struct Holding<'a> {
    permits: Vec<&'a Rule>,
    forbids: Vec<&'a Rule>,
    failures: Vec<PolicyFailure>,
}

impl Holding<'_> {
    fn into_outcome(self, scope: Option<&ScopeFacts>) -> Outcome {
        let is_permitted = !self.permits.is_empty() && self.failures.is_empty();
        let verdict = if is_permitted && self.forbids.is_empty() {
            Verdict::Allowed
        } else {
            let obligations = self.forbids.iter().map(|rule| rule.obligation);
            // All of them can be lifted, and nothing else is in the way.
            match obligations.reduce(Option::and).flatten() {
                Some(obligation) if is_permitted => Verdict::Obliged(obligation),
                _ => Verdict::Denied,
            }
        };
        let decided = if verdict == Verdict::Allowed {
            self.permits
        } else {
            self.forbids
        };
        let mut policies: Vec<DecidingPolicy> =
            decided.into_iter().map(|rule| rule.name.clone()).collect();
        policies.sort_unstable();
        Outcome {
            scope: scope.cloned(),
            verdict,
            policies,
            failures: self.failures,
        }
    }
}

/// One request on its way.
struct Deciding<'a> {
    request: &'a DecisionRequest,
    principal: Placed,
    /// Per resource that bodies were evaluated at; most requests have one.
    circumstances: Vec<(Option<&'a ResourceFacts>, Result<Circumstances<'a>, String>)>,
    evaluations: usize,
    work: usize,
}

impl<'a> Deciding<'a> {
    fn new(request: &'a DecisionRequest) -> Self {
        Self {
            principal: entities::principal(request),
            request,
            circumstances: Vec::new(),
            evaluations: 0,
            work: 0,
        }
    }

    fn decide<'p>(
        &mut self,
        layers: &mut [Layer<'p>; 2],
        scope: Option<&'a ScopeFacts>,
    ) -> Outcome {
        let target = entities::target(self.request, scope);
        let mut asking = Asking {
            at: scope.map_or(self.request.resource.as_ref(), |scope| {
                scope.resource.as_ref()
            }),
            target: &target,
            request: None,
        };
        let mut holding = Holding::default();
        for layer in layers {
            let policies = layer.policies;
            if let Some(reason) = &policies.broken {
                holding.failures.push(PolicyFailure {
                    policy: DecidingPolicy {
                        layer: policies.layer(),
                        id: Arc::from("*"),
                    },
                    message: reason.to_string(),
                });
                continue;
            }
            let name = scope.map(|scope| scope.name.as_str());
            for number in policies.candidates(self.request.action, name) {
                let rule = &policies.rules[number];
                let known = &mut layer.known[number];
                let fits = known
                    .fits_principal
                    .get_or_insert_with(|| rule.principal.fits(&self.principal));
                if !*fits || !rule.resource.fits(&target) {
                    continue;
                }
                match self.holds(rule, known, &mut asking) {
                    Ok(true) if rule.effect == PolicyEffect::Permit => holding.permits.push(rule),
                    Ok(true) => holding.forbids.push(rule),
                    Ok(false) => {}
                    Err(message) => holding.failures.push(PolicyFailure {
                        policy: rule.name.clone(),
                        message,
                    }),
                }
            }
        }
        holding.into_outcome(scope)
    }

    fn holds(
        &mut self,
        rule: &Rule,
        known: &mut Known,
        asking: &mut Asking<'a, '_>,
    ) -> Result<bool, String> {
        match &rule.body {
            None => Ok(true),
            Some(body) if body.is_about_resource => self.evaluate(body, asking),
            Some(body) => {
                if let Some(holds) = &known.holds {
                    return holds.clone();
                }
                let holds = self.evaluate(body, asking);
                known.holds = Some(holds.clone());
                holds
            }
        }
    }

    fn evaluate(&mut self, body: &Body, asking: &mut Asking<'a, '_>) -> Result<bool, String> {
        self.work = self.work.saturating_add(body.work);
        if self.work > MOST_WORK {
            return Err(
                "the policies take too long for a request of so many scopes: shorten them, or name scopes in their heads"
                    .to_owned(),
            );
        }
        self.evaluations += 1;
        let circumstances = self.circumstances_at(asking.at)?;
        let request = match &asking.request {
            Some(request) => request,
            None => asking.request.insert(
                circumstances
                    .asking_for(&asking.target.name)
                    .map_err(|error| error.to_string())?,
            ),
        };
        match eval_expression(request, circumstances.entities(), &body.expression) {
            Ok(EvalResult::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("it is neither true nor false, but {other}")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn circumstances_at(
        &mut self,
        resource: Option<&'a ResourceFacts>,
    ) -> Result<&Circumstances<'a>, String> {
        let made = self
            .circumstances
            .iter()
            .position(|(at, _)| *at == resource);
        let made = made.unwrap_or_else(|| {
            let circumstances = match vocabulary() {
                Some(vocabulary) => Circumstances::new(vocabulary, self.request, resource)
                    .map_err(|error| error.to_string()),
                None => Err("the schema cannot be read".to_owned()),
            };
            self.circumstances.push((resource, circumstances));
            self.circumstances.len() - 1
        });
        let (_, circumstances) = &self.circumstances[made];
        circumstances.as_ref().map_err(Clone::clone)
    }
}

/// What is asked for at the moment.
struct Asking<'a, 't> {
    at: Option<&'a ResourceFacts>,
    target: &'t Placed,
    /// Made for the first body.
    request: Option<Request>,
}
