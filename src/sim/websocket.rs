//! Upgrading a request to a WebSocket with a Kubernetes channel protocol.

use crate::hooks::PodRequest;
use crate::http_body::{Body, full};
use crate::status::ApiError;
use http::{HeaderMap, Response, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The server's side of an upgraded connection.
pub type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The first protocol of `ours` that the client offers.
pub fn choose<'a>(headers: &HeaderMap, ours: &[&'a str]) -> Option<&'a str> {
    let offered: Vec<&str> = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .collect();
    ours.iter().copied().find(|p| offered.contains(p))
}

/// Answers 101 and runs `serve` on the socket once the client has switched.
///
/// # Errors
/// 400 when the request is no WebSocket upgrade or offers none of the protocols.
pub fn upgrade<F, Fut>(request: PodRequest, ours: &[&str], serve: F) -> Result<Response<Body>, ApiError>
where
    F: FnOnce(Socket, String) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let headers = request.request.headers();
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY).map(|k| derive_accept_key(k.as_bytes())) else {
        return Err(ApiError::bad_request("Upgrade request required"));
    };
    let Some(protocol) = choose(headers, ours).map(str::to_owned) else {
        return Err(ApiError::bad_request(format!(
            "unable to upgrade: requested protocol is not one of {}",
            ours.join(", ")
        )));
    };
    let answer = Response::builder()
        .status(101)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, key)
        .header(header::SEC_WEBSOCKET_PROTOCOL, &protocol)
        .body(full(""))
        .map_err(|e| ApiError::internal(e.to_string()))?;
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request.request).await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            serve(socket, protocol).await;
        }
    });
    Ok(answer)
}
