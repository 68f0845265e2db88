//! Where settings are said: the environment, files named by it, and a TOML file; in this order of weight.
//!
//! Gathers texts and says where each came from. It knows no meaning: the readers beside it do.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::error::{ConfigError, Problem};
use super::setting::{self, SETTINGS, Setting, Variable};

/// The variables of a process.
pub type Environment = BTreeMap<String, OsString>;

/// Every text that was said, with the place where it was.
#[derive(Debug, Default)]
pub struct Sources {
    values: HashMap<&'static str, Value>,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Value {
    text: SecretString,
    /// What the operator would look for: a variable, or a key and its file.
    place: String,
}

impl Sources {
    /// Gathers from the process environment and, when named, a TOML file.
    pub fn of_process(toml_file: Option<&Path>) -> Result<Self, ConfigError> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value)))
            .collect();
        Self::gather(&environment, toml_file)
    }

    /// Gathers from the given environment and, when named, a TOML file.
    pub fn gather(
        environment: &Environment,
        toml_file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut sources = Self::default();
        let mut problems = Vec::new();
        for setting in SETTINGS {
            match from_environment(environment, setting) {
                Ok(Some(value)) => {
                    sources.values.insert(setting.name, value);
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if let Some(path) = toml_file {
            match from_toml(path) {
                Ok(values) => {
                    for (name, value) in values {
                        sources.values.entry(name).or_insert(value);
                    }
                }
                Err(error) => problems.extend(error.into_problems()),
            }
        }
        sources.warnings = warn_of_unknown(environment);
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(ConfigError::new(problems))
        }
    }

    /// What the operator should hear although it stops nothing.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Says one setting as if the environment had, unless it was said already.
    pub fn set_default(&mut self, name: &'static str, text: &str) {
        debug_assert!(setting::find(name).is_some(), "{name} is in the table");
        self.values.entry(name).or_insert_with(|| Value {
            text: SecretString::from(text),
            place: name.to_owned(),
        });
    }

    /// The text of a setting that is no secret.
    pub(super) fn text(&self, name: &'static str) -> Option<&str> {
        debug_assert!(setting::find(name).is_some(), "{name} is in the table");
        self.values
            .get(name)
            .map(|value| value.text.expose_secret())
    }

    /// The text of a secret setting.
    pub fn secret(&self, name: &'static str) -> Option<SecretString> {
        debug_assert!(setting::find(name).is_some(), "{name} is in the table");
        self.values.get(name).map(|value| value.text.clone())
    }

    /// The items of a comma-separated setting.
    pub(super) fn list(&self, name: &'static str) -> Vec<&str> {
        self.text(name).map_or_else(Vec::new, |text| {
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect()
        })
    }

    /// A problem with a setting, told at the place where the operator said it.
    pub(super) fn problem(&self, name: &'static str, what: impl Into<String>) -> Problem {
        let place = self
            .values
            .get(name)
            .map_or_else(|| name.to_owned(), |value| value.place.clone());
        Problem::new(place, what)
    }
}

/// An empty variable is an absent one: compose and Helm write those for "not set".
fn from_environment(
    environment: &Environment,
    setting: &Setting,
) -> Result<Option<Value>, Problem> {
    let said = |variable: &str| environment.get(variable).filter(|value| !value.is_empty());
    let file_variable = setting.file_variable();
    match (said(setting.name), said(&file_variable)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Problem::new(
            setting.name,
            format!("and {file_variable} are both set: keep one of them"),
        )),
        (Some(value), None) => match value.to_str() {
            Some(text) => Ok(Some(Value {
                text: SecretString::from(text.trim()),
                place: setting.name.to_owned(),
            })),
            None => Err(Problem::new(
                setting.name,
                "is not UTF-8: write it in plain characters",
            )),
        },
        (None, Some(path)) => read_value_file(Path::new(path), &file_variable).map(Some),
    }
}

fn read_value_file(path: &Path, place: &str) -> Result<Value, Problem> {
    match std::fs::read_to_string(path) {
        // Editors and `echo` end files with a line feed that is not part of the value.
        Ok(text) => Ok(Value {
            text: SecretString::from(text.trim()),
            place: format!("{place} ({})", path.display()),
        }),
        Err(error) => Err(Problem::new(
            place,
            format!(
                "names {}, which cannot be read ({error}): check the path and that this user may read it",
                path.display()
            ),
        )),
    }
}

fn from_toml(path: &Path) -> Result<Vec<(&'static str, Value)>, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problem::new("--config", format!("names {shown}, which cannot be read ({error}): check the path and that this user may read it"))
    })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The library's own message quotes the line, which may hold a secret: say only where.
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        Problem::new(
            shown.as_str(),
            format!(
                "is not TOML (line {line}: {}): mend that line",
                error.message()
            ),
        )
    })?;
    let mut values = Vec::new();
    let mut problems = Vec::new();
    for (key, value) in &table {
        let place = format!("`{key}` in {shown}");
        match from_toml_entry(key, value, &place, path) {
            Ok(entry) => values.push(entry),
            Err(problem) => problems.push(problem),
        }
    }
    for (index, (name, _)) in values.iter().enumerate() {
        if values[..index].iter().any(|(earlier, _)| earlier == name) {
            problems.push(Problem::new(
                shown.as_str(),
                format!("says {name} both itself and by a file: keep one of them"),
            ));
        }
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(ConfigError::new(problems))
    }
}

fn from_toml_entry(
    key: &str,
    value: &toml::Value,
    place: &str,
    file: &Path,
) -> Result<(&'static str, Value), Problem> {
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.toml_key() == key) {
        let text = toml_text(value).ok_or_else(|| {
            Problem::new(
                place,
                "has the wrong type: write a text, a number, or a list of texts",
            )
        })?;
        return Ok((
            setting.name,
            Value {
                text: SecretString::from(text.trim()),
                place: place.to_owned(),
            },
        ));
    }
    if let Some(setting) = SETTINGS
        .iter()
        .find(|setting| setting.toml_file_key() == key)
    {
        let named = value.as_str().ok_or_else(|| {
            Problem::new(
                place,
                "has the wrong type: write the path of a file as a text",
            )
        })?;
        // A path in a file is meant from that file's folder.
        let path = file
            .parent()
            .map_or_else(|| named.into(), |folder| folder.join(named));
        return Ok((setting.name, read_value_file(&path, place)?));
    }
    let what = setting::nearest_toml_key(key).map_or_else(
        || {
            "is no setting: remove it, or see `writ config check --help` for the names there are"
                .to_owned()
        },
        |nearest| format!("is no setting: did you mean `{nearest}`?"),
    );
    Err(Problem::new(place, what))
}

fn toml_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(items) => items
            .iter()
            .map(|item| item.as_str())
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(",")),
        _ => None,
    }
}

/// Unknown variables only warn: orchestrators inject such (Kubernetes' `WRIT_SERVICE_HOST`, …).
fn warn_of_unknown(environment: &Environment) -> Vec<String> {
    environment
        .keys()
        .filter(|variable| variable.starts_with("WRIT_"))
        .filter_map(|variable| match setting::recognise(variable) {
            Variable::Known => None,
            Variable::Unknown {
                nearest: Some(nearest),
            } => Some(format!(
                "the variable {variable} is no setting and was ignored: did you mean {nearest}?"
            )),
            Variable::Unknown { nearest: None } => Some(format!(
                "the variable {variable} is no setting and was ignored"
            )),
        })
        .collect()
}
