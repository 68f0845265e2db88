//! A client's public keys (RFC 7591 §2: `jwks` or `jwks_uri`, never both): where they are, and which may be
//! entered at all.
//!
//! One rule for every way of becoming a client (row J4), and for the sets that are fetched: public,
//! asymmetric keys, few and small. What is no signature key of ours is dropped, as RFC 7517 §5 has it; a
//! private or a symmetric key is refused, because whoever sends one should hear of it.
//!
//! Not here: whether the numbers make a key (`crypto::JwkSet`), and fetching (`authority`).

use serde_json::{Map, Value};

use super::AuthMethod;
use super::metadata::is_https_url;

/// More keys than anybody rotates through.
pub const MAX_KEYS: usize = 32;
/// A set that is kept in a client's row.
pub const MAX_INLINE_BYTES: usize = 16 * 1024;
/// A `kid` is compared and shown in logs, never interpreted.
pub const MAX_KID_BYTES: usize = 128;

/// 2048 bits (RFC 7518 §3.3) and 8192, in base64url without padding.
const RSA_MODULUS_CHARACTERS: std::ops::RangeInclusive<usize> = 342..=1366;
const MAX_RSA_EXPONENT_CHARACTERS: usize = 11;
/// 32 bytes.
const COORDINATE_CHARACTERS: usize = 43;
/// RFC 7518 §6.2.2, §6.3.2, §6.4.1 and RFC 9864: whatever holds a secret.
const PRIVATE_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
/// What a verifier reads of a key; the rest (certificates above all) is not kept.
const MEMBERS: [&str; 9] = ["kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"];

/// `Inline` is a JWK set that was checked to hold public, asymmetric keys only; `Uri` is fetched when a
/// key is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientKeys {
    #[default]
    None,
    Inline(Value),
    Uri(String),
}

impl ClientKeys {
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub const fn inline(&self) -> Option<&Value> {
        match self {
            Self::Inline(jwks) => Some(jwks),
            Self::None | Self::Uri(_) => None,
        }
    }

    pub fn uri(&self) -> Option<&str> {
        match self {
            Self::Uri(uri) => Some(uri),
            Self::None | Self::Inline(_) => None,
        }
    }
}

/// Why keys are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    #[error("send jwks or jwks_uri, not both")]
    TwoSources,
    #[error("token_endpoint_auth_method private_key_jwt needs jwks or jwks_uri")]
    Missing,
    #[error("jwks_uri must be an https URL")]
    UriNotHttps,
    #[error("jwks must be an object whose member keys is a list of at most 32 keys, 16 KB in all")]
    NotASet,
    #[error("jwks must hold public, asymmetric keys only; take the private members out")]
    NotPublic,
    #[error(
        "jwks holds no key that can verify RS256, PS256, ES256 or EdDSA: RSA of 2048 bits or more, \
         P-256 or Ed25519, with use sig or none"
    )]
    NoUsableKey,
}

/// The keys of a client that authenticates by this method. What a client of another method sends is
/// checked all the same and not kept: it has no use.
pub fn client_keys(
    auth_method: AuthMethod,
    jwks: Option<&Value>,
    jwks_uri: Option<&str>,
) -> Result<ClientKeys, KeysError> {
    let keys = match (jwks, jwks_uri) {
        (Some(_), Some(_)) => return Err(KeysError::TwoSources),
        (Some(jwks), None) if jwks.to_string().len() > MAX_INLINE_BYTES => {
            return Err(KeysError::NotASet);
        }
        (Some(jwks), None) => ClientKeys::Inline(clean_set(jwks)?),
        (None, Some(uri)) if is_https_url(uri) => ClientKeys::Uri(uri.to_owned()),
        (None, Some(_)) => return Err(KeysError::UriNotHttps),
        (None, None) => ClientKeys::None,
    };
    match auth_method {
        AuthMethod::PrivateKeyJwt if keys.is_none() => Err(KeysError::Missing),
        AuthMethod::PrivateKeyJwt => Ok(keys),
        _ => Ok(ClientKeys::None),
    }
}

/// A JWK set with the keys and members that we can use, or why it is none. Also for sets that were
/// fetched, and for those of a software statement's issuer.
pub fn clean_set(jwks: &Value) -> Result<Value, KeysError> {
    let keys = jwks
        .get("keys")
        .and_then(Value::as_array)
        .filter(|keys| keys.len() <= MAX_KEYS)
        .ok_or(KeysError::NotASet)?;
    let keys: Vec<&Map<String, Value>> = keys
        .iter()
        .map(Value::as_object)
        .collect::<Option<_>>()
        .ok_or(KeysError::NotASet)?;
    if keys.iter().any(|key| !is_public(key)) {
        return Err(KeysError::NotPublic);
    }
    let usable: Vec<Value> = keys
        .into_iter()
        .filter(|key| is_usable(key))
        .map(clean_key)
        .collect();
    if usable.is_empty() {
        return Err(KeysError::NoUsableKey);
    }
    Ok(Value::Object(Map::from_iter([(
        "keys".to_owned(),
        Value::Array(usable),
    )])))
}

fn is_public(key: &Map<String, Value>) -> bool {
    let is_asymmetric = text(key, "kty").is_some_and(|key_type| key_type != "oct");
    is_asymmetric
        && PRIVATE_MEMBERS
            .iter()
            .all(|member| !key.contains_key(*member))
}

/// RFC 7517 §4.2, §4.3, §5: what is for something else, or unknown to us, is passed over.
fn is_usable(key: &Map<String, Value>) -> bool {
    let is_for_signatures = match (key.get("use"), key.get("key_ops")) {
        (Some(purpose), _) if purpose != "sig" => false,
        (_, Some(operations)) => operations
            .as_array()
            .is_some_and(|operations| operations.iter().any(|one| one == "verify")),
        _ => true,
    };
    let is_named = match key.get("kid") {
        None => true,
        Some(kid) => kid.as_str().is_some_and(is_kid),
    };
    is_for_signatures && is_named && has_numbers(key)
}

fn has_numbers(key: &Map<String, Value>) -> bool {
    let length = |member| {
        text(key, member)
            .filter(|text| is_base64url(text))
            .map(str::len)
    };
    let is_of = |algorithms: &[&str]| match key.get("alg") {
        None => true,
        Some(algorithm) => algorithm
            .as_str()
            .is_some_and(|algorithm| algorithms.contains(&algorithm)),
    };
    let is_coordinate = |member| length(member) == Some(COORDINATE_CHARACTERS);
    match (text(key, "kty"), text(key, "crv")) {
        (Some("RSA"), None) => {
            is_of(&["RS256", "PS256"])
                && length("n").is_some_and(|length| RSA_MODULUS_CHARACTERS.contains(&length))
                && length("e").is_some_and(|length| length <= MAX_RSA_EXPONENT_CHARACTERS)
        }
        (Some("EC"), Some("P-256")) => {
            is_of(&["ES256"]) && is_coordinate("x") && is_coordinate("y")
        }
        (Some("OKP"), Some("Ed25519")) => is_of(&["EdDSA"]) && is_coordinate("x"),
        _ => false,
    }
}

fn clean_key(key: &Map<String, Value>) -> Value {
    let kept = MEMBERS.iter().filter_map(|member| {
        // A member that this type of key has no use for was not looked at, and may hold anything.
        let value = text(key, member).filter(|text| is_plain(text))?;
        Some(((*member).to_owned(), Value::from(value)))
    });
    Value::Object(kept.collect())
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Printable, so that it can be kept and logged.
pub fn is_kid(kid: &str) -> bool {
    kid.len() <= MAX_KID_BYTES && is_plain(kid)
}

fn text<'a>(key: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    key.get(member).and_then(Value::as_str)
}

fn is_base64url(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rsa() -> Value {
        json!({"kty": "RSA", "n": "n".repeat(342), "e": "AQAB", "kid": "one", "alg": "RS256", "use": "sig"})
    }

    fn with(mut key: Value, member: &str, value: Value) -> Value {
        key[member] = value;
        json!({ "keys": [key] })
    }

    fn ec() -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": "x".repeat(43), "y": "y".repeat(43)})
    }

    /// Row J4.
    #[test]
    fn private_and_symmetric_keys_are_refused() {
        let oct = json!({"keys": [{"kty": "oct", "k": "AQAB"}]});
        assert_eq!(clean_set(&oct), Err(KeysError::NotPublic));
        for member in PRIVATE_MEMBERS {
            for value in [json!("AQAB"), Value::Null] {
                let set = with(rsa(), member, value);
                assert_eq!(clean_set(&set), Err(KeysError::NotPublic), "{member}");
            }
        }
        // One private key among public ones is one too many.
        let mixed = json!({"keys": [ec(), {"kty": "OKP", "crv": "Ed25519", "x": "x".repeat(43), "d": "d"}]});
        assert_eq!(clean_set(&mixed), Err(KeysError::NotPublic));
        assert_eq!(
            clean_set(&json!({"keys": [{"n": "x"}]})),
            Err(KeysError::NotPublic)
        );
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for bad in [
            json!([]),
            json!({}),
            json!({"keys": {}}),
            json!({"keys": [1]}),
            json!({ "keys": vec![ec(); MAX_KEYS + 1] }),
        ] {
            assert_eq!(clean_set(&bad), Err(KeysError::NotASet), "{bad}");
        }
        let mut large = rsa();
        large["x5c"] = json!(["A".repeat(MAX_INLINE_BYTES)]);
        let large = json!({ "keys": [large] });
        let kept = |jwks| client_keys(AuthMethod::PrivateKeyJwt, Some(jwks), None);
        assert_eq!(kept(&large), Err(KeysError::NotASet));
        // A fetched set is bounded by the fetch, and its certificates are not kept.
        assert_eq!(clean_set(&large), Ok(json!({ "keys": [rsa()] })));
    }

    #[test]
    fn keys_of_no_use_are_passed_over() {
        let unusable = [
            with(rsa(), "use", json!("enc")),
            with(rsa(), "key_ops", json!(["encrypt"])),
            with(rsa(), "alg", json!("RS512")),
            with(rsa(), "alg", json!("ES256")),
            with(rsa(), "n", json!("n".repeat(341))),
            with(rsa(), "n", json!("n".repeat(1367))),
            with(rsa(), "n", json!("+".repeat(342))),
            with(rsa(), "kid", json!("k".repeat(129))),
            with(rsa(), "kid", json!("a\u{0}b")),
            with(rsa(), "kid", json!(5)),
            with(ec(), "crv", json!("P-384")),
            with(ec(), "x", json!("x".repeat(42))),
            with(ec(), "alg", json!("ES384")),
            json!({"keys": [{"kty": "OKP", "crv": "Ed448", "x": "x".repeat(76)}]}),
            json!({"keys": [{"kty": "AKP"}]}),
            json!({"keys": []}),
        ];
        for set in unusable {
            assert_eq!(clean_set(&set), Err(KeysError::NoUsableKey), "{set}");
        }
        let mixed = json!({"keys": [{"kty": "AKP", "pub": "x"}, ec()]});
        assert_eq!(clean_set(&mixed), Ok(json!({ "keys": [ec()] })));
        assert!(clean_set(&with(rsa(), "key_ops", json!(["sign", "verify"]))).is_ok());
    }

    #[test]
    fn what_a_key_has_no_use_for_is_kept_only_if_it_is_plain_text() {
        for value in [json!("a\u{0}b"), json!({"a": ["\u{0}"]}), json!(5)] {
            let set = with(rsa(), "crv", Value::Null);
            let set = with(set["keys"][0].clone(), "x", value);
            assert_eq!(clean_set(&set), Ok(json!({ "keys": [rsa()] })));
        }
    }

    #[test]
    fn keys_belong_to_private_key_jwt_and_come_one_way() {
        use AuthMethod::{None as Public, PrivateKeyJwt};
        let set = json!({ "keys": [ec()] });
        let uri = Some("https://client.example/jwks");
        let of = |method, jwks, uri| client_keys(method, jwks, uri);
        assert_eq!(
            of(PrivateKeyJwt, Some(&set), None),
            Ok(ClientKeys::Inline(set.clone()))
        );
        assert_eq!(
            of(PrivateKeyJwt, None, uri),
            Ok(ClientKeys::Uri("https://client.example/jwks".to_owned()))
        );
        assert_eq!(of(PrivateKeyJwt, None, None), Err(KeysError::Missing));
        assert_eq!(
            of(PrivateKeyJwt, Some(&set), uri),
            Err(KeysError::TwoSources)
        );
        assert_eq!(of(Public, Some(&set), uri), Err(KeysError::TwoSources));
        assert_eq!(of(Public, Some(&set), None), Ok(ClientKeys::None));
        assert_eq!(
            of(PrivateKeyJwt, None, Some("http://client.example/jwks")),
            Err(KeysError::UriNotHttps)
        );
    }
}
