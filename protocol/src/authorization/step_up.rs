//! A client that holds a grant and asks for more: whether a new one would give it anything.
//!
//! A resource server answers 403 `insufficient_scope`, the client asks for the scope, is narrowed to
//! what it had, tries again, and so on for ever. So it hears `access_denied` instead (RFC 6749 §4.1.2.1).
//!
//! What it is not: a bar to signing in again. A client that lost its tokens asks for what it asked for
//! before, and gets it.

use crate::ids::ResourceId;
use crate::scope::ScopeSet;

/// Longer lists are not remembered: they would not fit beside the rest of a pending authorization.
const MAX_REFUSED_BYTES: usize = 1024;

/// A live grant of the same person, from the same browser session, to the same client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldGrant {
    pub scopes: ScopeSet,
    /// What was asked for in vain when it was made.
    pub refused_scopes: ScopeSet,
    pub resources: Vec<ResourceId>,
}

/// What was asked for and is not to be had; empty where that is too much to remember.
pub fn refused_scopes(asked: Option<&ScopeSet>, narrowed: &ScopeSet) -> ScopeSet {
    let refused = asked.map_or_else(ScopeSet::empty, |asked| {
        asked.retain(|token| !narrowed.contains(token))
    });
    if refused.to_string().len() > MAX_REFUSED_BYTES {
        ScopeSet::empty()
    } else {
        refused
    }
}

/// The request asks in vain for something that it did not ask for when a grant was made that holds all
/// the rest.
pub fn gains_nothing(
    refused: &ScopeSet,
    scopes: &ScopeSet,
    resources: &[ResourceId],
    held: &[HeldGrant],
) -> bool {
    held.iter().any(|grant| {
        // What it has may be kept back from it by now: asked for again, that is the same request as before.
        let is_new =
            |name: &str| !grant.refused_scopes.contains(name) && !grant.scopes.contains(name);
        refused.iter().any(is_new)
            && scopes.is_subset(&grant.scopes)
            && resources.is_empty() == grant.resources.is_empty()
            && resources.iter().all(|id| grant.resources.contains(id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::resource_id;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap_or_default()
    }

    fn held(scopes: &str, refused: &str) -> HeldGrant {
        HeldGrant {
            scopes: set(scopes),
            refused_scopes: set(refused),
            resources: vec![resource_id(1)],
        }
    }

    #[test]
    fn asking_in_vain_for_more_than_before_gains_nothing() {
        let gains_nothing = |refused, scopes, resource, grant| {
            gains_nothing(
                &set(refused),
                &set(scopes),
                &[resource_id(resource)],
                &[grant],
            )
        };
        assert!(gains_nothing("admin", "read", 1, held("read", "")));
        assert!(gains_nothing("admin", "read", 1, held("read write", "")));
        assert!(gains_nothing(
            "admin root",
            "read",
            1,
            held("read", "admin")
        ));
        // The same request again: the client lost its tokens.
        assert!(!gains_nothing("admin", "read", 1, held("read", "admin")));
        assert!(!gains_nothing("", "read", 1, held("read", "")));
        // The same again: policies keep back by now what it has.
        assert!(!gains_nothing("write", "read", 1, held("read write", "")));
        // Something is gained.
        assert!(!gains_nothing("admin", "read write", 1, held("read", "")));
        assert!(!gains_nothing("admin", "read", 2, held("read", "")));
    }

    #[test]
    fn what_is_refused_is_what_was_asked_and_not_given() {
        assert_eq!(refused_scopes(None, &set("read")), set(""));
        assert_eq!(
            refused_scopes(Some(&set("read x y")), &set("read")),
            set("x y")
        );
        let many: Vec<String> = (0..300).map(|number| format!("scope{number}")).collect();
        let many = ScopeSet::from_tokens(&many).unwrap_or_default();
        assert_eq!(refused_scopes(Some(&many), &set("read")), set(""));
    }
}
