//! Doing what a plan says, a step after the other.
//!
//! Each change is made for what was compared: it carries the ETag of a fresh look, and where this shows something else
//! than the plan was made for, nothing is done. What was interrupted goes on with the next `writ apply`, since the plan
//! is made anew from what there is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::compare;
use super::plan::{Deed, Plan, Step, text};
use super::read;
use super::schema::Schemas;
use super::secrets::{self, Secrets};
use super::show;
use crate::cli::CliError;
use crate::cli::admin::api::{Api, tenant_path};
use crate::cli::admin::failure::{noting, refusal, usage};
use crate::cli::say::{say, warn};

/// One run.
pub(super) struct Applying<'a> {
    pub(super) api: &'a Api,
    pub(super) schemas: &'a Schemas,
    pub(super) secrets: Secrets,
    pub(super) is_json: bool,
}

impl Applying<'_> {
    /// Does it all; the secrets that were made and are to be shown.
    pub(super) async fn run(&mut self, plan: &Plan) -> Result<Vec<Value>, CliError> {
        let mut shown = Vec::new();
        for (done, step) in plan.steps.iter().enumerate() {
            let secret = self.step(&plan.slug, step).await;
            let secret = secret.map_err(|error| stopped(error, done, plan))?;
            if !self.is_json {
                say(&show::heading(step));
                secret.iter().for_each(secrets::tell);
            }
            shown.extend(secret);
        }
        Ok(shown)
    }

    async fn step(&mut self, slug: &str, step: &Step) -> Result<Option<Value>, CliError> {
        match step.deed {
            Deed::Create => self.create(slug, step).await,
            Deed::Update => self.update(slug, step).await.map(|()| None),
            Deed::Delete => self.delete(slug, step).await.map(|()| None),
        }
    }

    async fn create(&mut self, slug: &str, step: &Step) -> Result<Option<Value>, CliError> {
        let path = if step.kind.path.is_empty() {
            "/admin/v1/tenants".to_owned()
        } else {
            read::path(slug, step.kind)
        };
        let body = self.of_new(step);
        let answer = self.api.create(&path, &Value::Object(body)).await?;
        let secret = self.secrets.keep(slug, step, &answer.body)?;
        if self.api.is_dry_run() {
            return Ok(None);
        }
        // What can only be said of what is there: that a tenant is suspended.
        let Value::Object(made) = answer.body else {
            return Ok(secret);
        };
        let rest: Map<String, Value> = step
            .wanted
            .iter()
            .filter(|(name, _)| {
                self.schemas.has(step.kind.shown, name) && self.schemas.has(step.kind.changes, name)
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let changes = compare::changes(step.kind, &rest, &made);
        if !changes.is_empty() {
            let path = read::path_of(slug, step.kind, &text(&made, step.kind.id));
            let body = Value::Object(compare::body(step.kind, &rest, &changes));
            self.api.patch(&path, &body, answer.etag.as_deref()).await?;
        }
        Ok(secret)
    }

    /// What can be said of a thing that is made.
    fn of_new(&self, step: &Step) -> Map<String, Value> {
        let members = step.wanted.iter();
        let known = members.filter(|(name, _)| self.schemas.has(step.kind.new, name));
        known
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    async fn update(&self, slug: &str, step: &Step) -> Result<(), CliError> {
        let path = read::path_of(slug, step.kind, step.id.as_deref().unwrap_or_default());
        let now = self.api.get(&path).await?;
        let mut shown = now.body.as_object().cloned().unwrap_or_default();
        let mut body = compare::body(step.kind, &step.wanted, &step.changes);
        if !step.kind.resource_ids.is_empty() {
            let resources = read::list_resources(self.api, slug).await?;
            read::with_identifiers(step.kind, &mut shown, &resources);
            read::with_ids(step.kind, &mut body, &resources);
        }
        // A tenant's late members were compared before it was there.
        let is_as_planned =
            step.id.is_none() || compare::changes(step.kind, &step.wanted, &shown) == step.changes;
        if !is_as_planned {
            return Err(meanwhile(step));
        }
        let (body, etag) = (Value::Object(body), now.etag.as_deref());
        match step.kind.versions {
            None => self.api.patch(&path, &body, etag).await?,
            Some(versions) => {
                let path = format!("{}/{versions}", tenant_path(slug));
                self.api.post_after(&path, &body, etag).await?
            }
        };
        Ok(())
    }

    async fn delete(&self, slug: &str, step: &Step) -> Result<(), CliError> {
        let path = read::path_of(slug, step.kind, step.id.as_deref().unwrap_or_default());
        // Somebody else's removal is as good.
        if let Some(now) = self.api.find(&path).await? {
            self.api.delete(&path, now.etag.as_deref()).await?;
        }
        Ok(())
    }
}

fn meanwhile(step: &Step) -> CliError {
    format!(
        "the {} {} was changed by somebody else meanwhile: look with `writ diff`, and run the command again",
        step.kind.word, step.name
    )
    .into()
}

/// The error as it is, and how far it went.
fn stopped(error: CliError, done: usize, plan: &Plan) -> CliError {
    let step = plan.steps.get(done).map(show::heading).unwrap_or_default();
    let next = match refusal(&error) {
        Some(401 | 403) => "with a key that may do it the same command goes on from there",
        Some(400..500) => "mend the file; then the same command goes on from there",
        _ => "the same command goes on from there",
    };
    let note = format!(
        "stopped at: {step} ({done} of {} steps are done; {next})",
        plan.steps.len()
    );
    noting(error, &note)
}

/// What each step would come to, of those that can be asked for before others are done.
pub(super) async fn try_out(api: &Api, schemas: &Schemas, plan: &Plan) -> Result<(), CliError> {
    let mut trial = Applying {
        api,
        schemas,
        secrets: Secrets::Shown,
        is_json: true,
    };
    let mut refused = Vec::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let before = plan.steps.get(..place).unwrap_or_default();
        if before.iter().any(|earlier| is_needed_by(earlier, step)) {
            let step = show::heading(step);
            warn(&format!("{step}: not tried: it needs a step before it"));
            continue;
        }
        if let Err(error) = trial.step(&plan.slug, step).await {
            refused.push(error);
        }
    }
    let mut refused = refused.into_iter();
    let Some(first) = refused.next() else {
        return Ok(());
    };
    Err(refused.fold(first, |told, next| noting(told, &next.to_string())))
}

/// Whether a step may not be possible before an earlier one is done: it speaks of what that one makes, or lets go of.
fn is_needed_by(earlier: &Step, step: &Step) -> bool {
    if earlier.deed == Deed::Create && earlier.kind.path.is_empty() {
        return true;
    }
    let mut settled = BTreeSet::from([earlier.name.as_str()]);
    let befores = earlier.changes.iter().map(|change| &change.before);
    befores.for_each(|before| texts(before, &mut settled));
    let mut said = BTreeSet::from([step.name.as_str()]);
    step.wanted
        .values()
        .for_each(|value| texts(value, &mut said));
    !settled.is_disjoint(&said)
}

fn texts<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => {
            into.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => members.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

/// A file's faults, all of them.
pub(super) fn faults(file: &str, faults: &[String]) -> CliError {
    usage(format!("{file}: {}", faults.join("\n  ")))
}
