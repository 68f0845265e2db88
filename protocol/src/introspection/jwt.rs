//! The answer as a signed JWT (RFC 9701): a resource server can show later what it was told.

use serde::Serialize;

use super::IntrospectionResponse;
use crate::clock::Timestamp;
use crate::ids::ClientId;
use crate::issuer::Issuer;

/// The `typ` of its header (RFC 9701 §5): tells it from an access token.
pub const INTROSPECTION_JWT_TYP: &str = "token-introspection+jwt";
pub const INTROSPECTION_JWT_MEDIA_TYPE: &str = "application/token-introspection+jwt";

/// RFC 9701 §5. Neither `exp` nor `sub` at the top: nothing here may pass for a token of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntrospectionJwtClaims {
    pub iss: String,
    /// The resource server that asked.
    pub aud: String,
    pub iat: i64,
    pub token_introspection: IntrospectionResponse,
}

impl IntrospectionJwtClaims {
    pub fn new(
        issuer: &Issuer,
        caller: &ClientId,
        answer: IntrospectionResponse,
        now: Timestamp,
    ) -> Self {
        Self {
            iss: issuer.as_str().to_owned(),
            aud: caller.as_str().to_owned(),
            iat: now.unix_seconds(),
            token_introspection: answer,
        }
    }
}

/// Whether `Accept` asks for the JWT: it must be named, and not be liked less than plain JSON. RFC 9701 §4.
pub fn wants_jwt(accept: &str) -> bool {
    let jwt = quality_of(accept, INTROSPECTION_JWT_MEDIA_TYPE);
    let json = quality_of(accept, "application/json");
    jwt > 0 && jwt >= json
}

/// RFC 9110 §12.4.2, in thousandths; 0 where the type is not named.
fn quality_of(accept: &str, media_type: &str) -> u32 {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_named = parts.next()?.eq_ignore_ascii_case(media_type);
        let weight = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
        });
        is_named.then(|| weight.map_or(1_000, thousandths))
    });
    ranges.max().unwrap_or_default()
}

fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse()) {
        ("0", Ok(thousandths)) => thousandths,
        ("1", Ok(0)) => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jwt_is_given_to_whoever_names_it() {
        for (accept, expected) in [
            ("application/token-introspection+jwt", true),
            ("Application/Token-Introspection+JWT;q=0.8", true),
            (
                "application/json;q=0.5, application/token-introspection+jwt",
                true,
            ),
            (
                "application/token-introspection+jwt, application/json",
                true,
            ),
            (
                "application/token-introspection+jwt;q=0.5, application/json",
                false,
            ),
            ("application/token-introspection+jwt;q=0", false),
            ("application/token-introspection+jwt;q=0.000", false),
            ("application/token-introspection+jwt;q=x", false),
            ("application/json", false),
            ("application/jwt", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(wants_jwt(accept), expected, "{accept}");
        }
    }

    #[test]
    fn the_claims_are_those_of_the_specification() {
        let issuer = Issuer::parse("https://as.example/t/acme").unwrap();
        let caller = ClientId::parse("rs_1").unwrap();
        let claims = IntrospectionJwtClaims::new(
            &issuer,
            &caller,
            IntrospectionResponse::inactive(),
            Timestamp::from_unix_seconds(7),
        );
        assert_eq!(
            serde_json::to_value(claims).unwrap(),
            serde_json::json!({"iss": "https://as.example/t/acme", "aud": "rs_1", "iat": 7,
                "token_introspection": {"active": false}})
        );
    }
}
