//! What a tenant is now, in the terms of a file.

use serde_json::{Map, Value};

use super::kinds::{KINDS, Kind, TENANT};
use super::plan::{Current, text};
use crate::cli::CliError;
use crate::cli::admin::api::{Api, segment, tenant_path};

/// Reads a tenant and its things of these kinds.
pub(super) async fn current(
    api: &Api,
    slug: &str,
    is_wanted: impl Fn(&Kind) -> bool,
) -> Result<Current, CliError> {
    let mut current = Current::default();
    let Some(answer) = api.find(&tenant_path(slug)).await? else {
        return Ok(current);
    };
    let Value::Object(mut tenant) = answer.body else {
        return Err("what answered at --url is not Writ's admin API".into());
    };
    for kind in KINDS.iter().filter(|kind| is_wanted(kind)) {
        current
            .things
            .insert(kind.section, list(api, slug, kind).await?);
    }
    let names_resource = TENANT
        .resource_ids
        .iter()
        .any(|member| tenant.get(*member).is_some_and(Value::is_string));
    if names_resource {
        let resources = match current.things.get("resources") {
            Some(resources) => resources.clone(),
            None => list_resources(api, slug).await?,
        };
        with_identifiers(&TENANT, &mut tenant, &resources);
    }
    current.tenant = Some(tenant);
    Ok(current)
}

/// The path of a kind's things.
pub(super) fn path(slug: &str, kind: &Kind) -> String {
    format!("{}/{}", tenant_path(slug), kind.path)
}

/// The path of one thing.
pub(super) fn path_of(slug: &str, kind: &Kind, id: &str) -> String {
    if kind == &TENANT {
        tenant_path(slug)
    } else if kind.is_single {
        path(slug, kind)
    } else {
        format!("{}/{}", path(slug, kind), segment(id))
    }
}

pub(super) async fn list_resources(
    api: &Api,
    slug: &str,
) -> Result<Vec<Map<String, Value>>, CliError> {
    let resources = KINDS.iter().find(|kind| kind.section == "resources");
    match resources {
        Some(kind) => list(api, slug, kind).await,
        None => Ok(Vec::new()),
    }
}

async fn list(api: &Api, slug: &str, kind: &Kind) -> Result<Vec<Map<String, Value>>, CliError> {
    let path = path(slug, kind);
    let things = if kind.is_single {
        vec![api.get(&path).await?.body]
    } else {
        // Thousands that came by themselves are none of a file's business.
        let only = kind.only.into_iter();
        let filters: Vec<(String, String)> = only
            .map(|(member, value)| (member.to_owned(), value.to_owned()))
            .collect();
        api.list(&path, &filters, None).await?.0
    };
    let things = things.into_iter().filter_map(|thing| match thing {
        Value::Object(thing) => Some(thing),
        _ => None,
    });
    Ok(things.collect())
}

/// A file names resources by their identifiers, whatever the API does.
pub(super) fn with_identifiers(
    kind: &Kind,
    thing: &mut Map<String, Value>,
    resources: &[Map<String, Value>],
) {
    exchange(kind, thing, resources, "id", "identifier");
}

/// The way back; an identifier that is no resource's stays, for the server to refuse.
pub(super) fn with_ids(
    kind: &Kind,
    thing: &mut Map<String, Value>,
    resources: &[Map<String, Value>],
) {
    exchange(kind, thing, resources, "identifier", "id");
}

fn exchange(
    kind: &Kind,
    thing: &mut Map<String, Value>,
    resources: &[Map<String, Value>],
    from: &str,
    to: &str,
) {
    for member in kind.resource_ids {
        let Some(Value::String(name)) = thing.get_mut(*member) else {
            continue;
        };
        if let Some(resource) = resources
            .iter()
            .find(|resource| text(resource, from) == *name)
        {
            *name = text(resource, to);
        }
    }
}
