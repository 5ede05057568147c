//! `pods/exec` and `pods/attach` over WebSockets: channel 0 is standard input,
//! 1 output, 2 error, 3 the final `Status`, 4 terminal sizes, 255 closes one.

use crate::container::{Container, Outcome};
use crate::hooks::PodRequest;
use crate::http_body::Body;
use crate::status::ApiError;
use crate::value::{name, text};
use crate::websocket::{Socket, upgrade};
use futures::{SinkExt, StreamExt};
use http::Response;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// Runs a command in the scripted container.
///
/// # Errors
/// When the pod or the container does not run, or nothing is to be run.
pub fn answer(request: PodRequest) -> Result<Response<Body>, ApiError> {
    let pod = request.pod.value();
    let get = |key: &str| request.query.iter().find(|(k, _)| k == key).map_or("", |(_, v)| v.as_str());
    let flag = |key: &str| matches!(get(key), "true" | "1");
    let wanted = get("container").to_owned();
    if matches!(text(&pod, "status.phase"), "Succeeded" | "Failed") {
        let message =
            format!("cannot exec into a container in a completed pod; current phase is {}", text(&pod, "status.phase"));
        return Err(ApiError::bad_request(message));
    }
    let Some(container) = Container::of(&pod, &wanted) else {
        return Err(ApiError::bad_request(format!("container {wanted} is not valid for pod {}", name(&pod))));
    };
    let command: Vec<String> = request.query.iter().filter(|(k, _)| k == "command").map(|(_, v)| v.clone()).collect();
    let attach = request.subresource == "attach";
    if command.is_empty() && !attach {
        return Err(ApiError::bad_request("you must specify at least 1 command for the container"));
    }
    let session = Session { container, command, stdin: flag("stdin"), tty: flag("tty"), attach };
    upgrade(request, &["v5.channel.k8s.io", "v4.channel.k8s.io"], |socket, _| session.serve(socket))
}

struct Session {
    container: Container,
    command: Vec<String>,
    stdin: bool,
    tty: bool,
    attach: bool,
}

impl Session {
    async fn serve(self, mut socket: Socket) {
        // A client that goes away in the middle leaves nothing to tell.
        let _ = self.talk(&mut socket).await;
        let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _ = socket.close(Some(normal)).await;
    }

    async fn talk(&self, socket: &mut Socket) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        let outcome = if self.attach {
            send(socket, 1, b"attached to a scripted container\n").await?;
            Outcome::default()
        } else if self.stdin && self.interactive() {
            self.shell(socket).await?
        } else {
            let mut input = Vec::new();
            if self.stdin {
                while let Some(bytes) = read(socket).await? {
                    input.extend(bytes);
                }
            }
            self.container.run(&self.command, &input)
        };
        for chunk in outcome.stdout.chunks(16 * 1024) {
            send(socket, 1, chunk).await?;
        }
        for chunk in outcome.stderr.chunks(16 * 1024) {
            send(socket, if self.tty { 1 } else { 2 }, chunk).await?;
        }
        send(socket, 3, status(outcome.code).to_string().as_bytes()).await
    }

    fn interactive(&self) -> bool {
        self.tty && self.command.len() == 1
    }

    /// A prompt, line by line, with the echo a terminal gives.
    async fn shell(&self, socket: &mut Socket) -> Result<Outcome, tokio_tungstenite::tungstenite::Error> {
        let mut line = Vec::new();
        let mut code = 0;
        send(socket, 1, b"/ # ").await?;
        while let Some(bytes) = read(socket).await? {
            for byte in bytes {
                match byte {
                    b'\r' | b'\n' => {
                        send(socket, 1, b"\r\n").await?;
                        let text = String::from_utf8_lossy(&std::mem::take(&mut line)).trim().to_owned();
                        let outcome = self.container.script(&text);
                        let shown = [outcome.stdout, outcome.stderr].concat();
                        let shown = String::from_utf8_lossy(&shown).replace('\n', "\r\n");
                        send(socket, 1, shown.as_bytes()).await?;
                        code = outcome.code;
                        if text == "exit" || text.starts_with("exit ") {
                            return Ok(Outcome { code, ..Outcome::default() });
                        }
                        send(socket, 1, b"/ # ").await?;
                    }
                    3 => {
                        line.clear();
                        send(socket, 1, b"^C\r\n/ # ").await?;
                    }
                    4 if line.is_empty() => return Ok(Outcome { code, ..Outcome::default() }),
                    8 | 127 => {
                        if line.pop().is_some() {
                            send(socket, 1, b"\x08 \x08").await?;
                        }
                    }
                    byte => {
                        line.push(byte);
                        send(socket, 1, &[byte]).await?;
                    }
                }
            }
        }
        Ok(Outcome { code, ..Outcome::default() })
    }
}

/// The next bytes of standard input; `None` at its end.
async fn read(socket: &mut Socket) -> Result<Option<Vec<u8>>, tokio_tungstenite::tungstenite::Error> {
    while let Some(message) = socket.next().await {
        match message? {
            Message::Binary(bytes) => match bytes.first() {
                Some(0) => return Ok(Some(bytes[1..].to_vec())),
                Some(255) if bytes.get(1) == Some(&0) => return Ok(None),
                _ => {}
            },
            Message::Close(_) => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

async fn send(socket: &mut Socket, channel: u8, bytes: &[u8]) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let mut frame = Vec::with_capacity(bytes.len() + 1);
    frame.push(channel);
    frame.extend_from_slice(bytes);
    socket.send(Message::Binary(frame.into())).await
}

/// How the command ended, in the form of the error channel.
pub fn status(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: command terminated with exit code {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}
