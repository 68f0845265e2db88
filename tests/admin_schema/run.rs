//! One run of Schemathesis: its settings, the process, and whether it has seen enough to be believed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::admin_api::document::{Document, Operation};
use crate::admin_api::things::Things;
use crate::harness::TestApp;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/admin_schema");

/// Which operations did what they are for, by what the hooks saw.
const ACCEPTED: &str = "accepted";
/// How each operation refused before it was first accepted: the first answer of each status.
const REFUSED: &str = "refused";

/// What Schemathesis looks at: whatever the document promises of an answer, and that no key means no answer.
const CHECKS: &[&str] = &[
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "use_after_free",
    "ignored_auth",
];

/// Parameters (`path.id`, `body.user_id`) and what there is for them, by operation id.
type Ids = BTreeMap<String, Vec<(String, Vec<String>)>>;

/// Who calls, with their key.
#[derive(Debug)]
pub enum Caller {
    Nobody,
    /// And the id of the key.
    Owner(String, String),
    Stranger(String),
    Auditor(String),
    Platform(String),
}

impl Caller {
    fn key(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Owner(key, _)
            | Self::Stranger(key)
            | Self::Auditor(key)
            | Self::Platform(key) => Some(key),
        }
    }

    /// Of the key that it could end or change itself.
    fn key_id(&self) -> &str {
        match self {
            Self::Owner(_, key_id) => key_id,
            Self::Nobody | Self::Stranger(_) | Self::Auditor(_) | Self::Platform(_) => "",
        }
    }

    /// What it is to look at: the rest is another caller's.
    fn looks_at(&self, operation: &Operation) -> bool {
        let is_for_platform_keys = operation.is_for_platform_keys();
        match self {
            Self::Owner(..) => !is_for_platform_keys,
            Self::Platform(_) => is_for_platform_keys,
            Self::Nobody | Self::Stranger(_) | Self::Auditor(_) => true,
        }
    }

    fn is_let_in(&self, operation: &Operation) -> bool {
        match self {
            Self::Nobody | Self::Stranger(_) => false,
            Self::Owner(..) => !operation.access.starts_with("platform"),
            Self::Auditor(_) => !operation.is_write(),
            Self::Platform(_) => true,
        }
    }

    /// All answers that it may get, where it is let in nowhere. Drawn calls may come without the key.
    fn statuses(&self) -> Option<&'static [u16]> {
        match self {
            Self::Nobody => Some(&[401]),
            Self::Stranger(_) => Some(&[401, 403, 404]),
            Self::Owner(..) | Self::Auditor(_) | Self::Platform(_) => None,
        }
    }

    /// Nothing follows from the answers to who gets nothing done.
    fn phases(&self) -> &'static str {
        match self {
            Self::Owner(..) | Self::Platform(_) => "examples,coverage,fuzzing,stateful",
            Self::Auditor(_) => "examples,fuzzing",
            Self::Nobody | Self::Stranger(_) => "fuzzing",
        }
    }

    /// How many calls are drawn for each operation, beside those that its description asks for.
    fn examples(&self) -> u32 {
        match self {
            Self::Nobody | Self::Stranger(_) => 3,
            Self::Auditor(_) => 2,
            Self::Owner(..) | Self::Platform(_) => 5,
        }
    }
}

/// Calls about one tenant and what is in it.
pub struct Run<'a> {
    pub app: &'a TestApp,
    pub document: &'a Document,
    pub things: &'a Things,
    pub caller: Caller,
}

impl Run<'_> {
    /// Runs to the end. Of calls without a key thirty a minute are answered with 401, and many more are made: a
    /// minute passes again and again.
    pub async fn finds_nothing(self) {
        let folder = Folder::new();
        let settings = folder.0.join("schemathesis.toml");
        let ids = self.ids().await;
        std::fs::write(&settings, self.settings(&ids)).unwrap();
        let running = self.command(&folder.0, &settings, &ids).output();
        tokio::pin!(running);
        let output = loop {
            tokio::select! {
                output = &mut running => break output.unwrap(),
                () = tokio::time::sleep(Duration::from_millis(50)) => {
                    self.app.clock().advance(Duration::from_mins(1));
                }
            }
        };
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "Schemathesis found something, or did not run:\n{said}\n{complaint}"
        );
        let report = std::fs::read(folder.0.join("report.json")).unwrap();
        // Not there if nothing was ever accepted.
        let accepted = std::fs::read_to_string(folder.0.join(ACCEPTED)).unwrap_or_default();
        let refused = std::fs::read_to_string(folder.0.join(REFUSED)).unwrap_or_default();
        self.has_seen_enough(
            &serde_json::from_slice(&report).unwrap(),
            &accepted,
            &refused,
        );
    }

    /// Who reaches nothing finds nothing either.
    fn has_seen_enough(&self, report: &Value, accepted: &str, refused: &str) {
        let operations = self.operations();
        assert_eq!(report["complete"], true, "{report}");
        assert_eq!(report["operations"]["tested"], operations.len(), "{report}");
        for unused in ["unmatched_filter", "dictionary_mismatch"] {
            assert_eq!(report["warnings"][unused], json!([]), "{unused}");
        }
        for operation in operations {
            let label = format!("{} {}", operation.method, operation.path);
            let is_accepted = accepted.lines().any(|line| line == label);
            let mut answers = refused.lines().filter(|line| line.starts_with(&label));
            assert!(
                is_accepted || !self.caller.is_let_in(&operation),
                "{} never did what it is for: {:?}",
                operation.id,
                answers.by_ref().collect::<Vec<_>>()
            );
        }
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations = self.document.operations();
        operations.retain(|operation| self.caller.looks_at(operation));
        operations
    }

    /// `schemathesis.toml`, with who calls and with which ids.
    fn settings(&self, ids: &Ids) -> String {
        let mut text = std::fs::read_to_string(format!("{HERE}/schemathesis.toml")).unwrap();
        let mut say = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).unwrap();
            text.push('\n');
        };
        let statuses = self.caller.statuses();
        let refusals = statuses.unwrap_or(&[400, 401, 403, 404, 405, 409, 412, 413, 415, 422]);
        say(format_args!(
            "[checks.negative_data_rejection]\nexpected-statuses = {refusals:?}"
        ));
        if let Some(statuses) = statuses {
            say(format_args!(
                "[checks.positive_data_acceptance]\nexpected-statuses = {statuses:?}"
            ));
        }
        if self.caller.key().is_some() {
            say(format_args!(
                "[auth.openapi.admin_key]\nbearer = \"${{WRIT_KEY}}\""
            ));
        }
        let tenant = &self.things.tenant.slug;
        say(format_args!("[parameters]\n\"path.tenant\" = {tenant:?}"));
        for operation in self.operations() {
            let mut bound = Vec::new();
            for (parameter, ids) in &ids[&operation.id] {
                let dictionary = format!("{}_{}", operation.id, parameter.replace('.', "_"));
                // Numbers are numbers.
                let is_number = ids.iter().all(|id| id.parse::<i64>().is_ok());
                let values = if is_number {
                    format!("[{}]", ids.join(", "))
                } else {
                    format!("{ids:?}")
                };
                say(format_args!(
                    "[dictionaries.{dictionary}]\nvalues = {values}"
                ));
                bound.push(format!(
                    "{parameter:?} = {{ dictionary = {dictionary:?}, probability = 1.0 }}"
                ));
            }
            let (id, bound) = (&operation.id, bound.join(", "));
            say(format_args!(
                "[[operations]]\ninclude-operation-id = {id:?}\nparameters = {{ {bound} }}"
            ));
            if operation.id == "import_users" {
                // Row by row: what one of them is not fit for is told in the answer.
                let statuses = [&[200], refusals].concat();
                say(format_args!(
                    "[operations.checks.negative_data_rejection]\nexpected-statuses = {statuses:?}"
                ));
            }
            // Each bound of each member: many calls, of which those that have no body need none.
            if !operation.has_body() {
                say(format_args!("phases.coverage.enabled = false"));
            }
        }
        text
    }

    /// What the ids in the calls of each operation are.
    async fn ids(&self) -> Ids {
        let mut ids = Ids::new();
        for operation in self.operations() {
            let of_one = self.ids_of(&operation).await;
            ids.insert(operation.id, of_one);
        }
        ids
    }

    async fn ids_of(&self, operation: &Operation) -> Vec<(String, Vec<String>)> {
        let placeholders = operation.path.split('/').filter_map(|segment| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            (name != "tenant").then(|| format!("path.{name}"))
        });
        let first = match self.victims(operation).await {
            victims if victims.is_empty() => vec![self.things.id_for(operation).to_owned()],
            victims => victims,
        };
        let second = vec![self.things.second_id_for(operation).to_owned()];
        let ids = placeholders.zip([first, second]);
        let mut ids: Vec<_> = ids
            .filter(|(_, ids)| ids.iter().all(|id| !id.is_empty()))
            .collect();
        let body = self.things.body_of(operation, 1);
        for (member, value) in body.iter().filter_map(Value::as_object).flatten() {
            let newcomer = [self.things.newcomer.as_str()];
            let mut all = self.things.ids().into_iter().chain(newcomer);
            if let Some(id) = all.find(|id| *value == **id) {
                ids.push((format!("body.{member}"), vec![id.to_owned()]));
            }
        }
        ids
    }

    /// One of each, by the name that Schemathesis gives an operation.
    fn first_ids(&self, ids: &Ids) -> Value {
        let of_one = |operation: Operation| {
            let first = ids[&operation.id]
                .iter()
                .map(|(parameter, ids)| (parameter.clone(), json!(ids[0])));
            let label = format!("{} {}", operation.method, operation.path);
            (label, Value::Object(first.collect()))
        };
        Value::Object(self.operations().into_iter().map(of_one).collect())
    }

    /// The ids that only the operation changes which is tried on them.
    fn kept(&self) -> String {
        let own_key = [self.caller.key_id()];
        let ids: Vec<&str> = self.things.ids().into_iter().chain(own_key).collect();
        ids.join(" ")
    }

    /// What may be deleted without taking from the other operations what they are tried on.
    async fn victims(&self, operation: &Operation) -> Vec<String> {
        let Some(collection) = operation.path.strip_suffix("/{id}") else {
            return Vec::new();
        };
        let deletes = operation.method == Method::DELETE && self.caller.is_let_in(operation);
        let mut all = self.document.operations().into_iter();
        let create = all.find(|it| it.method == Method::POST && it.path == collection);
        let Some(create) = create.filter(|_| deletes) else {
            return Vec::new();
        };
        let mut victims = Vec::new();
        for number in 900..903 {
            let made = self.things.call(self.app.admin(), &create, number).await;
            // Of some things there is only one.
            if made.status == StatusCode::CREATED {
                let id = made.header("location").rsplit('/').next();
                victims.extend(id.map(str::to_owned));
            }
        }
        victims
    }

    fn command(&self, folder: &Path, settings: &Path, ids: &Ids) -> Command {
        let mut checks = CHECKS.to_vec();
        if self.caller.statuses().is_some() {
            // Else an opaque cursor is in the way: no valid one can be made up from its description.
            checks.push("positive_data_acceptance");
        }
        let mut command = Command::new(environment().join("bin/schemathesis"));
        command
            .arg("--config-file")
            .arg(settings)
            .arg("run")
            .arg(self.app.admin().url("/admin/v1/openapi.json"))
            .args(["--phases", self.caller.phases()])
            .args(["--checks", &checks.join(",")])
            .args(["--max-examples", &self.caller.examples().to_string()])
            .args(["--workers", "1"])
            .args(["--report", "json", "--report-json-path", "report.json"])
            .env("WRIT_KEY", self.caller.key().unwrap_or_default())
            .env("WRIT_KEPT", self.kept())
            .env("WRIT_IDS", self.first_ids(ids).to_string())
            .env("WRIT_ACCEPTED", folder.join(ACCEPTED))
            .env("WRIT_REFUSED", folder.join(REFUSED))
            .env("NO_COLOR", "1")
            .env("SCHEMATHESIS_HOOKS", format!("{HERE}/hooks.py"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for operation in self.operations() {
            command.args(["--include-operation-id", &operation.id]);
        }
        command
    }
}

/// The virtual environment with Schemathesis in it; made when it is not there yet.
fn environment() -> PathBuf {
    let script = format!("{HERE}/../../scripts/client-environment.sh");
    let made = std::process::Command::new(script)
        .args(["python", &format!("{HERE}/requirements.txt")])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "Schemathesis cannot be installed; it needs python3 with venv, and PyPI"
    );
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end())
}

/// Goes with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("writ-schemathesis-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
