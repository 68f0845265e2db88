//! JSON that two readers cannot understand differently: an object, no member twice at any depth, a bounded
//! number of levels (RFC 7515 §4 for tokens; row K7 for documents).
//!
//! Not here: what the members must be; that is whoever reads them's rule.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// An object without duplicate members, of at most so many levels of lists and objects.
#[derive(Clone, Debug)]
pub struct UniqueObject<const MAX_DEPTH: usize>(pub Map<String, Value>);

impl<'de, const MAX_DEPTH: usize> Deserialize<'de> for UniqueObject<MAX_DEPTH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let unique = Unique {
            levels_left: MAX_DEPTH,
        };
        match unique.deserialize(deserializer)? {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(D::Error::custom("not an object")),
        }
    }
}

#[derive(Clone, Copy)]
struct Unique {
    levels_left: usize,
}

impl Unique {
    fn below<E: Error>(self) -> Result<Self, E> {
        let levels_left = self
            .levels_left
            .checked_sub(1)
            .ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { levels_left })
    }
}

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without duplicate members")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(below)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(below)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_read_whole() {
        let value = json!({ "a": [1, -2, 2.5, null, true, "x"], "b": { "c": {} } });
        let read: UniqueObject<3> = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(Value::Object(read.0), value);
    }

    #[test]
    fn duplicates_at_any_depth_and_other_values_are_refused() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            "[]",
            "1",
            "null",
            "\"{}\"",
        ] {
            assert!(
                serde_json::from_str::<UniqueObject<8>>(text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn levels_are_counted() {
        let text = r#"{"a":[{"b":1}]}"#;
        assert!(serde_json::from_str::<UniqueObject<3>>(text).is_ok());
        assert!(serde_json::from_str::<UniqueObject<2>>(text).is_err());
    }
}
