use super::consent::{ConsentPage, DeviceView, ResourceView, ScopeView};
use super::device::{DeviceDonePage, DevicePage};
use super::error::{BackButton, DeveloperNote, ErrorPage};
use super::login::{Failure, LoginPage, ReturnsTo};
use super::logout::{AskingView, BackView, LogoutDonePage, LogoutPage};
use super::*;

const HOSTILE: &str = "<script>alert('x')</script>\"&\r\n";

fn login(text: &str) -> LoginPage {
    LoginPage {
        frame: Frame::of_tenant(text),
        action: "/t/acme/login".into(),
        pending: text.into(),
        client_name: text.into(),
        is_unverified: true,
        returns_to: Some(ReturnsTo {
            host: text.into(),
            is_loopback: true,
        }),
        username: text.into(),
        failure: Some(Failure {
            title: "Not signed in",
            advice: "Try again.",
        }),
    }
}

fn consent(text: &str) -> ConsentPage {
    ConsentPage {
        frame: Frame::of_tenant(text),
        action: "/t/acme/consent".into(),
        pending: text.into(),
        username: text.into(),
        client_name: text.into(),
        logo: Some(text.into()),
        client_initial: text.into(),
        client_host: Some(text.into()),
        is_host_proven: false,
        badge: text.into(),
        vouched: text.into(),
        is_unverified: true,
        returns_to: Some(ReturnsTo {
            host: text.into(),
            is_loopback: true,
        }),
        is_private_scheme: false,
        is_device_only: true,
        is_remembered: false,
        device: Some(DeviceView {
            address: text.into(),
            minutes_ago: 2,
            is_elsewhere: true,
        }),
        resources: vec![ResourceView {
            name: text.into(),
            identifier: text.into(),
        }],
        scopes: vec![ScopeView {
            name: text.into(),
            description: text.into(),
            is_chosen: true,
        }],
        withheld: vec![text.into()],
        error_id: text.into(),
        failure: None,
    }
}

fn device(text: &str) -> DevicePage {
    DevicePage {
        frame: Frame::of_tenant(text),
        action: "/t/acme/device".into(),
        user_code: text.into(),
        failure: Some(Failure {
            title: "No device",
            advice: "Try again.",
        }),
    }
}

fn device_done(text: &str) -> DeviceDonePage {
    DeviceDonePage {
        frame: Frame::of_tenant(text),
        client_name: text.into(),
        is_approved: true,
        error_id: None,
    }
}

fn logout(text: &str) -> LogoutPage {
    LogoutPage {
        frame: Frame::of_tenant(text),
        action: "/t/acme/logout".into(),
        pending: text.into(),
        username: text.into(),
        asking: Some(AskingView {
            client_name: text.into(),
            is_unverified: true,
        }),
        problem: Some(text.into()),
    }
}

fn logout_done(text: &str) -> LogoutDonePage {
    LogoutDonePage {
        frame: Frame::of_tenant(text),
        is_signed_out: true,
        problem: Some(text.into()),
        back: Some(BackView {
            href: text.into(),
            client_name: text.into(),
            host: text.into(),
        }),
    }
}

fn error(text: &str) -> ErrorPage {
    ErrorPage {
        frame: Frame::of_tenant(text),
        what: text.into(),
        why: text.into(),
        advice: text.into(),
        contact: text.into(),
        error_id: text.into(),
        code: text.into(),
        detail: text.into(),
        application: Some(text.into()),
        note: Some(DeveloperNote {
            client_id: text.into(),
            code: text.into(),
            member: text.into(),
            reason: text.into(),
        }),
        back: Some(BackButton {
            href: text.into(),
            client_name: text.into(),
            host: text.into(),
        }),
        retry: Some(text.into()),
    }
}

/// L9: nothing that a client, a user or an administrator names becomes markup.
#[test]
fn hostile_names_are_escaped_on_every_page() {
    for body in [
        login(HOSTILE).render().unwrap(),
        consent(HOSTILE).render().unwrap(),
        device(HOSTILE).render().unwrap(),
        device_done(HOSTILE).render().unwrap(),
        logout(HOSTILE).render().unwrap(),
        logout_done(HOSTILE).render().unwrap(),
        error(HOSTILE).render().unwrap(),
    ] {
        assert!(!body.contains("<script"), "{body}");
        assert!(!body.contains("'x'"), "{body}");
        assert!(body.contains("&#60;script&#62;"), "{body}");
    }
}

/// A style attribute or an inline script would need a hole in the policy.
#[test]
fn no_page_needs_inline_style_or_script() {
    for body in [
        login("Acme").render().unwrap(),
        consent("Acme").render().unwrap(),
        device("Acme").render().unwrap(),
        device_done("Acme").render().unwrap(),
        logout("Acme").render().unwrap(),
        logout_done("Acme").render().unwrap(),
        error("Acme").render().unwrap(),
    ] {
        assert!(!body.contains(" style="), "{body}");
        assert!(!body.contains("<script"), "{body}");
        assert!(body.contains("<html lang=\"en\">"), "{body}");
        assert!(body.contains("· Acme</title>"), "{body}");
    }
}

/// L1: every page carries the same headers, and no `form-action`.
#[test]
fn every_page_carries_the_headers() {
    let response = respond(StatusCode::OK, &login("Acme"));
    let headers = response.headers();
    let value = |name: header::HeaderName| headers.get(name).unwrap().to_str().unwrap();
    assert!(!value(header::CONTENT_SECURITY_POLICY).contains("form-action"));
    assert!(value(header::CONTENT_SECURITY_POLICY).contains("frame-ancestors 'none'"));
    assert_eq!(value(header::X_FRAME_OPTIONS), "DENY");
    assert_eq!(value(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(value(header::REFERRER_POLICY), "same-origin");
    assert_eq!(value(header::CACHE_CONTROL), "no-store");
}

/// The style sheet that pages name is the one that is served.
#[test]
fn the_named_assets_are_served() {
    assert!(assets::find(assets::stylesheet_path()).is_some());
    assert!(assets::find(assets::icon_path()).is_some());
    assert!(assets::find("/assets/other.css").is_none());
}

#[test]
fn the_mark_is_the_first_letter_of_the_name() {
    assert_eq!(Frame::of_tenant(" «acme»").initial, "A");
    assert_eq!(Frame::of_nobody().initial, "");
}
