//! What an authorization request asks for, after the checks.

use serde::{Deserialize, Serialize};

use crate::dpop::JwkThumbprint;
use crate::ids::ResourceId;
use crate::parameters::Parameters;
use crate::redirect_uri::VerifiedRedirectUri;
use crate::scope::ScopeSet;

use super::proof::ProofOfPossession;

/// A request that passed every check, with its rights narrowed to what may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    pub redirect_uri: VerifiedRedirectUri,
    /// Opaque; comes back exactly as it came.
    pub state: Option<String>,
    pub proof: ProofOfPossession,
    /// None: a plain OpenID sign-in, whose access token is for our userinfo endpoint.
    pub resources: Vec<ResourceId>,
    pub scopes: ScopeSet,
    /// Asked for and not to be had.
    pub refused_scopes: ScopeSet,
    pub prompts: Prompts,
    pub max_age_seconds: Option<u64>,
    pub nonce: Option<String>,
    pub acr_values: Option<String>,
    pub dpop_jkt: Option<JwkThumbprint>,
    pub login_hint: Option<String>,
    pub ui_locales: Option<String>,
}

/// The `prompt` list (OpenID Connect Core §3.1.2.1); values that nobody knows are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompts {
    #[serde(rename = "n", default, skip_serializing_if = "is_false")]
    pub none: bool,
    #[serde(rename = "l", default, skip_serializing_if = "is_false")]
    pub login: bool,
    #[serde(rename = "c", default, skip_serializing_if = "is_false")]
    pub consent: bool,
    #[serde(rename = "a", default, skip_serializing_if = "is_false")]
    pub select_account: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands references to such functions"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// `none` stands beside another value: a contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoneIsNotAlone;

impl Prompts {
    pub fn parse(text: Option<&str>) -> Result<Self, NoneIsNotAlone> {
        let values: Vec<&str> = text.unwrap_or_default().split_ascii_whitespace().collect();
        let has = |value| values.contains(&value);
        if has("none") && values.iter().any(|value| *value != "none") {
            return Err(NoneIsNotAlone);
        }
        Ok(Self {
            none: has("none"),
            login: has("login"),
            consent: has("consent"),
            select_account: has("select_account"),
        })
    }

    /// Whether the request says `prompt=none` and nothing else. Asked before the checks have run, to
    /// know where an error of theirs may be shown; a contradictory `prompt` does not count.
    pub fn is_none_asked(parameters: &Parameters) -> bool {
        let prompt = parameters.single("prompt").ok().flatten();
        Self::parse(prompt).is_ok_and(|prompts| prompts.none)
    }

    /// The person has to show again who they are.
    pub fn asks_for_login(self) -> bool {
        self.login || self.select_account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_is_a_list_in_which_none_stands_alone() {
        assert_eq!(Prompts::parse(None), Ok(Prompts::default()));
        let both = Prompts {
            login: true,
            consent: true,
            ..Prompts::default()
        };
        assert_eq!(Prompts::parse(Some("login consent unheard_of")), Ok(both));
        assert_eq!(
            Prompts::parse(Some("none")),
            Ok(Prompts {
                none: true,
                ..Prompts::default()
            })
        );
        assert_eq!(Prompts::parse(Some("none login")), Err(NoneIsNotAlone));
    }

    #[test]
    fn only_a_clear_none_counts_before_the_checks() {
        let asked = |query: &str| {
            Parameters::parse(query.as_bytes()).is_ok_and(|found| Prompts::is_none_asked(&found))
        };
        assert!(asked("prompt=none"));
        assert!(!asked("prompt=none&prompt=none"));
        assert!(!asked("prompt=none+login"));
        assert!(!asked("state=x"));
    }
}
