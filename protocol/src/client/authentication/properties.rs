//! Rows E2, E4: whatever stands in a header and a body, what is accepted was sent, once.

use proptest::prelude::*;

use super::*;

/// Headers that are nearly right, and others.
fn headers() -> impl Strategy<Value = String> {
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    prop_oneof![
        "[a-z%+:. é]{0,12}".prop_map(basic),
        "[ -~]{0,30}".prop_map(basic),
        "(Basic|basic|Bearer|) {0,2}[A-Za-z0-9+/=_-]{0,20}",
        "\\PC{0,40}",
    ]
}

fn bodies() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        "client_id=[a-z%:.]{0,6}",
        "client_secret=[a-z]{0,3}",
        Just(format!("client_assertion_type={ASSERTION_TYPE}")),
        "client_assertion=[a-zA-Z0-9.]{0,12}",
        "[a-z_]{1,8}=[ -%'-~]{0,6}",
    ];
    prop::collection::vec(field, 0..4).prop_map(|fields| fields.join("&"))
}

/// The parts of a Basic header, in their two readings.
fn readings(header: &str, part: usize) -> Vec<String> {
    let encoded = header.trim().split_once(' ').map_or("", |(_, rest)| rest);
    let encoded = encoded.trim();
    let bytes = STANDARD
        .decode(encoded)
        .or_else(|_| STANDARD_NO_PAD.decode(encoded))
        .unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let raw = text.splitn(2, ':').nth(part).unwrap_or_default().to_owned();
    form_decode(&raw).into_iter().chain([raw]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_accepted_was_sent_in_one_place(header in prop::option::of(headers()), body in bodies()) {
        let Ok(parameters) = Parameters::parse(body.as_bytes()) else {
            return Ok(());
        };
        let Ok(presented) = PresentedCredentials::from_request(header.as_deref(), &parameters) else {
            return Ok(());
        };
        prop_assert!(presented.client_ids().all(|id| !id.as_str().is_empty()));
        let ways = [
            header.is_some(),
            parameters.single("client_secret").ok().flatten().is_some(),
            presented.assertion.is_some(),
        ];
        prop_assert!(ways.iter().filter(|way| **way).count() <= 1, "{:?}", ways);
        let Some(header) = header else {
            return Ok(());
        };
        let ids = readings(&header, 0);
        for id in presented.client_ids() {
            prop_assert!(ids.iter().any(|reading| reading == id.as_str()), "{:?}", ids);
        }
        let secrets = readings(&header, 1);
        for secret in presented.secret.iter().flat_map(PresentedSecret::readings) {
            prop_assert!(!secret.expose().is_empty());
            prop_assert!(secrets.iter().any(|reading| reading == secret.expose()));
        }
    }
}
