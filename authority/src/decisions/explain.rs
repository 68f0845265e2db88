//! What would happen if: the checks of a request, one after the other, without anything being issued, counted or
//! recorded.
//!
//! To add one more check: a step in [`Asking::run`] at the place where the flows have it.

use std::net::IpAddr;
use std::sync::Arc;

use protocol::authorization::consent;
use protocol::client::{Client, GrantType};
use protocol::clock::Timestamp;
use protocol::device;
use protocol::ids::{ClientId, UserId};
use protocol::redirect_uri::{RedirectUri, match_redirect_uri};
use protocol::resource::{Resource, ResourceChoice, Resources};
use protocol::scope::{self, ScopeSet};
use serde::{Deserialize, Serialize};
use store::{StoreError, Tenant, TenantState};

use super::authorization::ask;
use super::question::{Question, Whom};
use super::settled::{FreshSignIn, Settled, Settlement};
use super::trace::{PolicyCheck, policy_checks};
use crate::Authority;
use crate::audit::Origin;
use crate::directory::{KnownClient, KnownPerson, PoliciesInForce};
use crate::policy::{self, PolicyAction, Verdict};

/// A request that nobody makes.
#[derive(Clone, Debug)]
pub struct WhatIf {
    pub client_id: ClientId,
    /// Whoever signs in; nobody for a client's own credentials.
    pub user_id: Option<UserId>,
    pub grant_type: GrantType,
    /// Values of `resource`.
    pub resources: Vec<String>,
    pub scopes: Option<ScopeSet>,
    /// Where the answer would go; the client's only one where it is left out.
    pub redirect_uri: Option<String>,
    pub address: Option<IpAddr>,
    /// When the person signed in; now, where it is not said.
    pub authenticated_at: Option<Timestamp>,
}

/// How one check ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    Passed,
    /// Less than was asked is left.
    Narrowed,
    /// The request ends here.
    Failed,
    /// The person signs in again first.
    SignInNeeded,
}

/// One check, in the order of the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub check: &'static str,
    pub result: CheckResult,
    pub scope: Option<String>,
    pub resource: Option<String>,
    pub policies: Vec<PolicyCheck>,
    /// In a sentence.
    pub reason: String,
}

/// What would happen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub settlement: Settlement,
    /// What the access token would have.
    pub scopes: ScopeSet,
    /// Registered identifiers of what it would be for.
    pub resources: Vec<String>,
    pub policy_version: Option<i64>,
    pub checks: Vec<Check>,
}

impl Check {
    fn of(check: &'static str, result: CheckResult, reason: impl Into<String>) -> Self {
        Self {
            check,
            result,
            scope: None,
            resource: None,
            policies: Vec::new(),
            reason: reason.into(),
        }
    }

    fn passed(check: &'static str, reason: impl Into<String>) -> Self {
        Self::of(check, CheckResult::Passed, reason)
    }

    fn failed(check: &'static str, reason: impl Into<String>) -> Self {
        Self::of(check, CheckResult::Failed, reason)
    }
}

/// Everything that the checks look at.
struct Asking<'a> {
    authority: &'a Authority,
    tenant: &'a Tenant,
    what_if: &'a WhatIf,
    client: Option<Arc<KnownClient>>,
    person: Option<Arc<KnownPerson>>,
    resources: Arc<Resources>,
    policies: Arc<PoliciesInForce>,
    now: Timestamp,
    checks: Vec<Check>,
}

/// A check has failed; why stands in the list.
struct Stopped;

impl Authority {
    pub async fn explain(
        &self,
        tenant: &Tenant,
        what_if: &WhatIf,
    ) -> Result<Explanation, StoreError> {
        let directory = self.directory();
        let person = match what_if.user_id {
            Some(user_id) => directory.find_person(tenant, user_id).await?,
            None => None,
        };
        let mut asking = Asking {
            authority: self,
            tenant,
            what_if,
            client: directory.find_client(tenant, &what_if.client_id).await?,
            person,
            resources: directory.list_resources(tenant).await?,
            policies: directory.find_policies(tenant).await?,
            now: self.now(),
            checks: Vec::new(),
        };
        let settled = asking.run();
        if let Ok(settled) = &settled {
            asking.note_consent(settled).await?;
        }
        let (settlement, scopes, resources) = match settled {
            Ok(settled) => (settled.settlement, settled.scopes, settled.resources),
            Err(Stopped) => (Settlement::Denied, ScopeSet::empty(), Vec::new()),
        };
        Ok(Explanation {
            settlement,
            scopes,
            resources,
            policy_version: asking.policies.version,
            checks: asking.checks,
        })
    }
}

/// What is left at the end.
struct Left {
    settlement: Settlement,
    scopes: ScopeSet,
    resources: Vec<String>,
    redirect_uri: Option<RedirectUri>,
}

impl Asking<'_> {
    fn run(&mut self) -> Result<Left, Stopped> {
        self.tenant()?;
        let client = self.client()?;
        self.grant_type(&client)?;
        self.person()?;
        let redirect_uri = self.redirect_uri(&client)?;
        let resources = Arc::clone(&self.resources);
        let chosen = self.resource(&client, &resources)?;
        let asked = self.scopes(&client, &chosen)?;
        let mut left = Left {
            settlement: Settlement::Allowed,
            scopes: asked.clone(),
            resources: chosen.iter().map(|it| it.identifier().to_owned()).collect(),
            redirect_uri,
        };
        let is_narrowed_before = self
            .checks
            .iter()
            .any(|check| check.result == CheckResult::Narrowed);
        if is_narrowed_before {
            left.settlement = Settlement::Narrowed;
        }
        for action in self.actions() {
            self.policies(*action, &client, &chosen, &mut left)?;
        }
        Ok(left)
    }

    /// In the order in which the flow comes to them.
    fn actions(&self) -> &'static [PolicyAction] {
        match self.what_if.grant_type {
            GrantType::AuthorizationCode | GrantType::DeviceCode => {
                &[PolicyAction::Authorize, PolicyAction::Issue]
            }
            GrantType::RefreshToken | GrantType::ClientCredentials => &[PolicyAction::Issue],
        }
    }

    fn stop(&mut self, check: &'static str, reason: impl Into<String>) -> Stopped {
        self.checks.push(Check::failed(check, reason));
        Stopped
    }

    fn pass(&mut self, check: &'static str, reason: impl Into<String>) {
        self.checks.push(Check::passed(check, reason));
    }

    fn tenant(&mut self) -> Result<(), Stopped> {
        if self.tenant.state() != TenantState::Active {
            return Err(self.stop("tenant", "the tenant is suspended or deleted"));
        }
        self.pass("tenant", "the tenant is active");
        Ok(())
    }

    fn client(&mut self) -> Result<Arc<KnownClient>, Stopped> {
        let Some(client) = self.client.clone() else {
            return Err(self.stop("client", "the tenant knows no client of this client_id"));
        };
        if !client.is_enabled {
            return Err(self.stop("client", "an administrator has disabled the client"));
        }
        if let Err(refusal) = policy::check_origin(self.tenant, &client) {
            return Err(self.stop("client", refusal.to_string()));
        }
        let how = format!("the client is known ({}) and enabled", client.origin);
        self.pass("client", how);
        Ok(client)
    }

    fn grant_type(&mut self, client: &Client) -> Result<(), Stopped> {
        let grant_type = self.what_if.grant_type;
        if !client.may_use(grant_type) {
            let reason = format!("the client is not registered for {grant_type}");
            return Err(self.stop("grant_type", reason));
        }
        if grant_type == GrantType::ClientCredentials && !client.is_confidential() {
            return Err(self.stop("grant_type", "a public client has no credentials to use"));
        }
        if grant_type == GrantType::DeviceCode {
            let mode = self.tenant.settings().device_authorization;
            if let Err(error) = device::request::check_client(client, mode) {
                return Err(self.stop("grant_type", error.to_string()));
            }
        }
        self.pass("grant_type", format!("the client may use {grant_type}"));
        Ok(())
    }

    fn person(&mut self) -> Result<(), Stopped> {
        let is_needed = self.what_if.grant_type != GrantType::ClientCredentials;
        match (is_needed, &self.person) {
            (false, _) => Ok(()),
            (true, Some(person)) => {
                let reason = format!("{} is there and enabled", person.username);
                self.pass("user", reason);
                Ok(())
            }
            (true, None) => {
                Err(self.stop("user", "no user of this id is there and enabled; name one"))
            }
        }
    }

    fn redirect_uri(&mut self, client: &Client) -> Result<Option<RedirectUri>, Stopped> {
        if self.what_if.grant_type != GrantType::AuthorizationCode {
            return Ok(None);
        }
        let sent = self.what_if.redirect_uri.as_deref();
        // The first is as good as any where nothing is said.
        let sent = sent.or_else(|| client.redirect_uris.first().map(RedirectUri::as_str));
        match match_redirect_uri(&client.redirect_uris, sent) {
            Ok(verified) => {
                let reason = format!("{} is registered", verified.registered());
                self.pass("redirect_uri", reason);
                Ok(Some(verified.registered().clone()))
            }
            Err(error) => Err(self.stop("redirect_uri", error.to_string())),
        }
    }

    fn resource<'r>(
        &mut self,
        client: &Client,
        resources: &'r Resources,
    ) -> Result<Vec<&'r Resource>, Stopped> {
        let asked: Vec<&str> = self.what_if.resources.iter().map(String::as_str).collect();
        let chosen = {
            let choice = ResourceChoice {
                resources,
                client,
                tenant_default: self.tenant.settings().default_resource,
                issuer: self.tenant.issuer(),
            };
            // The client outlives the choice, but what comes of it is the resources'.
            let ids = if self.what_if.grant_type == GrantType::ClientCredentials {
                choice
                    .for_client_credentials(&asked)
                    .map(|one| vec![one.resource_id])
            } else {
                let scopes = self.what_if.scopes.as_ref();
                let chosen = choice.at_authorize(&asked, scopes);
                chosen.map(|all| all.iter().map(|it| it.resource_id).collect())
            };
            ids.map(|ids| {
                let found = ids.into_iter().filter_map(|id| resources.find(id));
                found.collect::<Vec<_>>()
            })
        };
        match chosen {
            Ok(chosen) => {
                let names: Vec<&str> = chosen.iter().map(|it| it.identifier()).collect();
                let reason = if names.is_empty() {
                    "a sign-in and nothing else: no resource".to_owned()
                } else {
                    format!("it is for {}", names.join(" and "))
                };
                self.pass("resource", reason);
                Ok(chosen)
            }
            Err(error) => Err(self.stop("resource", error.to_string())),
        }
    }

    fn scopes(&mut self, client: &Client, chosen: &[&Resource]) -> Result<ScopeSet, Stopped> {
        let asked = self.what_if.scopes.as_ref();
        let narrowed = match scope::narrow(asked, chosen, client) {
            Ok(narrowed) => narrowed,
            Err(error) => return Err(self.stop("scopes", error.to_string())),
        };
        let lost = asked.map_or_else(ScopeSet::empty, |asked| {
            asked.retain(|name| !narrowed.contains(name))
        });
        for name in lost.iter() {
            let is_had = chosen.iter().any(|resource| resource.has_scope(name));
            let reason = if is_had {
                "the client is not registered for this scope"
            } else {
                "no resource of the request has this scope"
            };
            let mut check = Check::of("scopes", CheckResult::Narrowed, reason);
            check.scope = Some(name.to_owned());
            self.checks.push(check);
        }
        let what = if asked.is_some_and(|asked| !asked.is_empty()) {
            "asked for and to be had"
        } else {
            "the default scopes"
        };
        self.pass("scopes", format!("{what}: {narrowed}"));
        Ok(narrowed)
    }

    fn policies(
        &mut self,
        action: PolicyAction,
        client: &Client,
        chosen: &[&Resource],
        left: &mut Left,
    ) -> Result<(), Stopped> {
        let authenticated_at = self.what_if.authenticated_at.unwrap_or(self.now);
        let origin = Origin {
            request_id: None,
            address: self.what_if.address,
        };
        let whom = self.person.clone();
        let still_there: Vec<&Resource> = chosen
            .iter()
            .copied()
            .filter(|it| left.resources.iter().any(|kept| kept == it.identifier()))
            .collect();
        let question = Question {
            tenant: self.tenant,
            action,
            whom: whom.as_deref().map_or(Whom::Workload, |person| {
                Whom::Person(person, authenticated_at)
            }),
            client,
            scopes: &left.scopes.clone(),
            resources: &still_there,
            grant_type: Some(self.what_if.grant_type),
            redirect_host: left.redirect_uri.as_ref().map(RedirectUri::host_or_scheme),
            origin: &origin,
            now: self.now,
        };
        let sign_in = self.sign_in(action);
        let answered = ask(&self.policies, question.requests());
        let settled = Settled::of(&answered, question.scopes, sign_in);
        for line in answered
            .iter()
            .flat_map(|it| policy_checks(&self.policies, it))
        {
            let result = result_of(line.verdict, sign_in);
            let words = words_of(action, result, line.reason.as_deref());
            self.checks.push(Check {
                check: "policies",
                result,
                scope: line.scope,
                resource: line.resource,
                policies: line.policies,
                reason: words,
            });
        }
        left.scopes = settled.scopes;
        left.resources
            .retain(|identifier| !settled.lost_resources.contains(identifier));
        match settled.settlement {
            Settlement::Allowed => Ok(()),
            Settlement::Narrowed => {
                left.settlement = Settlement::Narrowed;
                Ok(())
            }
            Settlement::Denied => Err(Stopped),
            Settlement::StrongerSignIn => {
                left.settlement = Settlement::StrongerSignIn;
                Ok(())
            }
        }
    }

    /// A sign-in of now is one for this request.
    fn sign_in(&self, action: PolicyAction) -> FreshSignIn {
        let is_now = self
            .what_if
            .authenticated_at
            .is_none_or(|at| at >= self.now);
        match (action, self.what_if.grant_type) {
            (_, GrantType::RefreshToken | GrantType::ClientCredentials) => FreshSignIn::Impossible,
            (PolicyAction::Authorize, _) if !is_now => FreshSignIn::Possible,
            _ => FreshSignIn::Done,
        }
    }

    async fn note_consent(&mut self, left: &Left) -> Result<(), StoreError> {
        let (Some(client), Some(user_id)) = (self.client.clone(), self.what_if.user_id) else {
            return Ok(());
        };
        let is_asked = matches!(
            self.what_if.grant_type,
            GrantType::AuthorizationCode | GrantType::DeviceCode
        );
        if !is_asked {
            return Ok(());
        }
        let registered = left.redirect_uri.as_ref();
        if !consent::may_be_remembered(&client, registered) {
            self.pass("consent", "the person is asked, as every time");
            return Ok(());
        }
        let mut scope = self.authority.database().tenant(self.tenant).await?;
        let remembered = scope.list_consents(user_id, client.key).await?;
        scope.commit().await?;
        let resource_ids: Vec<_> = self
            .resources
            .iter()
            .filter(|it| left.resources.iter().any(|kept| kept == it.identifier()))
            .map(|it| it.resource_id)
            .collect();
        let is_covered = registered.is_some_and(|registered| {
            consent::is_covered(&remembered, registered, &resource_ids, &left.scopes)
        });
        let words = if is_covered {
            "the person has allowed it before, and is not asked again"
        } else {
            "the person is asked"
        };
        self.pass("consent", words);
        Ok(())
    }
}

fn result_of(verdict: Verdict, sign_in: FreshSignIn) -> CheckResult {
    match (verdict, sign_in) {
        (Verdict::Allowed, _) | (Verdict::Obliged(_), FreshSignIn::Done) => CheckResult::Passed,
        (Verdict::Obliged(_), FreshSignIn::Possible) => CheckResult::SignInNeeded,
        (Verdict::Obliged(_), FreshSignIn::Impossible) | (Verdict::Denied, _) => {
            CheckResult::Failed
        }
    }
}

fn words_of(action: PolicyAction, result: CheckResult, reason: Option<&str>) -> String {
    let action = action.as_str();
    match (result, reason) {
        (_, Some(reason)) => format!("{action}: {reason}"),
        (CheckResult::Passed, None) => format!("{action}: the policies allow it"),
        (CheckResult::SignInNeeded, None) => {
            format!("{action}: allowed once the person has signed in again")
        }
        (CheckResult::Failed | CheckResult::Narrowed, None) => {
            format!("{action}: the policies named here do not allow it")
        }
    }
}
