//! `writ apply`, `writ diff`, `writ export`: a tenant as a file, over the admin API.
//!
//! A file is read and held against the kinds there are (`document`, `kinds`, `schema`), what there is is read (`read`),
//! both are compared (`compare`, `plan`: pure), the plan is shown (`show`) or done (`apply`). A tenant that is not there
//! yet is tried as a whole before (`trial`).
//!
//! To add a kind of thing: its row in `kinds`.

mod apply;
mod beside;
mod compare;
mod document;
mod export;
mod kinds;
mod plan;
mod read;
mod schema;
mod secrets;
mod show;
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use self::document::{Declared, Format};
use self::export::Exported;
use self::plan::Plan;
use self::schema::Schemas;
use self::secrets::Secrets;
use super::admin::access::Access;
use super::admin::api::Api;
use super::admin::failure::{DIFFERENT, usage};
use super::admin::fields::text_of;
use super::say::{say, say_exactly, warn};
use super::{CliError, runtime};

/// Which files, and what of them.
#[derive(Debug, Args)]
struct Files {
    /// A file that declares one tenant; `-` reads standard input. Several: repeat it.
    #[arg(long, short, required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// What the file is; default: by the end of its name.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Remove what the file does not name, of the kinds that it does.
    #[arg(long)]
    prune: bool,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    files: Files,
    /// Where secrets of what is made go, a line of JSON each: a file that nobody else can read.
    #[arg(long, value_name = "FILE")]
    secrets_out: Option<PathBuf>,
    /// Show secrets although this is no terminal.
    #[arg(long)]
    print_secrets: bool,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    files: Files,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    access: Access,
    /// Which tenant.
    slug: String,
    #[arg(long, value_enum, default_value = "toml")]
    format: Format,
}

impl Files {
    /// All of them are read before anything is called.
    fn read(&self, schemas: &Schemas) -> Result<Vec<Declared>, CliError> {
        let read = |path: &PathBuf| {
            let name = path.display().to_string();
            let format = self.format.or_else(|| Format::of(path)).ok_or_else(|| {
                usage(format!(
                    "{name}: is it TOML or YAML? Say --format, or name it .toml or .yaml"
                ))
            })?;
            let text = text_of(path, "declaration")?;
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let folder = folder.unwrap_or(Path::new("."));
            Declared::read(&text, format, folder, schemas)
                .map_err(|faults| apply::faults(&name, &faults))
        };
        let declared: Vec<Declared> = self.file.iter().map(read).collect::<Result<_, _>>()?;
        let mut slugs: Vec<&str> = declared.iter().map(|one| one.slug.as_str()).collect();
        slugs.sort_unstable();
        match slugs.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(usage(format!("two files are about the tenant {}", pair[0]))),
            None => Ok(declared),
        }
    }

    async fn plan(
        &self,
        api: &Api,
        declared: &Declared,
        schemas: &Schemas,
    ) -> Result<Plan, CliError> {
        let current = read::current(api, &declared.slug, |kind| declared.names(kind)).await?;
        Plan::make(declared, &current, self.prune, schemas)
            .map_err(|faults| apply::faults(&declared.slug, &faults))
    }
}

impl Apply {
    pub(super) fn run(&self) -> Result<ExitCode, CliError> {
        let schemas = Schemas::of_this_version()?;
        let declared = self.files.read(&schemas)?;
        runtime()?.block_on(async {
            let api = self.access.api().await?;
            for one in &declared {
                self.one(&api, one, &schemas).await?;
            }
            Ok(ExitCode::SUCCESS)
        })
    }

    async fn one(&self, api: &Api, declared: &Declared, schemas: &Schemas) -> Result<(), CliError> {
        let plan = self.files.plan(api, declared, schemas).await?;
        if self.access.dry_run {
            tell(&plan, self.access.json)?;
            if plan.makes_the_tenant() {
                trial::run(api, declared, schemas).await?;
            } else {
                apply::try_out(api, schemas, &plan).await?;
            }
            warn("a dry run: nothing was changed");
            return Ok(());
        }
        let mut applying = apply::Applying {
            api,
            schemas,
            secrets: Secrets::open(self.secrets_out.as_deref(), self.print_secrets, &plan)?,
            is_json: self.access.json,
        };
        if plan.makes_the_tenant() {
            trial::run(api, declared, schemas).await?;
        }
        let secrets = applying.run(&plan).await?;
        if self.access.json {
            let mut answer = show::json(&plan);
            if let Value::Object(answer) = &mut answer {
                answer.insert("secrets".to_owned(), json!(secrets));
            }
            return super::admin::show::json(&answer);
        }
        say(&show::done(&plan));
        Ok(())
    }
}

impl Diff {
    pub(super) fn run(&self) -> Result<ExitCode, CliError> {
        let schemas = Schemas::of_this_version()?;
        let declared = self.files.read(&schemas)?;
        runtime()?.block_on(async {
            let api = self.access.api().await?;
            let mut is_different = false;
            for one in &declared {
                let plan = self.files.plan(&api, one, &schemas).await?;
                tell(&plan, self.access.json)?;
                is_different |= !plan.is_empty();
            }
            Ok(if is_different {
                DIFFERENT.into()
            } else {
                ExitCode::SUCCESS
            })
        })
    }
}

impl Export {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let schemas = Schemas::of_this_version()?;
        let current = runtime()?.block_on(async {
            let api = self.access.api().await?;
            read::current(&api, &self.slug, |_| true).await
        })?;
        let exported = Exported::of(&current, &schemas)
            .ok_or_else(|| format!("there is no tenant {}", self.slug))?;
        if self.access.json {
            return super::admin::show::json(&serde_json::to_value(&exported)?);
        }
        say_exactly(&exported.text(self.format)?)?;
        Ok(())
    }
}

fn tell(plan: &Plan, is_json: bool) -> Result<(), CliError> {
    if is_json {
        return super::admin::show::json(&show::json(plan));
    }
    show::plan(plan);
    Ok(())
}
