//! The rules of a client's metadata are protocol's, the same as for a client that registers itself.
//! Here: which member a refusal is about, and what only an operator says.

use std::time::Duration;

use protocol::client::registration::{
    ClientRegistration, Registrant, RegistrationError, RegistrationRequest, RegistrationRules,
    validate,
};
use protocol::client::{AuthMethod, GrantType};
use protocol::ids::check_chosen_text;
use protocol::resource::{Resource, Resources};
use protocol::{ResourceId, ScopeSet, SigningAlgorithm, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use store::{ClientRecord, Tenant};

use crate::change::Change;
use crate::problem::Faults;
use crate::{client_secrets, key_sets, wire};

/// A floor, not advice: guesses are limited, and the hash is argon2id.
const SHORTEST_SECRET: usize = 8;
const LONGEST_SECRET: usize = 255;
/// Row R1: the longest value of a request.
const LONGEST_SCOPE: usize = 4 * 1024;

/// Runs the rules; a fault is named and `None` comes back. The algorithm is that of the key that signs now.
pub fn registration(
    faults: &mut Faults,
    request: &RegistrationRequest,
    tenant: &Tenant,
    signing_algorithm: SigningAlgorithm,
) -> Option<ClientRegistration> {
    refuse_unknown_grants(faults, request);
    refuse_useless_keys(faults, request);
    for (field, text) in [
        ("software_id", &request.software_id),
        ("software_version", &request.software_version),
    ] {
        if let Some(text) = text {
            wire::words(faults, field, text, wire::NAME_LIMIT);
        }
    }
    if request
        .scope
        .as_ref()
        .is_some_and(|scope| scope.len() > LONGEST_SCOPE)
    {
        let detail = format!("At most {LONGEST_SCOPE} characters: no request can name more.");
        faults.add("scope", detail);
    }
    let rules = RegistrationRules {
        private_use_redirect_uris: &tenant.settings().private_use_redirect_uris,
        known_scopes: &ScopeSet::default(),
        signing_algorithm,
        registrant: Registrant::Administrator,
    };
    validate(request, &rules)
        .map_err(|error| faults.add(field_of(&error), error.to_string()))
        .ok()
}

/// A client that registers itself has them dropped; an operator should hear of a typing error.
fn refuse_unknown_grants(faults: &mut Faults, request: &RegistrationRequest) {
    for (at, name) in request.grant_types.iter().flatten().enumerate() {
        if GrantType::parse(name).is_none() {
            let known: Vec<&str> = GrantType::ALL
                .iter()
                .map(|grant_type| grant_type.as_str())
                .collect();
            faults.add(
                format!("grant_types[{at}]"),
                format!("One of: {}.", known.join(", ")),
            );
        }
    }
}

/// A client that registers itself has them dropped; an operator should hear that they do nothing.
fn refuse_useless_keys(faults: &mut Faults, request: &RegistrationRequest) {
    let method = request.token_endpoint_auth_method.as_deref();
    if method == Some(AuthMethod::PrivateKeyJwt.as_str()) {
        return;
    }
    for (field, is_there) in [
        ("jwks", request.jwks.is_some()),
        ("jwks_uri", request.jwks_uri.is_some()),
        (
            "token_endpoint_auth_signing_alg",
            request.token_endpoint_auth_signing_alg.is_some(),
        ),
    ] {
        if is_there {
            let detail = "Only a client with token_endpoint_auth_method private_key_jwt uses it.";
            faults.add(field, detail);
        }
    }
}

const fn field_of(error: &RegistrationError) -> &'static str {
    match error {
        RegistrationError::RedirectUrisMissing
        | RegistrationError::RedirectUri(_)
        | RegistrationError::RedirectUriNotForWeb => "redirect_uris",
        RegistrationError::WrongType(name) | RegistrationError::NotHttps(name) => name,
        RegistrationError::UnknownAuthMethod
        | RegistrationError::SecretOfPublicClient
        | RegistrationError::ClientCredentialsOfPublicClient => "token_endpoint_auth_method",
        RegistrationError::UnknownApplicationType => "application_type",
        RegistrationError::NoUsableGrantType => "grant_types",
        RegistrationError::NoUsableResponseType => "response_types",
        RegistrationError::InvalidName => "client_name",
        RegistrationError::Keys(error) => key_sets::field_of(*error),
        RegistrationError::UnknownAssertionAlgorithm => "token_endpoint_auth_signing_alg",
        RegistrationError::PostLogoutRedirectUri(_) => "post_logout_redirect_uris",
        RegistrationError::InvalidBackchannelLogoutUri => "backchannel_logout_uri",
        RegistrationError::BackchannelLogoutUriMissing => "backchannel_logout_session_required",
        RegistrationError::IdTokenAlgorithmNotSupported(_) => "id_token_signed_response_alg",
        RegistrationError::MalformedScope => "scope",
        // The body as a whole, and what only clients that register themselves can meet.
        RegistrationError::NotAnObject
        | RegistrationError::RegistrationIsOff
        | RegistrationError::PolicyDenied { .. }
        | RegistrationError::InitialAccessTokenRequired
        | RegistrationError::UnknownRegistrationToken
        | RegistrationError::RedirectHostNotAllowed(_)
        | RegistrationError::LoopbackNotAllowed
        | RegistrationError::WeakerAuthMethod
        | RegistrationError::OtherClientId
        | RegistrationError::OtherClientSecret
        | RegistrationError::SoftwareStatementRequired
        | RegistrationError::InvalidSoftwareStatement(_)
        | RegistrationError::UnapprovedSoftwareStatement
        | RegistrationError::TooManyClients
        | RegistrationError::ClientIsDisabled => "",
    }
}

/// A secret that an operator chose: what both readings of HTTP Basic agree on.
pub fn chosen_secret(faults: &mut Faults, secret: &SecretString) {
    let text = secret.expose_secret();
    if text.len() < SHORTEST_SECRET || check_chosen_text(text, LONGEST_SECRET).is_err() {
        let detail = format!(
            "{SHORTEST_SECRET} to {LONGEST_SECRET} characters of A-Z a-z 0-9 . _ ~ - \
             (or leave it out: a random one is made)."
        );
        faults.add("client_secret", detail);
    }
}

/// Resources by id, identifier or alias, as the operator wrote them.
pub fn resource_ids(
    faults: &mut Faults,
    names: &[String],
    resources: &Resources,
) -> Vec<ResourceId> {
    let mut ids = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        match find_resource(name, resources) {
            Some(resource) if !ids.contains(&resource.resource_id) => {
                ids.push(resource.resource_id);
            }
            Some(_) => {}
            None => faults.add(format!("resources[{at}]"), UNKNOWN_RESOURCE),
        }
    }
    ids
}

pub fn resource_id(
    faults: &mut Faults,
    field: &str,
    name: &str,
    resources: &Resources,
) -> Option<ResourceId> {
    let found = find_resource(name, resources).map(|resource| resource.resource_id);
    if found.is_none() {
        faults.add(field, UNKNOWN_RESOURCE);
    }
    found
}

const UNKNOWN_RESOURCE: &str =
    "Not a resource of this tenant; register it first, and name it by id or identifier.";

fn find_resource<'a>(name: &str, resources: &'a Resources) -> Option<&'a Resource> {
    let by_id = name
        .parse()
        .ok()
        .and_then(|resource_id| resources.find(resource_id));
    by_id.or_else(|| resources.resolve(name))
}

/// What a client means when it names nothing, it must be allowed to use.
pub fn check_default(
    faults: &mut Faults,
    allowed: Option<&[ResourceId]>,
    default: Option<ResourceId>,
) {
    let is_left_out =
        default.is_some_and(|default| allowed.is_some_and(|allowed| !allowed.contains(&default)));
    if is_left_out {
        faults.add(
            "default_resource",
            "The client may not use it; add it to resources.",
        );
    }
}

/// A client's own lifetimes of refresh tokens; none: the tenant's.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefreshLifetimes {
    pub idle: Option<Duration>,
    pub absolute: Option<Duration>,
}

pub fn refresh_lifetimes(
    faults: &mut Faults,
    idle: Change<u64>,
    absolute: Change<u64>,
    current: RefreshLifetimes,
) -> RefreshLifetimes {
    const IDLE: &str = "refresh_idle_lifetime";
    const ABSOLUTE: &str = "refresh_absolute_lifetime";
    let idle = wire::lifetime_change(faults, IDLE, idle, &wire::REFRESH_IDLE_LIFETIME);
    let absolute =
        wire::lifetime_change(faults, ABSOLUTE, absolute, &wire::REFRESH_ABSOLUTE_LIFETIME);
    let lifetimes = RefreshLifetimes {
        idle: idle.apply(current.idle),
        absolute: absolute.apply(current.absolute),
    };
    if let (Some(idle), Some(absolute)) = (lifetimes.idle, lifetimes.absolute)
        && idle > absolute
    {
        faults.add(IDLE, "At most refresh_absolute_lifetime.");
    }
    lifetimes
}

/// How a client proves itself may change, but not whether it does: what a public client was allowed, it
/// was allowed as one.
pub fn check_auth_method(
    faults: &mut Faults,
    change: &Change<String>,
    record: &ClientRecord,
    now: Timestamp,
) {
    const FIELD: &str = "token_endpoint_auth_method";
    let before = record.client.auth_method;
    let asked = match change {
        Change::Keep => return,
        Change::Reset => {
            faults.add(
                FIELD,
                "This has no default, so it cannot be null; leave it out to keep it.",
            );
            return;
        }
        Change::Set(asked) => AuthMethod::parse(asked),
    };
    // Another word is the rules' to refuse.
    let Some(asked) = asked else { return };
    if (asked == AuthMethod::None) != (before == AuthMethod::None) {
        faults.add(
            FIELD,
            "Public clients stay public, and the others stay confidential; make another client.",
        );
    } else if asked.is_secret() && client_secrets::live(record, now).next().is_none() {
        faults.add(
            FIELD,
            "It has no secret that is good now; make one first (POST …/secrets).",
        );
    }
}
