//! What every noun does alike: list, show, make, change, remove.

use clap::Args;
use serde_json::{Value, json};

use super::Access;
use crate::cli::CliError;
use crate::cli::admin::api::{Answer, Api};
use crate::cli::admin::failure::usage;
use crate::cli::admin::show::{self, Column};
use crate::cli::say::{say, warn};

/// How much of a list.
#[derive(Debug, Args)]
pub(super) struct Listing {
    /// How many at most.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 100,
        conflicts_with = "all"
    )]
    limit: usize,
    /// All of them.
    #[arg(long)]
    all: bool,
    /// Only those that have this, where the API has such a filter: `--filter email=alice@example.com`.
    #[arg(long, value_name = "NAME=VALUE")]
    filter: Vec<String>,
}

impl Listing {
    fn at_most(&self) -> Option<usize> {
        (!self.all).then_some(self.limit.max(1))
    }

    fn filters(&self) -> Result<Vec<(String, String)>, CliError> {
        let split = |filter: &String| {
            let (name, value) = filter.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let pairs = self.filter.iter().map(|filter| {
            split(filter).ok_or_else(|| usage(format!("--filter {filter:?} has no NAME=VALUE")))
        });
        pairs.collect()
    }
}

/// An answer in lines for people.
pub(super) type Told = fn(&Value) -> Vec<String>;

/// A removal: as it is told when it is done, and when it was only tried.
#[derive(Debug)]
pub(super) struct Deed {
    done: String,
    would: String,
}

impl Deed {
    /// `Deed::of("Deleted", "delete", "the user alice")`.
    pub(super) fn of(done: &str, would: &str, what: &str) -> Self {
        Self::saying(format!("{done} {what}"), format!("{would} {what}"))
    }

    pub(super) fn deleting(what: &str) -> Self {
        Self::of("Deleted", "delete", what)
    }

    pub(super) fn saying(done: String, would: String) -> Self {
        Self { done, would }
    }
}

/// Calls, and shows what comes back.
pub(super) struct Verbs {
    pub(super) api: Api,
    pub(super) is_json: bool,
}

impl Verbs {
    pub(super) async fn of(access: &Access) -> Result<Self, CliError> {
        Ok(Self {
            api: access.api().await?,
            is_json: access.json,
        })
    }

    pub(super) async fn list(
        &self,
        path: &str,
        listing: &Listing,
        columns: &[Column],
    ) -> Result<(), CliError> {
        self.list_where(path, listing, Vec::new(), columns).await
    }

    /// With filters that options of their own said.
    pub(super) async fn list_where(
        &self,
        path: &str,
        listing: &Listing,
        filters: Vec<(&str, Option<&str>)>,
        columns: &[Column],
    ) -> Result<(), CliError> {
        let mut all = listing.filters()?;
        let said = filters.into_iter();
        all.extend(said.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
        let (things, has_more) = self.api.list(path, &all, listing.at_most()).await?;
        if self.is_json {
            show::json(&Value::Array(things))?;
        } else {
            show::table(columns, &things);
        }
        if has_more {
            warn("there are more: --limit NUMBER, or --all");
        }
        Ok(())
    }

    /// What is not paged.
    pub(super) async fn list_whole(&self, path: &str, columns: &[Column]) -> Result<(), CliError> {
        let body = self.api.get(path).await?.body;
        let things = match body {
            Value::Object(mut page) => page.remove("data").unwrap_or_default(),
            other => other,
        };
        if self.is_json {
            return show::json(&things);
        }
        show::table(columns, things.as_array().map_or(&[], Vec::as_slice));
        Ok(())
    }

    pub(super) async fn show(&self, path: &str) -> Result<(), CliError> {
        let answer = self.api.get(path).await?;
        self.tell(&answer.body)
    }

    /// Shown in sentences; with `--json` as it is.
    pub(super) async fn show_as(&self, path: &str, told: Told) -> Result<(), CliError> {
        let answer = self.api.get(path).await?;
        self.tell_as(&answer.body, told)
    }

    pub(super) async fn create(&self, path: &str, body: &Value) -> Result<(), CliError> {
        self.create_as(path, body, show::lines).await
    }

    pub(super) async fn create_as(
        &self,
        path: &str,
        body: &Value,
        told: Told,
    ) -> Result<(), CliError> {
        let answer = self.api.create(path, body).await?;
        self.tell_as(&answer.body, told)?;
        self.tell_of_secrets(&answer);
        self.tell_of_dry_run();
        Ok(())
    }

    /// A POST that makes another of what is there: its answer shows the whole.
    pub(super) async fn renew(&self, path: &str, body: &Value) -> Result<(), CliError> {
        let answer = self.api.post(path, body).await?;
        self.tell(&answer.body)?;
        self.tell_of_secrets(&answer);
        self.tell_of_dry_run();
        Ok(())
    }

    /// A POST that takes no body.
    pub(super) async fn post(&self, path: &str) -> Result<(), CliError> {
        let answer = self.api.post_nothing(path).await?;
        self.tell(&answer.body)?;
        self.tell_of_dry_run();
        Ok(())
    }

    /// A POST that asks, and changes nothing.
    pub(super) async fn ask_as(
        &self,
        path: &str,
        body: &Value,
        told: Told,
    ) -> Result<(), CliError> {
        let answer = self.api.ask_by_post(path, body).await?;
        self.tell_as(&answer.body, told)
    }

    pub(super) async fn update(&self, path: &str, body: &Value) -> Result<(), CliError> {
        if body.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(usage(
                "nothing to change: say what, such as --set name=value",
            ));
        }
        let answer = self.api.patch(path, body, None).await?;
        self.tell(&answer.body)?;
        self.tell_of_dry_run();
        Ok(())
    }

    pub(super) async fn delete(&self, path: &str, deed: &Deed) -> Result<(), CliError> {
        let answer = self.api.delete(path, None).await?;
        let is_dry_run = self.api.is_dry_run();
        match (&answer.body, self.is_json) {
            (Value::Null, true) if is_dry_run => show::json(&json!({ "would": deed.would }))?,
            (Value::Null, true) => show::json(&json!({ "done": deed.done }))?,
            (Value::Null, false) if is_dry_run => say(&format!("Would {}.", deed.would)),
            (Value::Null, false) => say(&format!("{}.", deed.done)),
            (body, _) => self.tell(body)?,
        }
        self.tell_of_dry_run();
        Ok(())
    }

    pub(super) fn tell(&self, body: &Value) -> Result<(), CliError> {
        self.tell_as(body, show::lines)
    }

    pub(super) fn tell_as(&self, body: &Value, told: Told) -> Result<(), CliError> {
        if self.is_json {
            return show::json(body);
        }
        for line in told(body) {
            say(&line);
        }
        Ok(())
    }

    fn tell_of_secrets(&self, answer: &Answer) {
        let has_secret = SECRETS.iter().any(|name| {
            let value = answer.body.get(name);
            value.is_some_and(Value::is_string)
        });
        if has_secret && !self.api.is_dry_run() {
            warn("the secret is shown this once");
        }
    }

    pub(super) fn tell_of_dry_run(&self) {
        if self.api.is_dry_run() {
            warn("a dry run: nothing was changed");
        }
    }
}

/// Members of answers that are shown once.
pub(in crate::cli) const SECRETS: [&str; 4] = [
    "client_secret",
    "admin_key",
    "initial_access_token",
    "secret",
];
