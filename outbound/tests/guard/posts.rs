//! The one thing that is sent: a form, through the same guard as every fetch.

use outbound::{FetchError, FetchKind};

use crate::site::{Answer, Site, URL, answer_of, request};

async fn post_to(answer: Answer) -> (Result<(), FetchError>, String) {
    let mut site = Site::start(answer).await;
    let outbound = site.outbound();
    let asked = request(URL, FetchKind::LogoutNotice);
    let posted = outbound
        .post_form(&asked, "logout_token=a.b.c".to_owned())
        .await;
    (posted, site.request().await)
}

#[tokio::test]
async fn a_form_is_posted_without_credentials() {
    let (posted, head) = post_to(answer_of("200 OK", "", b"")).await;
    assert_eq!(posted, Ok(()));
    assert!(head.starts_with("post /client.json http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"));
    assert!(head.contains("content-length: 18\r\n"));
    for absent in ["authorization:", "cookie:", "referer:", "origin:"] {
        assert!(!head.contains(absent), "{head}");
    }
}

/// OpenID Connect Back-Channel Logout §2.8: 200, and 204 of frameworks that cannot but.
#[tokio::test]
async fn two_statuses_mean_that_it_was_taken() {
    let (posted, _) = post_to(answer_of("204 No Content", "", b"")).await;
    assert_eq!(posted, Ok(()));
    for (status, error) in [
        ("400 Bad Request", FetchError::Status(400)),
        ("201 Created", FetchError::Status(201)),
        ("500 Oops", FetchError::Status(500)),
    ] {
        let (posted, _) = post_to(answer_of(status, "", b"")).await;
        assert_eq!(posted, Err(error));
    }
}

/// Row K5: a token is not handed on to wherever the host points.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let to_itself = format!("location: {URL}\r\n");
    let (posted, _) = post_to(answer_of("307 Temporary Redirect", &to_itself, b"")).await;
    assert_eq!(posted, Err(FetchError::Redirect(307)));
}

/// Nothing that it answers with is read, however much there is of it.
#[tokio::test]
async fn an_endless_answer_is_left_unread() {
    let endless = Answer::Endless {
        head: b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n".to_vec(),
        piece: vec![b'x'; 4_096],
    };
    let (posted, _) = post_to(endless).await;
    assert_eq!(posted, Ok(()));
}
