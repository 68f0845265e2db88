use proptest::prelude::*;

use super::*;
use crate::error_code::ErrorCode;

type Error = ClientAuthenticationError;

fn read(header: Option<&str>, body: &str) -> Result<PresentedCredentials, Error> {
    let parameters = Parameters::parse(body.as_bytes()).unwrap();
    PresentedCredentials::from_request(header, &parameters)
}

fn basic(id_and_secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(id_and_secret))
}

fn secrets(presented: &PresentedCredentials) -> Vec<&str> {
    let secret = presented.secret.as_ref();
    secret
        .map(|secret| secret.readings().map(SecretText::expose).collect())
        .unwrap_or_default()
}

#[test]
fn credentials_come_by_header_or_body() {
    let by_header = read(Some(&basic("app:s3cret")), "").unwrap();
    assert_eq!(
        (by_header.client_id.as_str(), secrets(&by_header)),
        ("app", vec!["s3cret"])
    );
    let method = by_header.secret.map(|secret| secret.method);
    assert_eq!(method, Some(PresentedMethod::Basic));
    let by_body = read(None, "client_id=app&client_secret=s3cret").unwrap();
    assert_eq!(
        (by_body.client_id.as_str(), secrets(&by_body)),
        ("app", vec!["s3cret"])
    );
    let method = by_body.secret.map(|secret| secret.method);
    assert_eq!(method, Some(PresentedMethod::Post));
    let public = read(None, "client_id=app").unwrap();
    assert_eq!(public.secret, None);
}

/// Row E4.
#[test]
fn basic_is_split_at_the_first_colon_and_read_both_ways() {
    let found = read(Some(&basic("a%3Ab:x:y%20z+w")), "").unwrap();
    assert_eq!(found.client_id.as_str(), "a:b");
    assert_eq!(
        found.client_ids().map(ClientId::as_str).collect::<Vec<_>>(),
        ["a:b", "a%3Ab"]
    );
    assert_eq!(secrets(&found), ["x:y z w", "x:y%20z+w"]);
    for header in [
        basic("app:s").replace("Basic", "bAsIc"),
        basic("app:s").replace('=', ""),
    ] {
        assert_eq!(read(Some(&header), "").unwrap().client_id.as_str(), "app");
    }
    for bad in [
        "Basic",
        "Basic !!!",
        "Basic YQ==",
        "Bearer abc",
        "",
        "Basic /w==",
    ] {
        let refused = read(Some(bad), "").unwrap_err();
        assert_eq!(
            (refused.clone(), refused.code().status()),
            (Error::MalformedBasic, 401),
            "{bad}"
        );
    }
}

/// Row E2.
#[test]
fn two_methods_or_two_names_are_refused() {
    let header = basic("app:s");
    let refused = read(Some(&header), "client_id=app&client_secret=s").unwrap_err();
    assert_eq!(
        (refused.clone(), refused.code()),
        (Error::TwoMethods, ErrorCode::InvalidRequest)
    );
    let refused = read(Some(&header), "client_id=other").unwrap_err();
    assert_eq!(
        (refused.clone(), refused.code()),
        (Error::ClientIdsDiffer, ErrorCode::InvalidRequest)
    );
    assert!(matches!(
        read(None, "client_id=a&client_id=b"),
        Err(Error::Repeated(_))
    ));
    assert!(matches!(
        read(None, "client_id=a&client_secret=x&client_secret=x"),
        Err(Error::Repeated(_))
    ));
    assert_eq!(read(None, ""), Err(Error::NoClient));
    let assertion = format!("client_assertion=x.y.z&client_assertion_type={ASSERTION_TYPE}");
    assert!(read(None, &format!("{assertion}&client_id=app")).is_ok());
    for (header, also) in [
        (Some(header.as_str()), ""),
        (None, "client_id=a&client_secret=s"),
    ] {
        let refused = read(header, &format!("{assertion}&{also}"));
        assert_eq!(refused, Err(Error::TwoMethods), "{also}");
    }
    for alone in [
        "client_id=a&client_assertion=x.y.z",
        "client_id=a&client_assertion_type=jwt",
        "client_id=a&client_assertion=x.y.z&client_assertion_type=jwt",
    ] {
        assert_eq!(read(None, alone), Err(Error::OtherAssertionType), "{alone}");
    }
    assert!(matches!(
        read(
            None,
            &format!("{assertion}&client_assertion=u.v.w&client_id=a")
        ),
        Err(Error::Repeated(_))
    ));
}

#[test]
fn what_shipping_clients_repeat_is_no_contradiction() {
    assert!(read(Some(&basic("app:s")), "client_id=app&client_secret=").is_ok());
    assert!(read(None, "client_id=app&client_id=app&client_secret=").is_ok());
    assert_eq!(
        read(None, "client_id=app&client_secret=").unwrap().secret,
        None
    );
    assert_eq!(read(Some(&basic("app:")), "").unwrap().secret, None);
}

/// Row E3.
#[test]
fn a_client_authenticates_as_it_is_registered() {
    let none = read(None, "client_id=app").unwrap();
    let post = read(None, "client_id=app&client_secret=s").unwrap();
    let basic = read(Some(&basic("app:s")), "").unwrap();
    assert_eq!(required_proof(AuthMethod::None, &none), Ok(Proof::Nothing));
    assert_eq!(
        required_proof(AuthMethod::None, &post),
        Err(Error::SecretOfPublicClient)
    );
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
        for presented in [&post, &basic] {
            assert!(matches!(
                required_proof(method, presented),
                Ok(Proof::Secret(_))
            ));
        }
        assert_eq!(required_proof(method, &none), Err(Error::SecretMissing));
    }
    assert_eq!(
        required_proof(AuthMethod::PrivateKeyJwt, &basic),
        Err(Error::OtherMethod)
    );
    assert!(
        [
            Error::SecretMissing,
            Error::OtherMethod,
            Error::SecretOfPublicClient
        ]
        .iter()
        .all(|error| error.code() == ErrorCode::InvalidClient)
    );
}

/// RFC 7521 §4.2.
#[test]
fn an_assertion_names_its_client_where_the_request_does_not() {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let read_payload = |payload: &str| {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        read(
            None,
            &format!("client_assertion=x.{payload}.z&client_assertion_type={ASSERTION_TYPE}"),
        )
    };
    let found = read_payload(r#"{"sub":"https://app.example/client"}"#).unwrap();
    assert_eq!(found.client_id.as_str(), "https://app.example/client");
    assert!(found.assertion.is_some() && found.secret.is_none());
    for bad in [r#"{"iss":"app"}"#, r#"{"sub":5}"#, r#"{"sub":""}"#, "x"] {
        assert_eq!(read_payload(bad), Err(Error::NoClient), "{bad}");
    }
}

/// Row E3: an assertion is for clients that registered keys, and nothing else is.
#[test]
fn an_assertion_and_a_secret_never_stand_for_each_other() {
    let body = format!("client_id=a&client_assertion=x.y.z&client_assertion_type={ASSERTION_TYPE}");
    let presented = read(None, &body).unwrap();
    assert!(matches!(
        required_proof(AuthMethod::PrivateKeyJwt, &presented),
        Ok(Proof::Assertion(_))
    ));
    for method in AuthMethod::ALL
        .iter()
        .filter(|one| **one != AuthMethod::PrivateKeyJwt)
    {
        assert_eq!(required_proof(*method, &presented), Err(Error::OtherMethod));
    }
    let none = read(None, "client_id=a").unwrap();
    assert_eq!(
        required_proof(AuthMethod::PrivateKeyJwt, &none),
        Err(Error::AssertionMissing)
    );
}

#[test]
fn a_secret_stays_out_of_debug() {
    let shown = format!("{:?}", read(Some(&basic("app:s%33cret")), "").unwrap());
    assert!(!shown.contains("s3cret") && !shown.contains("s%33cret"));
}

proptest! {
    #[test]
    fn plain_credentials_survive_either_encoding(id in "[A-Za-z0-9._~-]{1,30}", secret in "[A-Za-z0-9._~-]{1,40}") {
        let found = read(Some(&basic(&format!("{id}:{secret}"))), "").unwrap();
        prop_assert_eq!(found.client_id.as_str(), id.as_str());
        prop_assert_eq!(secrets(&found), vec![secret.as_str()]);
        prop_assert!(found.raw_client_id.is_none());
    }

    #[test]
    fn form_encoded_credentials_are_decoded(id in "[ -~]{1,30}", secret in "\\PC{1,30}") {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let header = basic(&format!("{}:{}", encode(&id), encode(&secret)));
        let found = read(Some(&header), "").unwrap();
        prop_assert_eq!(found.client_id.as_str(), id.as_str());
        prop_assert_eq!(secrets(&found)[0], secret.as_str());
    }

    #[test]
    fn no_header_panics(header in "\\PC{0,60}") {
        let _ = read(Some(&header), "client_id=a");
        let _ = read(Some(&format!("Basic {header}")), "client_id=a");
    }
}
