//! `pods/portforward` over WebSockets: for the `i`th port channel `2i` carries
//! data and `2i+1` an error; both begin with the port number. Behind each port
//! answers a small HTTP server that says which pod it is.

use crate::hooks::PodRequest;
use crate::http_body::Body;
use crate::status::ApiError;
use crate::value::{list, name, namespace, text};
use crate::websocket::{Socket, upgrade};
use futures::{SinkExt, StreamExt};
use http::Response;
use serde_json::Value;
use std::collections::HashMap;
use tokio_tungstenite::tungstenite::Message;

/// Opens the ports asked for.
///
/// # Errors
/// When no port is asked for or the pod does not run.
pub fn answer(request: PodRequest) -> Result<Response<Body>, ApiError> {
    let pod = request.pod.value();
    let asked = request.query.iter().filter(|(k, _)| k == "ports").flat_map(|(_, v)| v.split(','));
    let ports: Vec<u16> = asked
        .map(|p| p.parse().map_err(|_| ApiError::bad_request(format!("unable to parse {p:?} as a port"))))
        .collect::<Result<_, _>>()?;
    if ports.is_empty() {
        return Err(ApiError::bad_request("query parameter \"ports\" is required"));
    }
    if text(&pod, "status.phase") != "Running" {
        let message =
            format!("unable to forward port because pod is not running. Current status={}", text(&pod, "status.phase"));
        return Err(ApiError::bad_request(message));
    }
    let protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io", "portforward.k8s.io"];
    upgrade(request, &protocols, move |socket, _| async move {
        // The client's end of the connection is the end of the forward.
        let _ = serve(socket, &pod, &ports).await;
    })
}

async fn serve(mut socket: Socket, pod: &Value, ports: &[u16]) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    for (i, port) in ports.iter().enumerate() {
        for channel in [2 * i, 2 * i + 1] {
            let [low, high] = port.to_le_bytes();
            socket.send(Message::Binary(vec![channel as u8, low, high].into())).await?;
        }
    }
    let mut received: HashMap<u8, Vec<u8>> = HashMap::new();
    while let Some(message) = socket.next().await {
        let bytes = match message? {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => break,
            _ => continue,
        };
        let Some((&channel, data)) = bytes.split_first() else { continue };
        let Some(&port) = ports.get(usize::from(channel / 2)).filter(|_| channel % 2 == 0) else { continue };
        let open = listens(pod, port);
        if !open {
            let error = format!(
                "an error occurred forwarding {port}: failed to connect to localhost:{port} inside namespace: connection refused"
            );
            let mut frame = vec![channel + 1];
            frame.extend(error.into_bytes());
            socket.send(Message::Binary(frame.into())).await?;
            continue;
        }
        let buffer = received.entry(channel).or_default();
        buffer.extend_from_slice(data);
        while let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.drain(..end + 4);
            let mut frame = vec![channel];
            frame.extend(page(pod, port, &head).into_bytes());
            socket.send(Message::Binary(frame.into())).await?;
        }
    }
    socket.close(None).await
}

/// Whether a container of the pod declares the port.
pub fn listens(pod: &Value, port: u16) -> bool {
    list(pod, "spec.containers").iter().flat_map(|c| list(c, "ports")).any(|p| p["containerPort"] == port)
}

/// The HTTP answer to one request head.
pub fn page(pod: &Value, port: u16, head: &str) -> String {
    let path = head.split_whitespace().nth(1).unwrap_or("/");
    let path: String = path.chars().filter(|c| !matches!(c, '<' | '>' | '&')).collect();
    let body = format!(
        "<!doctype html><title>{0}</title><h1>{1}/{0}</h1><p>port {port}, path {path}</p>\n",
        name(pod),
        namespace(pod)
    );
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}
