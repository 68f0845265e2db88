//! What is let pass though a specification, or our own rule, says otherwise: because the tenant's switch
//! says so, or because the client is known to do it. Each use is counted and stands in the audit event that follows.

use serde::{Deserialize, Serialize};

use super::wire_enum;

wire_enum! {
    Tolerance {
        /// RFC 6749 §3.2 wants a form; this is the same members as JSON.
        JsonTokenBody = "json_token_body",
        /// OAuth 2.1 §4.1.1 wants PKCE of everybody.
        ConfidentialWithoutPkce = "confidential_without_pkce",
        /// An assertion's `aud` is the token endpoint and not the issuer.
        TokenEndpointAudience = "token_endpoint_audience",
        /// An assertion lives for up to an hour.
        LongAssertion = "long_assertion",
        /// RFC 7662 §2.1 wants the caller to authenticate.
        UnauthenticatedIntrospection = "unauthenticated_introspection",
    }
}

/// What was let pass for one request, on its way to the audit event that tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedTolerances(Vec<Tolerance>);

impl UsedTolerances {
    pub fn insert(&mut self, tolerance: Tolerance) {
        if !self.0.contains(&tolerance) {
            self.0.push(tolerance);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Tolerance> {
        self.0.iter().copied()
    }
}

impl FromIterator<Tolerance> for UsedTolerances {
    fn from_iter<I: IntoIterator<Item = Tolerance>>(tolerances: I) -> Self {
        let mut used = Self::default();
        for tolerance in tolerances {
            used.insert(tolerance);
        }
        used
    }
}

/// Their names with spaces between, as the audit tells them.
impl std::fmt::Display for UsedTolerances {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|one| one.as_str()).collect();
        formatter.write_str(&names.join(" "))
    }
}
