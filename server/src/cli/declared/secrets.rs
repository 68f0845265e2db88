//! Secrets of what `writ apply` makes: each is shown this once, or kept in a file that nobody else can read.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::{Value, json};

use super::plan::{Deed, Plan, Step};
use crate::cli::CliError;
use crate::cli::admin::failure::usage;
use crate::cli::say::say;

/// Where secrets go.
#[derive(Debug)]
pub(super) enum Secrets {
    File(File),
    Shown,
}

impl Secrets {
    /// Decided before anything is made: a secret that went nowhere is lost, and one in a log is nobody's secret.
    pub(super) fn open(out: Option<&Path>, may_print: bool, plan: &Plan) -> Result<Self, CliError> {
        if let Some(path) = out {
            return open_file(path).map(Self::File);
        }
        let makers: Vec<&str> = plan
            .steps
            .iter()
            .filter(|step| may_make_one(step))
            .map(|step| step.name.as_str())
            .collect();
        if makers.is_empty() || may_print || std::io::stdout().is_terminal() {
            return Ok(Self::Shown);
        }
        Err(usage(format!(
            "secrets may be made for {}, and this is no terminal: say --secrets-out FILE, or --print-secrets",
            makers.join(", ")
        )))
    }

    /// Keeps the one that an answer shows, at once: whatever comes next may fail.
    pub(super) fn keep(
        &mut self,
        slug: &str,
        step: &Step,
        answer: &Value,
    ) -> Result<Option<Value>, CliError> {
        let Some((member, renewal)) = step.kind.secret else {
            return Ok(None);
        };
        let Some(secret) = answer.get(member).filter(|secret| secret.is_string()) else {
            return Ok(None);
        };
        let line = json!({
            "tenant": slug, "kind": step.kind.word, "name": step.name, "member": member, "value": secret,
        });
        match self {
            Self::Shown => Ok(Some(line)),
            Self::File(file) => {
                writeln!(file, "{line}")
                    .and_then(|()| file.sync_data())
                    .map_err(|error| {
                        format!("the {member} of {} could not be kept: {error}; make another with `{renewal}`", step.name)
                    })?;
                Ok(None)
            }
        }
    }
}

/// For people; scripts find it in the answer.
pub(super) fn tell(secret: &Value) {
    let text = |member: &str| {
        secret
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    say(&format!(
        "    {} (shown this once): {}",
        text("member"),
        text("value")
    ));
}

fn may_make_one(step: &Step) -> bool {
    let method = step.wanted.get("token_endpoint_auth_method");
    let method = method.and_then(Value::as_str);
    let has_keys = step.wanted.contains_key("jwks") || step.wanted.contains_key("jwks_uri");
    let needs_none =
        matches!(method, Some("none" | "private_key_jwt")) || (method.is_none() && has_keys);
    step.deed == Deed::Create && step.kind.secret.is_some() && !needs_none
}

fn open_file(path: &Path) -> Result<File, CliError> {
    let refuse = |why: String| usage(format!("cannot keep secrets in {}: {why}", path.display()));
    let file = File::options()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| refuse(error.to_string()))?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(refuse(
            "others can read it; chmod 600, or name a new one".to_owned(),
        ));
    }
    Ok(file)
}
