//! Who we are to the server: fixed tokens, token files that are read again, and credential plugins.
//!
//! Plugins are run here and not by the client library: they must not hang, must not write over a
//! screen, and what they say has to reach the person.

use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use base64::Engine;
use http::HeaderValue;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret, SecretString};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Token files are read again after this long, as client-go does.
const FILE_AGE: Duration = Duration::from_secs(60);
/// A credential is renewed this many seconds before it expires.
const EARLY: i64 = 60;
/// How long a plugin that may not ask questions may take.
const PLUGIN_TIME: Duration = Duration::from_secs(30);

/// Where the credential comes from.
enum Source {
    /// A client certificate, an auth-provider that the client library handles, or nothing at all.
    Other,
    Fixed(HeaderValue),
    File(std::path::PathBuf),
    Plugin(Box<ExecConfig>),
}

/// What a plugin or a file gave.
#[derive(Default)]
struct Got {
    header: Option<HeaderValue>,
    certificate: Option<(String, SecretString)>,
    /// Seconds since 1970; for files none.
    expires: Option<i64>,
    at: Option<Instant>,
    /// Grows with every certificate, so that the connection is made anew.
    generation: u64,
}

/// The credential of a connection. Renewed when it expires or the server refuses it.
pub(super) struct Credential {
    source: Source,
    got: tokio::sync::Mutex<Got>,
}

impl Credential {
    /// Takes what it handles out of the user's entry; the rest (certificates, auth-provider) stays there.
    pub(super) fn take(user: &mut AuthInfo) -> Result<Self> {
        let basic = user.username.take().zip(user.password.take());
        let source = if user.auth_provider.is_some() {
            Source::Other
        } else if let Some(file) = user.token_file.take().filter(|f| !f.is_empty()) {
            user.token = None;
            Source::File(file.into())
        } else if let Some(token) = user.token.take().filter(|t| !t.expose_secret().is_empty()) {
            Source::Fixed(header("Bearer", token.expose_secret())?)
        } else if let Some((name, password)) = basic {
            let pair = format!("{name}:{}", password.expose_secret());
            Source::Fixed(header("Basic", &base64::engine::general_purpose::STANDARD.encode(pair))?)
        } else if let Some(plugin) = user.exec.take() {
            Source::Plugin(Box::new(plugin))
        } else {
            Source::Other
        };
        user.exec = None;
        Ok(Self { source, got: tokio::sync::Mutex::default() })
    }

    /// Whether asking for it again may give another one.
    pub(super) fn renewable(&self) -> bool {
        matches!(self.source, Source::File(_) | Source::Plugin(_))
    }

    /// The plugin's command line, where a plugin signs in.
    pub(super) fn plugin(&self) -> Option<String> {
        let Source::Plugin(plugin) = &self.source else { return None };
        Some(plugin_line(plugin))
    }

    /// The value of the Authorization header. Reads the file or runs the plugin when it is time to.
    pub(super) async fn header(&self, now: i64, may_ask: bool) -> Result<Option<HeaderValue>> {
        match &self.source {
            Source::Other => Ok(None),
            Source::Fixed(value) => Ok(Some(value.clone())),
            Source::File(path) => {
                let mut got = self.got.lock().await;
                if got.header.is_none() || got.at.is_none_or(|at| at.elapsed() > FILE_AGE) {
                    match tokio::fs::read_to_string(path).await {
                        Ok(token) => got.header = Some(header("Bearer", token.trim())?),
                        // Kept when it was readable before: some programs remove the file after start.
                        Err(_) if got.header.is_some() => {}
                        Err(e) => {
                            return Err(Problem::new(
                                ProblemKind::Unauthenticated,
                                "cannot read the token file",
                                e.to_string(),
                            )
                            .on(path.display().to_string())
                            .next("check tokenFile of the user in the kubeconfig"));
                        }
                    }
                    got.at = Some(Instant::now());
                }
                Ok(got.header.clone())
            }
            Source::Plugin(plugin) => {
                let mut got = self.got.lock().await;
                if stale(&got, now) {
                    let fresh = run_plugin(plugin, may_ask).await?;
                    accept(&mut got, fresh);
                }
                Ok(got.header.clone())
            }
        }
    }

    /// The certificate and key (PEM) that a plugin gave, and a number that grows with each.
    pub(super) async fn certificate(&self) -> (u64, Option<(String, SecretString)>) {
        let got = self.got.lock().await;
        (got.generation, got.certificate.clone())
    }

    /// The server refused it: the next call gets a new one.
    pub(super) async fn refused(&self) {
        let mut got = self.got.lock().await;
        got.at = None;
        if matches!(self.source, Source::Plugin(_)) {
            got.header = None;
            got.certificate = None;
        }
    }

    /// Runs the plugin with the terminal as its own, for as long as the person needs.
    pub(super) async fn sign_in(&self) -> Result<()> {
        let Source::Plugin(plugin) = &self.source else {
            self.refused().await;
            return Ok(());
        };
        let mut got = self.got.lock().await;
        let fresh = run_plugin(plugin, true).await?;
        accept(&mut got, fresh);
        Ok(())
    }
}

fn stale(got: &Got, now: i64) -> bool {
    (got.header.is_none() && got.certificate.is_none()) || got.expires.is_some_and(|at| now + EARLY >= at)
}

fn accept(got: &mut Got, fresh: Got) {
    let generation = got.generation + u64::from(fresh.certificate.is_some());
    *got = Got { generation, ..fresh };
}

fn header(scheme: &str, value: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("{scheme} {value}")).map_err(|_| {
        Problem::new(
            ProblemKind::Unauthenticated,
            "cannot use the credential",
            "the token has characters that no token has",
        )
        .next("check the user's token in the kubeconfig")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn plugin_line(plugin: &ExecConfig) -> String {
    let mut line = plugin.command.clone().unwrap_or_default();
    for argument in plugin.args.iter().flatten() {
        line.push(' ');
        line.push_str(argument);
    }
    clean_line(&line).into_owned()
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

async fn run_plugin(plugin: &ExecConfig, may_ask: bool) -> Result<Got> {
    let failed = |why: String| {
        Problem::new(ProblemKind::Unauthenticated, "cannot sign in with the credential plugin", why)
            .on(plugin_line(plugin))
    };
    let Some(command) = plugin.command.as_deref().filter(|c| !c.is_empty()) else {
        return Err(failed("the kubeconfig names no command".into()));
    };
    let interactive = match plugin.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !may_ask => {
            return Err(failed("it has to ask you something".into())
                .next("sign in again from the screen, or run `qd` in a terminal"));
        }
        _ => may_ask,
    };
    let info = serde_json::json!({
        "apiVersion": plugin.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1"),
        "kind": "ExecCredential",
        "spec": { "interactive": interactive, "cluster": plugin.cluster.as_ref().filter(|_| plugin.provide_cluster_info) },
    });
    let mut run = tokio::process::Command::new(command);
    run.args(plugin.args.iter().flatten()).env("KUBERNETES_EXEC_INFO", info.to_string()).kill_on_drop(true);
    for variable in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            run.env(name, value);
        }
    }
    run.stdout(Stdio::piped());
    if interactive {
        run.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        run.stdin(Stdio::null()).stderr(Stdio::piped());
    }
    let child = run.spawn().map_err(|e| {
        let hint = plugin.install_hint.as_deref().map(|h| clean_line(h.trim()).into_owned());
        let why = match e.kind() {
            std::io::ErrorKind::NotFound => format!("there is no program {}", clean_line(command)),
            _ => e.to_string(),
        };
        failed(why).next(hint.unwrap_or_else(|| "install it, or mend the user's entry in the kubeconfig".into()))
    })?;
    let output = if interactive {
        child.wait_with_output().await
    } else {
        match tokio::time::timeout(PLUGIN_TIME, child.wait_with_output()).await {
            Ok(output) => output,
            Err(_) => {
                let why = format!("it did not finish within {} s", PLUGIN_TIME.as_secs());
                return Err(
                    failed(why).next("run it by hand to see what it waits for; it may want to ask you something")
                );
            }
        }
    };
    let output = output.map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let last = lines[lines.len().saturating_sub(3)..].join(" / ");
        let code = output.status.code().map_or_else(|| "a signal".into(), |c| format!("code {c}"));
        let why = if last.is_empty() {
            format!("it ended with {code}")
        } else {
            format!("it ended with {code}: {}", clean_line(&last))
        };
        return Err(failed(why).next("sign in again with the plugin's own command"));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|e| failed(format!("what it printed is no ExecCredential: {e}")))?;
    let status = answer.status.ok_or_else(|| failed("what it printed has no status".into()))?;
    let expires = status.expiration_timestamp.as_deref().and_then(crate::clock::parse_time);
    let certificate = status.client_certificate_data.zip(status.client_key_data.map(SecretString::from));
    let token = status.token.map(SecretString::from).filter(|t| !t.expose_secret().is_empty());
    if token.is_none() && certificate.is_none() {
        return Err(failed("it gave neither a token nor a certificate".into()));
    }
    let value = token.map(|t| header("Bearer", t.expose_secret())).transpose()?;
    Ok(Got { header: value, certificate, expires, at: Some(Instant::now()), generation: 0 })
}
