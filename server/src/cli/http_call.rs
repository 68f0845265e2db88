//! One HTTP/1.1 call to a server of ours on a plain port: for the health check and for filling `writ dev`.
//!
//! Not a client library: no TLS, no redirects, no pooling. Calls to the world go through `outbound`.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TIME_LIMIT: Duration = Duration::from_secs(10);
const SIZE_LIMIT: u64 = 1024 * 1024;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) bearer: Option<&'a str>,
    pub(super) json: Option<String>,
}

impl<'a> Call<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            bearer: None,
            json: None,
        }
    }
}

/// An address to call when a server listens on `listen`: the unspecified address means every interface.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Calls and waits for the whole answer.
pub(super) async fn call(address: SocketAddr, call: &Call<'_>) -> std::io::Result<Answer> {
    tokio::time::timeout(TIME_LIMIT, exchange(address, call))
        .await
        .map_err(|_| {
            std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer within 10 seconds")
        })?
}

async fn exchange(address: SocketAddr, call: &Call<'_>) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(request_text(address, call).as_bytes())
        .await?;
    let mut raw = Vec::new();
    // `connection: close` makes the end of the stream the end of the answer.
    stream.take(SIZE_LIMIT).read_to_end(&mut raw).await?;
    parse(&raw).ok_or_else(|| {
        std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "what answered does not speak HTTP",
        )
    })
}

fn request_text(address: SocketAddr, call: &Call<'_>) -> String {
    let mut text = format!(
        "{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\naccept: application/json\r\n",
        call.method, call.path
    );
    if let Some(key) = call.bearer {
        text.push_str("authorization: Bearer ");
        text.push_str(key);
        text.push_str("\r\n");
    }
    let body = call.json.as_deref().unwrap_or_default();
    if call.json.is_some() {
        text.push_str("content-type: application/json\r\n");
    }
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(raw);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head
        .strip_prefix("HTTP/1.")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    let is_chunked = head
        .to_ascii_lowercase()
        .contains("\r\ntransfer-encoding: chunked");
    let body = if is_chunked {
        unchunk(body)?
    } else {
        body.to_owned()
    };
    Some(Answer { status, body })
}

// RFC 9112 §7.1: chunks of a hexadecimal length, the last of length zero.
fn unchunk(mut body: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n")?;
        let length = usize::from_str_radix(length.split(';').next()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.push_str(rest.get(..length)?);
        body = rest.get(length..)?.strip_prefix("\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_in_chunks() {
        let whole = parse(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        assert_eq!((whole.status, whole.body.as_str()), (200, "{}"));
        let chunked = parse(b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n").unwrap();
        assert_eq!((chunked.status, chunked.body.as_str()), (409, "{}"));
        assert!(parse(b"SSH-2.0-OpenSSH\r\n\r\n").is_none());
    }

    #[test]
    fn every_interface_is_called_on_loopback() {
        assert_eq!(
            reachable("0.0.0.0:9001".parse().unwrap()),
            "127.0.0.1:9001".parse().unwrap()
        );
        assert_eq!(
            reachable("[::]:9001".parse().unwrap()),
            "[::1]:9001".parse().unwrap()
        );
        assert_eq!(
            reachable("10.0.0.1:1".parse().unwrap()),
            "10.0.0.1:1".parse().unwrap()
        );
    }
}
