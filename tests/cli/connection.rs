//! The way to the admin API: TLS by authorities that somebody names, and a key that goes nowhere else.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Folder;
use crate::harness::{TestApp, writ};

/// Ends TLS in front of a server, as a proxy does; the certificate that it shows, as PEM.
async fn tls_in_front_of(server: SocketAddr) -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut there = TcpStream::connect(server).await?;
                let mut here = acceptor.accept(stream).await?;
                copy_bidirectional(&mut here, &mut there).await
            });
        }
    });
    (address, pem_of(made.cert.der()))
}

/// A certificate that no authority vouches for is refused; one that the operator's authority vouches for is taken.
#[tokio::test]
async fn a_proxy_that_ends_tls_is_trusted_by_its_authority() {
    let app = TestApp::start().await;
    let folder = Folder::new();
    let (proxy, certificate) = tls_in_front_of(app.admin().wire().address()).await;
    let authorities = folder.file("authorities.pem", &certificate);
    let url = format!("https://localhost:{}", proxy.port());
    let environment = [
        ("WRIT_ADMIN_URL", url.as_str()),
        ("WRIT_ADMIN_KEY", app.admin().key()),
    ];
    let refused = writ(&["tenant", "list"], &environment).await.expect_code(4);
    assert!(refused.error.contains("certificate"), "{}", refused.error);
    let trusting = ["tenant", "list", "--ca-file", &authorities];
    writ(&trusting, &environment).await.expect_success();
}

/// A redirect would take the key to whom the operator did not name; plain http would show it to everybody on the way.
#[tokio::test]
async fn a_key_goes_where_it_was_sent_and_nowhere_else() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let elsewhere = app.admin().url("/admin/v1/tenants");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert_ne!(read, 0);
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let environment = [
        ("WRIT_ADMIN_URL", url.as_str()),
        ("WRIT_ADMIN_KEY", app.admin().key()),
    ];
    let said = writ(&["tenant", "list"], &environment).await.expect_code(3);
    assert!(said.error.contains("redirect"), "{}", said.error);

    let plain = [
        ("WRIT_ADMIN_URL", "http://admin.example.com"),
        ("WRIT_ADMIN_KEY", app.admin().key()),
    ];
    let said = writ(&["tenant", "list"], &plain).await.expect_code(64);
    assert!(said.error.contains("in the clear"), "{}", said.error);
}

/// Whatever answers there with a page, a 200 or a redirect is not the admin API, and nothing was made.
#[tokio::test]
async fn an_answer_that_is_not_the_admin_apis_is_told_as_such() {
    for (answer, is_read, is_made) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            false,
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            true,
            false,
        ),
        (
            "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
            false,
            false,
        ),
    ] {
        let url = answering(answer).await;
        let environment = [("WRIT_ADMIN_URL", url.as_str()), ("WRIT_ADMIN_KEY", "x")];
        for (command, is_good) in [
            (&["tenant", "show", "acme"][..], is_read),
            (&["tenant", "create", "acme"], is_made),
            (&["tenant", "list"], false),
        ] {
            let said = writ(command, &environment).await;
            assert_eq!(said.is_success, is_good, "{command:?} {answer} {said:?}");
            let is_told = said.error.contains("does not look like Writ's admin API");
            assert_eq!(is_told, !is_good, "{command:?} {answer} {said:?}");
        }
    }
}

/// The admin port speaks no TLS itself: whoever says https to it is told what to say.
#[tokio::test]
async fn tls_to_a_plain_port_is_told_as_such() {
    let app = TestApp::start().await;
    let url = app.admin().url("").replace("http://", "https://");
    let environment = [
        ("WRIT_ADMIN_URL", url.as_str()),
        ("WRIT_ADMIN_KEY", app.admin().key()),
    ];
    let said = writ(&["tenant", "list"], &environment).await.expect_code(4);
    assert!(said.error.contains("it speaks no TLS"), "{}", said.error);
}

/// Something that answers every call alike.
async fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

/// RFC 7468.
fn pem_of(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}
