//! Errors before an endpoint with pages is reached: a person stands before it, so it is a page.
//!
//! Not here: what goes wrong within a sign-in (`authorize`).

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use super::oauth_error::OAuthFailure;
use super::request_id::RequestId;
use crate::pages::error::ErrorPage;
use crate::pages::{self, Frame};

const BEGIN_AGAIN: &str = "Go back to the application and start connecting again from there.";

pub fn not_found(request_id: RequestId) -> HttpResponse {
    page(
        StatusCode::NOT_FOUND,
        "There is nothing here",
        "The link that brought you here names a sign-in service that does not exist, or no longer does.",
        BEGIN_AGAIN,
        request_id,
    )
}

pub fn method_not_allowed(request_id: RequestId) -> HttpResponse {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "This page cannot be called this way",
        "The application sent a request that this page does not take.",
        BEGIN_AGAIN,
        request_id,
    )
}

pub fn unavailable(failure: &OAuthFailure, request_id: RequestId) -> HttpResponse {
    failure.log(request_id);
    let mut response = page(
        failure.status(),
        "We cannot answer just now",
        "The sign-in service is busy or being looked after. Nothing is lost.",
        "Wait a moment, then load this page again.",
        request_id,
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
    response
}

fn page(
    status: StatusCode,
    what: &str,
    why: &str,
    advice: &str,
    request_id: RequestId,
) -> HttpResponse {
    let page = ErrorPage {
        frame: Frame::of_nobody(),
        what: what.to_owned(),
        why: why.to_owned(),
        advice: advice.to_owned(),
        contact: "whoever runs the application".to_owned(),
        error_id: request_id.to_string(),
        code: String::new(),
        detail: String::new(),
        application: None,
        note: None,
        back: None,
        retry: None,
    };
    pages::respond(status, &page)
}
