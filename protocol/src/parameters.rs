//! The parameters of a form body or a query, read once, strictly, with limits.
//!
//! Not a map: OAuth forbids repeated parameters (RFC 6749 §3.1) and RFC 8707 repeats `resource`, so
//! every rule says which of the two it reads. `Debug` shows names only: values may be secrets.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::authorization::pushed_request::MAX_REQUEST_URI_BYTES;
use crate::error_code::{ErrorCode, ProtocolError};

/// Decoded `name=value` pairs in the order they came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

/// Row R1 of the security list: what is larger is refused before any rule looks at it.
pub const MAX_BYTES: usize = 64 * 1024;
pub const MAX_PARAMETERS: usize = 64;
pub const MAX_VALUE_BYTES: usize = 4 * 1024;
const MAX_NAME_BYTES: usize = 256;

/// A pushed request comes back sealed in its `request_uri` (RFC 9126), with a `state` of 4 KB in it.
fn max_value_bytes(name: &str) -> usize {
    if name == "request_uri" {
        MAX_REQUEST_URI_BYTES
    } else {
        MAX_VALUE_BYTES
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    #[error("the request is larger than 64 KB")]
    TooLarge,
    #[error("the request has more than 64 parameters")]
    TooMany,
    #[error("a parameter is longer than 4 KB")]
    ValueTooLong,
    #[error("a parameter is not valid UTF-8, or contains a NUL")]
    InvalidEncoding,
    #[error("the body must be a JSON object whose members are strings")]
    NotStrings,
}

impl ParametersError {
    pub const fn status(self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::TooMany | Self::ValueTooLong | Self::InvalidEncoding | Self::NotStrings => 400,
        }
    }
}

impl ProtocolError for ParametersError {
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidRequest
    }
}

/// A parameter that may come once came twice (RFC 6749 §3.1, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {0} was sent more than once")]
pub struct Repeated(pub &'static str);

impl ProtocolError for Repeated {
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidRequest
    }
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` bytes: a body, or a query without its `?`.
    pub fn parse(encoded: &[u8]) -> Result<Self, ParametersError> {
        if encoded.len() > MAX_BYTES {
            return Err(ParametersError::TooLarge);
        }
        let mut pairs = Vec::new();
        for pair in encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            if pairs.len() == MAX_PARAMETERS {
                return Err(ParametersError::TooMany);
            }
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(parts.next().unwrap_or_default(), MAX_NAME_BYTES)?;
            let value = decode(parts.next().unwrap_or_default(), max_value_bytes(&name))?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The same as members of a JSON object, for clients that never heard of forms. A member that comes
    /// twice stays two, so that it is refused like a parameter that comes twice.
    pub fn parse_json(body: &[u8]) -> Result<Self, ParametersError> {
        if body.len() > MAX_BYTES {
            return Err(ParametersError::TooLarge);
        }
        let StringMembers(pairs) =
            serde_json::from_slice(body).map_err(|_| ParametersError::NotStrings)?;
        if pairs.len() > MAX_PARAMETERS {
            return Err(ParametersError::TooMany);
        }
        for (name, value) in &pairs {
            if name.len() > MAX_NAME_BYTES || value.len() > MAX_VALUE_BYTES {
                return Err(ParametersError::ValueTooLong);
            }
            if value.contains('\0') {
                return Err(ParametersError::InvalidEncoding);
            }
        }
        Ok(Self(pairs))
    }

    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// A parameter that may come once. Empty is as good as absent (RFC 6749 §3.1).
    pub fn single(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.occurrences(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// As `single`, but saying the same thing twice is no contradiction: shipping clients repeat
    /// their `client_id`.
    pub fn single_or_identical(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.occurrences(name);
        let first = values.next();
        if values.any(|value| Some(value) != first) {
            return Err(Repeated(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// Every non-empty value, for `resource` (RFC 8707 §2).
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.occurrences(name)
            .filter(|value| !value.is_empty())
            .collect()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.occurrences(name).any(|value| !value.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Encodes the pairs again, to send a posted authorization request on to our own GET.
    pub fn to_query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.iter())
            .finish()
    }

    fn occurrences<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Serde's maps would keep the last of two members with one name.
struct StringMembers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for StringMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = StringMembers;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(StringMembers(pairs))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn decode(encoded: &[u8], max_bytes: usize) -> Result<String, ParametersError> {
    let bytes: Cow<'_, [u8]> = if encoded.contains(&b'+') {
        encoded
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect()
    } else {
        encoded.into()
    };
    let decoded: Cow<'_, [u8]> = percent_decode(&bytes).into();
    if decoded.len() > max_bytes {
        return Err(ParametersError::ValueTooLong);
    }
    let text =
        String::from_utf8(decoded.into_owned()).map_err(|_| ParametersError::InvalidEncoding)?;
    // PostgreSQL's text holds no NUL, and no parameter of ours has a use for one.
    if text.contains('\0') {
        return Err(ParametersError::InvalidEncoding);
    }
    Ok(text)
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Parameters {
        Parameters::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_empty_parameter_is_as_if_omitted() {
        let parameters = parse("state=&scope=a+b%2Fc");
        assert_eq!(parameters.single("state"), Ok(None));
        assert_eq!(parameters.single("scope"), Ok(Some("a b/c")));
        assert_eq!(parameters.single("nonce"), Ok(None));
    }

    /// RFC 6749 §3.1 (row A4).
    #[test]
    fn a_repeated_parameter_is_refused_where_one_may_come() {
        let parameters =
            parse("state=a&state=a&resource=x&resource=&resource=y&client_id=c&client_id=c");
        assert_eq!(parameters.single("state"), Err(Repeated("state")));
        assert_eq!(parameters.all("resource"), ["x", "y"]);
        assert_eq!(parameters.single_or_identical("client_id"), Ok(Some("c")));
        let two = parse("client_id=c&client_id=d");
        assert_eq!(
            two.single_or_identical("client_id"),
            Err(Repeated("client_id"))
        );
    }

    /// Row R1.
    #[test]
    fn limits_hold() {
        let long = |length: usize| format!("state={}", "x".repeat(length));
        assert!(Parameters::parse(long(4096).as_bytes()).is_ok());
        assert_eq!(
            Parameters::parse(long(4097).as_bytes()),
            Err(ParametersError::ValueTooLong)
        );
        assert_eq!(
            Parameters::parse(long(65_537).as_bytes()),
            Err(ParametersError::TooLarge)
        );
        let many = |count: usize| vec!["a=b"; count].join("&");
        assert!(Parameters::parse(many(64).as_bytes()).is_ok());
        assert_eq!(
            Parameters::parse(many(65).as_bytes()),
            Err(ParametersError::TooMany)
        );
        assert_eq!(
            Parameters::parse(b"a=%ff"),
            Err(ParametersError::InvalidEncoding)
        );
        assert_eq!(
            Parameters::parse(b"a=%00"),
            Err(ParametersError::InvalidEncoding)
        );
    }

    #[test]
    fn an_object_of_strings_reads_like_a_form() {
        let read = |body: &str| Parameters::parse_json(body.as_bytes());
        let parameters =
            read(r#"{"code":"a b","state":"","client_id":"c","client_id":"d"}"#).unwrap();
        assert_eq!(parameters.single("code"), Ok(Some("a b")));
        assert_eq!(parameters.single("state"), Ok(None));
        let repeated = Err(Repeated("client_id"));
        assert_eq!(parameters.single_or_identical("client_id"), repeated);
        for body in [
            "",
            "[]",
            "null",
            "\"a\"",
            "{",
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"{"a":["b"]}"#,
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":"b"} x"#,
        ] {
            assert_eq!(read(body), Err(ParametersError::NotStrings), "{body}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(4097));
        assert_eq!(read(&long), Err(ParametersError::ValueTooLong));
        assert_eq!(
            read(r#"{"a":"\u0000"}"#),
            Err(ParametersError::InvalidEncoding)
        );
        let many = (0..65)
            .map(|number| format!("\"a{number}\":\"b\""))
            .collect::<Vec<_>>();
        let many = format!("{{{}}}", many.join(","));
        assert_eq!(read(&many), Err(ParametersError::TooMany));
    }

    #[test]
    fn values_stay_out_of_debug() {
        assert_eq!(format!("{:?}", parse("code=very-secret")), r#"{"code"}"#);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(pairs in prop::collection::vec(("[a-z_]{1,12}", "[^\0]{0,64}"), 0..20)) {
            let parameters = Parameters::from_pairs(pairs);
            prop_assert_eq!(Parameters::parse(parameters.to_query().as_bytes()).unwrap(), parameters);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(ours) = Parameters::parse(&bytes) {
                let theirs: Vec<_> = url::form_urlencoded::parse(&bytes).into_owned().collect();
                prop_assert_eq!(ours.0, theirs);
            }
        }
    }
}
