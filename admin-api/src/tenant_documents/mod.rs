//! A tenant as one document: everything that somebody decided about it, and its people, to be made anew elsewhere.
//!
//! Sections and members have the names of the bodies that make these things, and of `writ apply`'s files. What a member
//! of a thing is comes from the schema of the body that makes one, so a new member is in the document by itself.
//!
//! What it is not: a back-up. No secret, no password, no key, no grant or session is in it, nor what came by itself
//! (clients that registered themselves, what was recorded).
//!
//! To add a section: its member in `body`, its list in `export`, how its rows are read and made in `rows`, its kind
//! among [`OBJECTS`], and its bound and right in `import`.

mod body;
pub mod export;
pub mod import;
mod rows;

use std::collections::BTreeSet;

use protocol::AdminObject;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::problem::Problem;

/// What this version writes, and reads.
const FORMAT_VERSION: u32 = 1;

/// Whoever reads or makes all of a tenant needs to be allowed each.
const OBJECTS: [AdminObject; 5] = [
    AdminObject::Resources,
    AdminObject::Clients,
    AdminObject::Users,
    AdminObject::Policies,
    AdminObject::Webhooks,
];

/// No secret is in a document.
const SECRETS: [&str; 2] = ["client_secret", "password_hash"];

/// Of what is shown of a thing, what makes one like it. Null is what nobody decided.
fn row<Body: PartialSchema>(shown: &impl Serialize) -> Result<Map<String, Value>, Problem> {
    let names = members_of::<Body>();
    let Value::Object(members) = serde_json::to_value(shown).map_err(Problem::internal)? else {
        return Err(Problem::internal("a thing without members"));
    };
    let members = members.into_iter();
    Ok(members
        .filter(|(name, value)| !value.is_null() && names.contains(name))
        .collect())
}

fn members_of<Body: PartialSchema>() -> BTreeSet<String> {
    match Body::schema() {
        RefOr::T(Schema::Object(object)) => {
            let names = object.properties.into_iter().map(|(name, _)| name);
            names
                .filter(|name| !SECRETS.contains(&name.as_str()))
                .collect()
        }
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::body::NewClientBody;
    use crate::groups::create::NewGroupBody;
    use crate::resources::create::NewResourceBody;
    use crate::tenants::create::NewTenantBody;
    use crate::users::import::ImportedUser;

    #[test]
    fn what_makes_a_thing_is_known_and_no_secret_is_among_it() {
        for (names, some) in [
            (members_of::<NewTenantBody>(), "display_name"),
            (members_of::<NewResourceBody>(), "scopes"),
            (members_of::<NewClientBody>(), "redirect_uris"),
            (members_of::<NewGroupBody>(), "description"),
            (members_of::<ImportedUser>(), "attributes"),
        ] {
            assert!(names.contains(some), "{names:?}");
            assert!(SECRETS.iter().all(|secret| !names.contains(*secret)));
        }
    }
}
