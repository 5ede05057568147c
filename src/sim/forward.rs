//! `pods/portforward` over WebSockets: for the `i`th port channel `2i` carries
//! data and `2i+1` an error; both begin with the port number. Behind each port
//! answers a small HTTP server that says which pod it is.

use crate::hooks::PodRequest;
use crate::http_body::Body;
use crate::spdy::{self, Frame};
use crate::status::ApiError;
use crate::value::{list, name, namespace, text};
use crate::websocket::{Socket, choose, upgrade};
use futures::{SinkExt, StreamExt};
use http::Response;
use serde_json::Value;
use std::collections::HashMap;
use tokio_tungstenite::tungstenite::Message;

/// How kubectl (1.31 and later) forwards ports: SPDY frames inside a WebSocket.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";

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
    let tunnel = choose(request.request.headers(), &[TUNNEL]).is_some();
    if ports.is_empty() && !tunnel {
        return Err(ApiError::bad_request("query parameter \"ports\" is required"));
    }
    if text(&pod, "status.phase") != "Running" {
        let message =
            format!("unable to forward port because pod is not running. Current status={}", text(&pod, "status.phase"));
        return Err(ApiError::bad_request(message));
    }
    if tunnel {
        return upgrade(request, &[TUNNEL], move |socket, _| async move {
            // The client's end of the connection is the end of the forward.
            let _ = serve_tunnel(socket, &pod).await;
        });
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
            let error = refusal(port);
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

/// One connection of the tunnel: its data stream, its error stream, its port.
#[derive(Default)]
struct Pair {
    data: u32,
    error: u32,
    port: u16,
    received: Vec<u8>,
}

async fn serve_tunnel(mut socket: Socket, pod: &Value) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let mut reader = spdy::Reader::default();
    let mut pairs: HashMap<String, Pair> = HashMap::new();
    let mut first = true;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Binary(bytes) => reader.push(&bytes),
            Message::Close(_) => break,
            _ => continue,
        }
        let mut out = Vec::new();
        loop {
            match reader.next_frame() {
                Ok(Some(Frame::Open { stream, headers })) => {
                    let get = |key: &str| headers.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
                    let pair = pairs.entry(get("requestid").to_owned()).or_default();
                    pair.port = get("port").parse().unwrap_or(0);
                    if get("streamtype") == "error" {
                        pair.error = stream
                    } else {
                        pair.data = stream
                    }
                    out.extend(spdy::accept(stream, first));
                    first = false;
                    if pair.data != 0 && pair.error != 0 && !listens(pod, pair.port) {
                        out.extend(spdy::data(pair.error, refusal(pair.port).as_bytes(), true));
                        out.extend(spdy::data(pair.data, b"", true));
                    }
                }
                Ok(Some(Frame::Data { stream, bytes, last })) => {
                    let Some(pair) = pairs.values_mut().find(|p| p.data == stream) else { continue };
                    pair.received.extend(bytes);
                    while let Some(end) = pair.received.windows(4).position(|w| w == b"\r\n\r\n") {
                        let head = String::from_utf8_lossy(&pair.received[..end]).into_owned();
                        pair.received.drain(..end + 4);
                        out.extend(spdy::data(stream, page(pod, pair.port, &head).as_bytes(), false));
                    }
                    if last {
                        out.extend(spdy::data(pair.data, b"", true));
                        out.extend(spdy::data(pair.error, b"", true));
                        pairs.retain(|_, p| p.data != stream);
                    }
                }
                Ok(Some(Frame::Ping(id))) => out.extend(spdy::pong(id)),
                Ok(Some(Frame::Leave)) | Err(_) => return socket.close(None).await,
                Ok(None) => break,
            }
        }
        if !out.is_empty() {
            socket.send(Message::Binary(out.into())).await?;
        }
    }
    Ok(())
}

fn refusal(port: u16) -> String {
    format!(
        "an error occurred forwarding {port}: failed to connect to localhost:{port} inside namespace: connection refused"
    )
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
