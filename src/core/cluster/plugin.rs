//! Credential plugins (`client.authentication.k8s.io`), run here and not by the client library: they must not hang,
//! must not write over a screen, what they say has to reach the person, and none stays behind.

use super::credential::{Got, header};
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use kube::config::{ExecConfig, ExecInteractiveMode};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How long a plugin that may not ask questions may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long its output may stay open after its end: what it has started may hold it.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// No credential is longer.
const LONGEST: u64 = 1 << 20;

/// Who is there to answer a plugin's questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nobody: no input, its words are kept, its time is limited.
    Nobody,
    /// A person at the terminal, which is the plugin's for as long as it takes.
    Person,
}

impl Asked {
    pub(super) fn person(there: bool) -> Self {
        if there { Self::Person } else { Self::Nobody }
    }
}

/// The command line with what its flags call a secret left out.
pub(super) fn line(plugin: &ExecConfig) -> String {
    let mut line = plugin.command.clone().unwrap_or_default();
    let mut hide = false;
    for argument in plugin.args.iter().flatten() {
        line.push(' ');
        let flag = argument.starts_with('-');
        match argument.split_once('=') {
            Some((name, _)) if flag && secret(name) => line.push_str(&format!("{name}=…")),
            _ if hide && !flag => line.push('…'),
            _ => line.push_str(argument),
        }
        hide = flag && !argument.contains('=') && secret(argument);
    }
    clean_line(&line).into_owned()
}

fn secret(flag: &str) -> bool {
    let flag = flag.to_lowercase();
    ["secret", "password", "passwd", "token", "-key"].iter().any(|end| flag.ends_with(end))
}

#[derive(serde::Deserialize)]
struct Answer {
    status: Option<AnswerStatus>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerStatus {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// A process group that ends with its guard, unless it was let go: a plugin is often a script that waits for another.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }
    fn let_go(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a plugin to its end and takes its credential.
///
/// # Errors
/// With what the plugin said, and what to do next.
pub(super) async fn run(plugin: &ExecConfig, asked: Asked) -> Result<Got> {
    let failed = |why: String| {
        Problem::new(ProblemKind::Unauthenticated, "cannot sign in with the credential plugin", why).on(line(plugin))
    };
    let Some(command) = plugin.command.as_deref().filter(|c| !c.is_empty()) else {
        return Err(failed("the kubeconfig names no command".into()).next("mend the user's entry in the kubeconfig"));
    };
    let input = match plugin.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if asked == Asked::Nobody => {
            return Err(failed("it has to ask you something".into())
                .next("ctrl-r on the screen lends it the terminal; on the command line run qd in a terminal"));
        }
        _ => asked == Asked::Person,
    };
    let mut child = command_of(plugin, command, asked, input).spawn().map_err(|e| {
        let hint = plugin.install_hint.as_deref().map(|h| clean_line(h.trim()).into_owned()).filter(|h| !h.is_empty());
        let why = match e.kind() {
            std::io::ErrorKind::NotFound => format!("there is no program {}", clean_line(command)),
            _ => e.to_string(),
        };
        failed(why).next(hint.unwrap_or_else(|| "install it, or mend the user's entry in the kubeconfig".into()))
    })?;
    // At the terminal it belongs to the foreground, so that Ctrl-C reaches it.
    let mut group = Group(None);
    if asked == Asked::Nobody {
        group = Group::of(&child);
    }
    let ended = output(&mut child);
    let (status, out, said) = match asked {
        Asked::Person => ended.await,
        Asked::Nobody => tokio::time::timeout(LIMIT, ended).await.map_err(|_| {
            failed(format!("it did not finish within {} s and was ended", LIMIT.as_secs()))
                .next("sign in yourself (ctrl-r on the screen), or run it by hand to see what it waits for")
        })?,
    }
    .map_err(|e| failed(e.to_string()))?;
    group.let_go();
    if !status.success() {
        return Err(failed(ending(status, &said)).next("sign in again with the plugin's own command"));
    }
    let answer: Answer = serde_json::from_slice(&out).map_err(|e| {
        failed(format!("what it printed is no ExecCredential: {e}")).next("run it by hand and look at what it prints")
    })?;
    let status = answer.status.ok_or_else(|| failed("what it printed has no status".into()))?;
    let expires = match status.expiration_timestamp.as_deref() {
        None => None,
        Some(text) => Some(
            crate::clock::parse_time(text)
                .ok_or_else(|| failed(format!("its expirationTimestamp is no time: {}", clean_line(text))))?,
        ),
    };
    let certificate = status.client_certificate_data.zip(status.client_key_data.map(SecretString::from));
    let token = status.token.map(SecretString::from).filter(|t| !t.expose_secret().is_empty());
    if token.is_none() && certificate.is_none() {
        return Err(failed("it gave neither a token nor a certificate".into()));
    }
    let value = token.map(|t| header("Bearer", t.expose_secret())).transpose()?;
    Ok(Got { header: value, certificate, expires, at: Some(Instant::now()), ..Got::default() })
}

fn command_of(plugin: &ExecConfig, command: &str, asked: Asked, input: bool) -> Command {
    let info = serde_json::json!({
        "apiVersion": plugin.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1"),
        "kind": "ExecCredential",
        "spec": { "interactive": input, "cluster": plugin.cluster.as_ref().filter(|_| plugin.provide_cluster_info) },
    });
    let mut run = Command::new(command);
    run.args(plugin.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info.to_string()).kill_on_drop(true);
    for variable in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            run.env(name, value);
        }
    }
    run.stdout(Stdio::piped()).stdin(if input { Stdio::inherit() } else { Stdio::null() });
    match asked {
        Asked::Person => run.stderr(Stdio::inherit()),
        Asked::Nobody => run.stderr(Stdio::piped()).process_group(0),
    };
    run
}

/// How it ended, what it printed, and what it said on standard error where that is ours.
async fn output(child: &mut Child) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut said) = (Vec::new(), Vec::new());
    let status = {
        let mut reading = std::pin::pin!(async { tokio::join!(read(stdout, &mut out), read(stderr, &mut said)) });
        let mut read = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                _ = &mut reading, if !read => read = true,
            }
        };
        if !read {
            let _ = tokio::time::timeout(AFTERWARDS, reading).await;
        }
        status
    };
    Ok((status, out, said))
}

async fn read(from: Option<impl AsyncRead + Unpin>, to: &mut Vec<u8>) {
    if let Some(from) = from {
        let _ = from.take(LONGEST).read_to_end(to).await;
    }
}

/// How a plugin that failed ended, with its last words.
fn ending(status: ExitStatus, said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(3)..].join(" / ");
    let last: String = last.chars().take(600).collect();
    let how = match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
        (Some(code), _) => format!("it ended with code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        _ => "it ended badly".into(),
    };
    if last.is_empty() { how } else { format!("{how}: {}", clean_line(&last)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_command_line_is_told() {
        let plugin: ExecConfig = serde_json::from_value(serde_json::json!({
            "command": "kubelogin", "args": ["get-token", "--client-secret=s3cret", "--password", "hunter2", "--token-cache-dir=/tmp", "--verbose"],
        }))
        .expect("a plugin");
        assert_eq!(
            line(&plugin),
            "kubelogin get-token --client-secret=… --password … --token-cache-dir=/tmp --verbose"
        );
    }
}
