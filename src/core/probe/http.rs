//! One HTTP request over an open connection, and what came back: as much of it as tells something.

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;

/// Sends a GET and takes the answer; of its body no more than `largest` bytes. `why`: what the request says it is for.
///
/// # Errors
/// In words, when the connection broke off or no HTTP came back.
pub(super) async fn get<S>(
    stream: S,
    uri: &http::Uri,
    why: &str,
    largest: usize,
) -> Result<(u16, http::HeaderMap, String), String>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(|e| e.to_string())?;
    let driver = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = http::Request::get(path)
        .header(http::header::HOST, uri.authority().map_or("", http::uri::Authority::as_str))
        .header(http::header::USER_AGENT, format!("quarterdeck/{} ({why})", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|e| e.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let (parts, body) = response.into_parts();
        let bytes = Limited::new(body, largest).collect().await.map(http_body_util::Collected::to_bytes);
        Ok((parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()))
    };
    let answer = answer.await;
    driver.abort();
    answer
}

/// A header as harmless text; empty where it is not there.
pub(super) fn header(headers: &http::HeaderMap, name: http::HeaderName) -> Option<String> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(|v| crate::text::clean_line(v).into_owned())
}
