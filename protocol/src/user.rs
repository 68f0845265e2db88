//! What is known of a person beside their name: the groups they are in, and attributes that an operator gave
//! them. Policies may ask for both.
//!
//! Not here: how a person signs in, and who may change any of this.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

const MAX_GROUP_NAME_BYTES: usize = 100;
const MAX_ATTRIBUTES: usize = 50;
const MAX_ATTRIBUTE_NAME_BYTES: usize = 64;
const MAX_TEXT_BYTES: usize = 1_000;
const MAX_LIST_ITEMS: usize = 100;
const MAX_LIST_TEXT_BYTES: usize = 200;
/// Of all of them together, as JSON.
const MAX_ATTRIBUTES_BYTES: usize = 8_192;

/// More groups than this nobody is in: each is read whenever a policy decides about the person.
pub const MAX_GROUPS_OF_A_USER: usize = 200;

/// What policies call a group. It never changes: under another name a policy that forbids would no longer do so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "1 to {MAX_GROUP_NAME_BYTES} of a-z, 0-9 and . _ : @ -, beginning with a letter or a digit"
)]
pub struct InvalidGroupName;

impl GroupName {
    pub fn parse(text: &str) -> Result<Self, InvalidGroupName> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_valid = text.len() <= MAX_GROUP_NAME_BYTES
            && text.bytes().next().is_some_and(is_plain)
            && text
                .bytes()
                .all(|byte| is_plain(byte) || b"._:@-".contains(&byte));
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidGroupName)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for GroupName {
    type Err = InvalidGroupName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for GroupName {
    type Error = InvalidGroupName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0
    }
}

/// One value: what a policy can compare. No fractions, no null, nothing nested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    Boolean(bool),
    Number(i64),
    Text(String),
    List(Vec<String>),
}

/// By name; checked by [`UserAttributes::new`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserAttributes(BTreeMap<String, AttributeValue>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAttributes {
    #[error("At most {MAX_ATTRIBUTES} attributes, and {MAX_ATTRIBUTES_BYTES} bytes in all.")]
    TooMany,
    #[error(
        "An attribute is called by 1 to {MAX_ATTRIBUTE_NAME_BYTES} of a-z, 0-9 and _, beginning with a letter."
    )]
    Name(String),
    #[error(
        "true or false, a whole number, a text of up to {MAX_TEXT_BYTES} bytes, or a list of up to {MAX_LIST_ITEMS} \
         texts of up to {MAX_LIST_TEXT_BYTES} bytes each."
    )]
    Value(String),
}

impl UserAttributes {
    pub fn new(values: BTreeMap<String, AttributeValue>) -> Result<Self, InvalidAttributes> {
        for (name, value) in &values {
            if !is_attribute_name(name) {
                return Err(InvalidAttributes::Name(name.clone()));
            }
            if !value.is_bounded() {
                return Err(InvalidAttributes::Value(name.clone()));
            }
        }
        let size = |value: &AttributeValue| match value {
            AttributeValue::Boolean(_) | AttributeValue::Number(_) => 20,
            AttributeValue::Text(text) => text.len() + 3,
            AttributeValue::List(texts) => texts.iter().map(|text| text.len() + 3).sum(),
        };
        let bytes: usize = values
            .iter()
            .map(|(name, it)| name.len() + size(it) + 4)
            .sum();
        if values.len() > MAX_ATTRIBUTES || bytes > MAX_ATTRIBUTES_BYTES {
            return Err(InvalidAttributes::TooMany);
        }
        Ok(Self(values))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn find(&self, name: &str) -> Option<&AttributeValue> {
        self.0.get(name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As policies see them: one text or several, whatever the value was.
    pub fn as_texts(&self) -> BTreeMap<String, BTreeSet<String>> {
        let texts = |value: &AttributeValue| match value {
            AttributeValue::Boolean(value) => BTreeSet::from([value.to_string()]),
            AttributeValue::Number(value) => BTreeSet::from([value.to_string()]),
            AttributeValue::Text(text) => BTreeSet::from([text.clone()]),
            AttributeValue::List(texts) => texts.iter().cloned().collect(),
        };
        let named = |(name, value): (&String, &AttributeValue)| (name.clone(), texts(value));
        self.0.iter().map(named).collect()
    }
}

impl InvalidAttributes {
    /// Which one.
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Self::TooMany => None,
            Self::Name(name) | Self::Value(name) => Some(name),
        }
    }
}

impl AttributeValue {
    fn is_bounded(&self) -> bool {
        let is_text = |text: &str, most: usize| text.len() <= most && !text.contains('\0');
        match self {
            Self::Boolean(_) | Self::Number(_) => true,
            Self::Text(text) => is_text(text, MAX_TEXT_BYTES),
            Self::List(texts) => {
                texts.len() <= MAX_LIST_ITEMS
                    && texts.iter().all(|text| is_text(text, MAX_LIST_TEXT_BYTES))
            }
        }
    }
}

fn is_attribute_name(name: &str) -> bool {
    let is_rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= MAX_ATTRIBUTE_NAME_BYTES
        && name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase())
        && name.bytes().all(is_rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(json: serde_json::Value) -> Result<UserAttributes, InvalidAttributes> {
        UserAttributes::new(serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_group_is_called_by_what_a_policy_and_a_path_can_say() {
        for name in ["a", "engineers", "on-call.eu", "idp:admins", "a@b.c", "9"] {
            assert_eq!(GroupName::parse(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "Engineers",
            "-a",
            ".a",
            "a b",
            "a/b",
            "a\"",
            "é",
            &"a".repeat(101),
        ] {
            assert_eq!(GroupName::parse(name), Err(InvalidGroupName), "{name}");
        }
    }

    #[test]
    fn an_attribute_is_what_a_policy_can_compare() {
        let plain = serde_json::json!({
            "department": "sales", "level": 3, "is_external": false, "regions": ["eu", "us"],
        });
        let read = attributes(plain.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), plain);
        assert_eq!(read.find("level"), Some(&AttributeValue::Number(3)));
        let texts = read.as_texts();
        assert_eq!(texts["level"], BTreeSet::from(["3".to_owned()]));
        assert_eq!(texts["is_external"], BTreeSet::from(["false".to_owned()]));
        assert_eq!(texts["regions"], ["eu", "us"].map(str::to_owned).into());
        for value in [
            serde_json::json!(null),
            serde_json::json!(1.5),
            serde_json::json!({"a": 1}),
            serde_json::json!([1]),
            serde_json::json!(18_446_744_073_709_551_615_u64),
        ] {
            assert!(serde_json::from_value::<AttributeValue>(value).is_err());
        }
    }

    #[test]
    fn attributes_are_bounded_in_number_name_and_size() {
        let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("a{n}"), true.into())).collect();
        assert_eq!(attributes(many.into()), Err(InvalidAttributes::TooMany));
        for name in ["", "A", "1a", "_a", "a-b", "a.b"] {
            let refused = attributes(serde_json::json!({ name: 1 })).unwrap_err();
            assert_eq!(refused, InvalidAttributes::Name(name.to_owned()));
        }
        for value in [
            serde_json::json!("x".repeat(1_001)),
            serde_json::json!("a\0b"),
            serde_json::json!(vec!["x"; 101]),
            serde_json::json!(["x".repeat(201)]),
        ] {
            let refused = attributes(serde_json::json!({ "a": value })).unwrap_err();
            assert_eq!(refused, InvalidAttributes::Value("a".to_owned()));
        }
        let large: serde_json::Map<_, _> = (0..10)
            .map(|n| (format!("a{n}"), "x".repeat(900).into()))
            .collect();
        assert_eq!(attributes(large.into()), Err(InvalidAttributes::TooMany));
    }
}
