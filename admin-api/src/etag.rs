//! Which version of a thing an answer shows (RFC 9110 §8.8.3), and whether that is the one that a caller means.
//!
//! The digest of the thing as it is shown: whatever changes it changes what is shown, so no version has to be kept.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use crate::problem::{Problem, ProblemKind};

/// 128 bits of the digest.
const BYTES: usize = 16;

/// A strong entity tag, with its quotes.
pub fn of(shown: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(shown).ok()?;
    Some(of_value(&value))
}

/// Of equal things it is the same, in whatever order their members come.
pub fn of_value(value: &Value) -> String {
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    let digest = crypto::sha256(sorted.to_string().as_bytes());
    let short = digest.get(..BYTES).unwrap_or(&digest);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(short))
}

/// `If-Match` or `If-None-Match` (RFC 9110 §13.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `*`: whatever there is.
    Any,
    Tags(Vec<String>),
}

impl Condition {
    pub fn if_match(http: &HttpRequest) -> Result<Option<Self>, Problem> {
        Self::read(http, &IF_MATCH)
    }

    pub fn if_none_match(http: &HttpRequest) -> Result<Option<Self>, Problem> {
        Self::read(http, &IF_NONE_MATCH)
    }

    fn read(http: &HttpRequest, name: &HeaderName) -> Result<Option<Self>, Problem> {
        let mut tags = Vec::new();
        let mut is_any = false;
        let mut is_there = false;
        for value in http.headers().get_all(name) {
            is_there = true;
            let text = value.to_str().map_err(|_| unreadable(name))?;
            if text.trim() == "*" {
                is_any = true;
            } else {
                tags.extend(parse(text).ok_or_else(|| unreadable(name))?);
            }
        }
        Ok(match (is_there, is_any) {
            (false, _) => None,
            (true, true) => Some(Self::Any),
            (true, false) => Some(Self::Tags(tags)),
        })
    }

    /// RFC 9110 §8.8.3.2: a weak tag never matches strongly.
    pub fn holds_strongly(&self, current: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag == current),
        }
    }

    pub fn holds_weakly(&self, current: &str) -> bool {
        let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| opaque(tag) == opaque(current)),
        }
    }
}

fn unreadable(name: &HeaderName) -> Problem {
    Problem::malformed_field(
        name.as_str(),
        "Send * or entity tags as they came, with their quotes, separated by commas.",
    )
}

/// A list of entity tags; none of ours holds a comma.
fn parse(text: &str) -> Option<Vec<String>> {
    text.split(',')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(|tag| is_tag(tag).then(|| tag.to_owned()))
        .collect::<Option<Vec<String>>>()
        .filter(|tags| !tags.is_empty())
}

fn is_tag(tag: &str) -> bool {
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let inner = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .filter(|_| tag.len() >= 2);
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte > 0x20 && byte != b'"'))
}

/// The thing is not (any more) as the caller saw it.
pub fn failed(current: Option<&str>) -> Problem {
    let detail = match current {
        Some(current) => format!(
            "It was changed since: its ETag is {current}. Look at it again, and send If-Match with that."
        ),
        None => "If-Match names a version, and there is nothing yet; leave it out to make one."
            .to_owned(),
    };
    Problem::new(ProblemKind::PreconditionFailed, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_things_have_equal_tags_and_others_have_others() {
        let tag = of(&json!({"a": 1, "b": [1, 2]})).unwrap();
        assert_eq!(tag, of(&json!({"b": [1, 2], "a": 1})).unwrap());
        assert_ne!(tag, of(&json!({"a": 1, "b": [2, 1]})).unwrap());
        assert!(is_tag(&tag) && !tag.starts_with("W/"));
    }

    #[test]
    fn conditions_are_read_as_rfc_9110_says() {
        let tags = |text: &str| parse(text).map(Condition::Tags);
        assert!(tags("\"a\", \"b\"").unwrap().holds_strongly("\"b\""));
        assert!(!tags("W/\"a\"").unwrap().holds_strongly("\"a\""));
        assert!(tags("W/\"a\"").unwrap().holds_weakly("\"a\""));
        for text in ["", ",", "a", "\"a", "\"", "\"a\" \"b\"", "W/a"] {
            assert_eq!(tags(text), None, "{text}");
        }
    }
}
