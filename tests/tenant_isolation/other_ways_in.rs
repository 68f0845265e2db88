//! Handles of the ways in that begin without a link, and where they can be presented: device codes, user codes
//! (RFC 8628) and pushed requests (RFC 9126). Part of the matrix of `stolen_secrets`.

use std::collections::BTreeMap;

use reqwest::Method;

use super::Place;
use super::stolen_secrets::Slot;
use crate::harness::DEVICE_CODE_GRANT;

/// What opens something where a device or a pushed request is waited for.
pub(super) async fn haul(place: &Place) -> BTreeMap<&'static str, String> {
    let codes = place.public.device_codes().await;
    let pushed = place.public.authorization_request().push().await;
    let pushed = pushed.expect_status(201);
    BTreeMap::from([
        ("device code", codes.device_code),
        ("user code", codes.user_code),
        ("request_uri", pushed.text("request_uri")),
    ])
}

pub(super) const SLOTS: &[Slot] = &[
    ("token: device_code", |at, _, it| {
        at.public.post_request(
            "token",
            &[("grant_type", DEVICE_CODE_GRANT), ("device_code", it)],
        )
    }),
    ("device_authorization: client_id", |at, _, it| {
        at.post("device_authorization", &[("client_id", it)])
    }),
    ("device: user_code", |at, _, it| {
        at.step("device", &[("user_code", it)])
    }),
    ("par: client_id", |at, _, it| {
        at.post("par", &[("client_id", it), ("response_type", "code")])
    }),
    ("par: request_uri", |at, _, it| {
        at.public.post_request("par", &[("request_uri", it)])
    }),
    ("authorize: request_uri", |at, _, it| {
        let url = at.public.authorization_request().referring_to(it).url();
        at.tenant.wire().request(Method::GET, &url)
    }),
];
