//! Who may become a client by itself, and what is let pass: the part of a tenant's settings that is
//! about clients. Creating and changing a tenant share it.
//!
//! To add one more: a member in `PolicyChanges` and in the three bodies, its line in `apply`.

use protocol::ScopeSet;
use protocol::scope::is_scope_token;
use serde::{Deserialize, Serialize};
use store::{
    ClientDocumentPolicy, DocumentMode, RegistrationPolicy, RegistrationRules,
    SoftwareStatementIssuer, TenantSettings, TenantTolerances,
};
use utoipa::ToSchema;

use crate::change::Change;
use crate::problem::Faults;
use crate::tenants::domains;
use crate::{key_sets, wire};

const ISSUER_LIMIT: usize = 10;
const ISSUER_LENGTH_LIMIT: usize = 2_048;
const SCOPE_LIMIT: usize = 200;
const SCOPE_NAME_LIMIT: usize = 200;
const CLIENT_LIMIT: std::ops::RangeInclusive<u32> = 1..=1_000_000;

/// Who may register clients without an operator (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RegistrationPolicy)]
pub enum Registration {
    Open,
    /// With an initial access token only.
    InitialAccessToken,
    Off,
}

/// Whose client metadata documents are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClientDocumentPolicy)]
pub enum DocumentPolicy {
    Open,
    /// Only the domains of `client_document_domains`.
    AllowList,
    /// All but the domains of `client_document_domains`.
    DenyList,
    Off,
}

/// Somebody who vouches for software by signed statements (RFC 7591 §2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SoftwareStatementIssuer)]
pub struct IssuerBody {
    /// `iss` of the statements.
    #[schema(example = "https://vendor.example")]
    issuer: String,
    /// A JWK set of public keys (RFC 7517).
    #[schema(value_type = Object)]
    jwks: serde_json::Value,
}

/// Switches for clients that cannot do what the specification asks. All off by default; each use is
/// counted and recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of one another"
)]
pub struct Compatibility {
    /// The token endpoint reads JSON bodies too.
    pub json_token_body: bool,
    /// A confidential client may ask for a code without PKCE.
    pub confidential_without_pkce: bool,
    /// A client assertion may name the token endpoint as its audience.
    pub token_endpoint_audience: bool,
    /// Anybody may introspect. Only where the issuer is on localhost.
    pub unauthenticated_introspection: bool,
}

/// Changes to the switches. Absent: unchanged; null: off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompatibilityChanges {
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    json_token_body: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    confidential_without_pkce: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    token_endpoint_audience: Change<bool>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    unauthenticated_introspection: Change<bool>,
}

/// What a body says about these settings.
pub struct PolicyChanges {
    pub registration_policy: Change<Registration>,
    pub registration_redirect_hosts: Change<Vec<String>>,
    pub registration_allows_loopback: Change<bool>,
    pub registration_scopes: Change<Vec<String>>,
    pub registration_max_clients: Change<u32>,
    pub registration_unused_lifetime: Change<u64>,
    pub software_statement_issuers: Change<Vec<IssuerBody>>,
    pub is_software_statement_required: Change<bool>,
    pub client_document_policy: Change<DocumentPolicy>,
    pub client_document_domains: Change<Vec<String>>,
    pub compatibility: Change<CompatibilityChanges>,
}

impl PolicyChanges {
    /// The settings with these changes made; the others are as they were.
    pub fn apply(
        self,
        faults: &mut Faults,
        current: TenantSettings,
        has_loopback_issuer: bool,
    ) -> TenantSettings {
        let default = TenantSettings::default();
        let policy = self.registration_policy.map(RegistrationPolicy::from);
        let issuers = self
            .software_statement_issuers
            .map(|issuers| software_statement_issuers(faults, issuers))
            .apply_or(current.software_statements, Vec::new);
        let is_required = self
            .is_software_statement_required
            .apply_or(current.is_software_statement_required, || false);
        check_statements_can_be_had(faults, is_required, &issuers);
        let client_documents = client_documents(
            faults,
            self.client_document_policy,
            self.client_document_domains,
            current.client_documents,
        );
        let hosts = self
            .registration_redirect_hosts
            .map(|hosts| domains::of_redirects(faults, &hosts));
        let scopes = self
            .registration_scopes
            .map(|names| registration_scopes(faults, &names));
        let max_clients = self
            .registration_max_clients
            .map(|number| max_clients(faults, number));
        let unused_lifetime = wire::lifetime_change(
            faults,
            "registration_unused_lifetime",
            self.registration_unused_lifetime,
            &wire::UNUSED_CLIENT_LIFETIME,
        );
        let rules = current.registration;
        let registration = RegistrationRules {
            redirect_hosts: hosts.apply(rules.redirect_hosts),
            allows_loopback: self
                .registration_allows_loopback
                .apply_or(rules.allows_loopback, || {
                    default.registration.allows_loopback
                }),
            scopes: scopes.apply(rules.scopes),
            max_clients: max_clients
                .apply_or(rules.max_clients, || default.registration.max_clients),
            unused_lifetime: unused_lifetime.apply_or(rules.unused_lifetime, || {
                default.registration.unused_lifetime
            }),
        };
        TenantSettings {
            registration_policy: policy
                .apply_or(current.registration_policy, || default.registration_policy),
            registration,
            software_statements: issuers,
            is_software_statement_required: is_required,
            client_documents,
            tolerances: tolerances(
                faults,
                self.compatibility,
                current.tolerances,
                has_loopback_issuer,
            ),
            ..current
        }
    }
}

fn client_documents(
    faults: &mut Faults,
    policy: Change<DocumentPolicy>,
    names: Change<Vec<String>>,
    current: ClientDocumentPolicy,
) -> ClientDocumentPolicy {
    let mode = policy.map(DocumentMode::from);
    let domains = names.map(|names| domains::of_documents(faults, &names));
    ClientDocumentPolicy {
        mode: mode.apply_or(current.mode, DocumentMode::default),
        domains: domains.apply_or(current.domains, Vec::new),
    }
}

fn check_statements_can_be_had(
    faults: &mut Faults,
    is_required: bool,
    issuers: &[SoftwareStatementIssuer],
) {
    if is_required && issuers.is_empty() {
        faults.add(
            "is_software_statement_required",
            "Nobody's statements are believed, so nobody could register; name software_statement_issuers.",
        );
    }
}

/// RFC 7396: the members of the object are changed one by one.
fn tolerances(
    faults: &mut Faults,
    changes: Change<CompatibilityChanges>,
    current: TenantTolerances,
    has_loopback_issuer: bool,
) -> TenantTolerances {
    let changes = match changes {
        Change::Keep => return current,
        Change::Reset => return TenantTolerances::default(),
        Change::Set(changes) => changes,
    };
    let off = || false;
    let tolerances = TenantTolerances {
        json_token_body: changes
            .json_token_body
            .apply_or(current.json_token_body, off),
        confidential_without_pkce: changes
            .confidential_without_pkce
            .apply_or(current.confidential_without_pkce, off),
        token_endpoint_audience: changes
            .token_endpoint_audience
            .apply_or(current.token_endpoint_audience, off),
        unauthenticated_introspection: changes
            .unauthenticated_introspection
            .apply_or(current.unauthenticated_introspection, off),
    };
    // RFC 7662 §4: without authentication, tokens could be guessed and tried by anybody.
    if tolerances.unauthenticated_introspection && !has_loopback_issuer {
        faults.add(
            "compatibility.unauthenticated_introspection",
            "Only for an issuer on localhost: here anybody could try tokens. Give the resource server a credential \
             (POST …/resources/{id}/credentials).",
        );
    }
    tolerances
}

fn software_statement_issuers(
    faults: &mut Faults,
    bodies: Vec<IssuerBody>,
) -> Vec<SoftwareStatementIssuer> {
    const FIELD: &str = "software_statement_issuers";
    if bodies.len() > ISSUER_LIMIT {
        faults.add(FIELD, format!("At most {ISSUER_LIMIT}."));
        return Vec::new();
    }
    let mut issuers: Vec<SoftwareStatementIssuer> = Vec::with_capacity(bodies.len());
    for (at, body) in bodies.into_iter().enumerate() {
        let is_visible = body.issuer.bytes().all(|byte| byte.is_ascii_graphic());
        if body.issuer.is_empty() || body.issuer.len() > ISSUER_LENGTH_LIMIT || !is_visible {
            faults.add(
                format!("{FIELD}[{at}].issuer"),
                format!("1 to {ISSUER_LENGTH_LIMIT} visible ASCII characters, as in the statements' iss."),
            );
        } else if issuers.iter().any(|known| known.issuer == body.issuer) {
            faults.add(
                format!("{FIELD}[{at}].issuer"),
                "This issuer is listed already; put all of its keys into one set.",
            );
        }
        if let Some(jwks) = key_sets::clean(faults, &format!("{FIELD}[{at}].jwks"), &body.jwks) {
            let issuer = body.issuer;
            issuers.push(SoftwareStatementIssuer { issuer, jwks });
        }
    }
    issuers
}

fn registration_scopes(faults: &mut Faults, names: &[String]) -> ScopeSet {
    if names.len() > SCOPE_LIMIT {
        faults.add("registration_scopes", format!("At most {SCOPE_LIMIT}."));
        return ScopeSet::empty();
    }
    let mut good = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        if is_scope_token(name) && name.len() <= SCOPE_NAME_LIMIT {
            good.push(name);
        } else {
            faults.add(
                format!("registration_scopes[{at}]"),
                "Visible ASCII without spaces, quotes or backslashes, at most 200 characters.",
            );
        }
    }
    faults
        .take("registration_scopes", ScopeSet::from_tokens(good))
        .unwrap_or_default()
}

fn max_clients(faults: &mut Faults, number: u32) -> u32 {
    if !CLIENT_LIMIT.contains(&number) {
        let (least, most) = (CLIENT_LIMIT.start(), CLIENT_LIMIT.end());
        let detail = format!("From {least} to {most}; registration_policy off is for none.");
        faults.add("registration_max_clients", detail);
    }
    number
}

/// As they are shown.
pub fn issuers_out(issuers: &[SoftwareStatementIssuer]) -> Vec<IssuerBody> {
    issuers
        .iter()
        .map(|one| IssuerBody {
            issuer: one.issuer.clone(),
            jwks: one.jwks.clone(),
        })
        .collect()
}

impl From<TenantTolerances> for Compatibility {
    fn from(tolerances: TenantTolerances) -> Self {
        Self {
            json_token_body: tolerances.json_token_body,
            confidential_without_pkce: tolerances.confidential_without_pkce,
            token_endpoint_audience: tolerances.token_endpoint_audience,
            unauthenticated_introspection: tolerances.unauthenticated_introspection,
        }
    }
}

impl From<RegistrationPolicy> for Registration {
    fn from(policy: RegistrationPolicy) -> Self {
        match policy {
            RegistrationPolicy::Open => Self::Open,
            RegistrationPolicy::InitialAccessToken => Self::InitialAccessToken,
            RegistrationPolicy::Off => Self::Off,
        }
    }
}

impl From<Registration> for RegistrationPolicy {
    fn from(policy: Registration) -> Self {
        match policy {
            Registration::Open => Self::Open,
            Registration::InitialAccessToken => Self::InitialAccessToken,
            Registration::Off => Self::Off,
        }
    }
}

impl From<DocumentMode> for DocumentPolicy {
    fn from(mode: DocumentMode) -> Self {
        match mode {
            DocumentMode::Open => Self::Open,
            DocumentMode::AllowList => Self::AllowList,
            DocumentMode::DenyList => Self::DenyList,
            DocumentMode::Off => Self::Off,
        }
    }
}

impl From<DocumentPolicy> for DocumentMode {
    fn from(policy: DocumentPolicy) -> Self {
        match policy {
            DocumentPolicy::Open => Self::Open,
            DocumentPolicy::AllowList => Self::AllowList,
            DocumentPolicy::DenyList => Self::DenyList,
            DocumentPolicy::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests;
