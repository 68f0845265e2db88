//! What a policy is asked: who wants to do what, through which client, under which circumstances.
//!
//! Plain facts, so that a question can be kept, shown and asked again against another text. Nothing in here
//! is secret. To add one more fact: a field here, its attribute in `writ.cedarschema`, its line in `entities`,
//! a row in docs/policies.md.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use protocol::clock::Timestamp;
use protocol::resource::Resource;
use protocol::scope::{ScopeSet, TENANT_SCOPES};
use serde::{Deserialize, Serialize};

/// One question to the policies of one tenant: of everything that is asked for, what may be had?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRequest {
    /// The tenant's slug.
    pub tenant: String,
    pub action: PolicyAction,
    pub principal: PrincipalFacts,
    pub client: ClientFacts,
    /// Each is decided for itself. Empty: one decision about [`DecisionRequest::resource`] as a whole.
    pub scopes: Vec<ScopeFacts>,
    /// The resource that a request without scopes is for; none for a registration or a plain sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceFacts>,
    pub context: ContextFacts,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyAction {
    /// A person lets a client act for them: before consent, and when the code is issued.
    Authorize,
    /// A token is issued: for a code, a refresh token, a device code or a client's own credentials.
    Issue,
    /// A token is traded for one at another resource (RFC 8693).
    Exchange,
    /// A client registers or updates itself (RFC 7591, or by its document).
    Register,
}

impl PolicyAction {
    pub const ALL: [Self; 4] = [Self::Authorize, Self::Issue, Self::Exchange, Self::Register];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Issue => "issue",
            Self::Exchange => "exchange",
            Self::Register => "register",
        }
    }
}

/// Who it is done for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PrincipalFacts {
    /// A person of the tenant.
    User(UserFacts),
    /// [`DecisionRequest::client`] itself, about to register.
    Client,
    /// [`DecisionRequest::client`] itself, with credentials and nobody behind it.
    Workload,
}

/// A person, as policies see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFacts {
    /// What `sub` of tokens says.
    pub id: String,
    pub username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Names of the groups they belong to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// What the tenant keeps about them. One value or several, always as texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, BTreeSet<String>>,
}

/// A client, as policies see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFacts {
    pub id: String,
    /// `static`, `registered` or `document`.
    pub origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The host of its metadata document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The entry of the catalogue of known clients that it is, or says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Only the vendor of `known` can be behind it.
    pub is_recognized: bool,
    pub is_confidential: bool,
}

/// A scope that is asked for, and the resource it is asked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeFacts {
    pub name: String,
    /// None for `openid` and its like, which belong to the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceFacts>,
}

/// A protected resource: its registered identifier is what policies call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceFacts {
    pub identifier: String,
    pub name: String,
}

/// Under which circumstances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextFacts {
    /// `grant_type` of the token request, or the one that an authorization will end in. None: a registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// Where the answer goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_host: Option<String>,
    /// At a registration: every host that the client names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub redirect_hosts: BTreeSet<String>,
    pub time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How the person signed in. None for workloads and registrations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<AuthenticationFacts>,
}

/// How a person signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationFacts {
    /// Names of RFC 8176, such as `pwd`.
    pub methods: BTreeSet<String>,
    pub at: Timestamp,
    /// 1 for one factor, 2 for two, 3 for one that cannot be phished.
    pub strength: u8,
}

impl ResourceFacts {
    pub fn of(resource: &Resource) -> Self {
        Self {
            identifier: resource.identifier().to_owned(),
            name: resource.name.clone(),
        }
    }
}

impl ScopeFacts {
    /// Each scope at each of the resources that has it, in the order in which they were asked for.
    pub fn of(scopes: &ScopeSet, resources: &[&Resource]) -> Vec<Self> {
        let mut all = Vec::with_capacity(scopes.len());
        for name in scopes.iter() {
            if TENANT_SCOPES.contains(&name) {
                all.push(Self {
                    name: name.to_owned(),
                    resource: None,
                });
                continue;
            }
            let having = resources.iter().filter(|resource| resource.has_scope(name));
            all.extend(having.map(|resource| Self {
                name: name.to_owned(),
                resource: Some(ResourceFacts::of(resource)),
            }));
        }
        all
    }
}
