//! `auth-provider: oidc` of a kubeconfig: an id-token that its issuer renews (OpenID Connect Core §12), with an authority
//! of its own where the kubeconfig names one, through the proxy that the environment names, and written back to where
//! it came from, as kubectl does: many issuers take a refresh token once only.

use super::call::escape;
use super::credential::{Credential, Got, header};
use super::explain::{Target, host_and_port, transport_problem};
use super::{proxy, transport};
use crate::clock::Clock;
use crate::text::clean_line;
use crate::{Problem, ProblemKind, Result};
use base64::Engine;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use kube::config::Config;
use parking_lot::Mutex;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the issuer may take for one answer.
const LIMIT: Duration = Duration::from_secs(10);
/// No answer of an issuer is longer.
const LONGEST: usize = 1 << 20;
const WHAT: &str = "cannot renew the id-token";
const SIGN_IN: &str = "sign in again with the tool that wrote the kubeconfig, then ctrl-r on the screen";

/// An issuer, and who we are to it.
pub(super) struct Oidc {
    issuer: String,
    client: String,
    secret: SecretString,
    /// Its certificate's authority; `None` trusts those of the system.
    authority: Option<Vec<Vec<u8>>>,
    files: Vec<PathBuf>,
    held: Mutex<Held>,
}

/// The tokens as they stand in the kubeconfig.
#[derive(Clone)]
struct Held {
    id: SecretString,
    refresh: SecretString,
}

#[derive(serde::Deserialize)]
struct Discovery {
    token_endpoint: String,
}

#[derive(serde::Deserialize)]
struct Tokens {
    id_token: Option<String>,
    refresh_token: Option<String>,
}

/// RFC 6749 §5.2.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl Oidc {
    /// From the `config` of an auth-provider.
    ///
    /// # Errors
    /// When its authority cannot be read.
    pub(super) fn new(config: &HashMap<String, String>, files: &[PathBuf]) -> Result<Self> {
        let text = |name: &str| config.get(name).map(|v| v.trim().to_string()).unwrap_or_default();
        let bad = |name: &str, why: String| {
            Problem::config("cannot use the user's auth-provider oidc", why)
                .on(name)
                .next("mend the user's entry in the kubeconfig")
        };
        let mut pem = None;
        let (data, file) = (text("idp-certificate-authority-data"), text("idp-certificate-authority"));
        if !data.is_empty() {
            let decoded = base64::engine::general_purpose::STANDARD.decode(&data);
            pem = Some(decoded.map_err(|e| bad("idp-certificate-authority-data", e.to_string()))?);
        } else if !file.is_empty() {
            pem = Some(std::fs::read(&file).map_err(|e| bad("idp-certificate-authority", format!("{file}: {e}")))?);
        }
        let authority = pem.map(|pem| CertificateDer::pem_slice_iter(&pem).flatten().map(|c| c.to_vec()).collect());
        if authority.as_ref().is_some_and(Vec::is_empty) {
            return Err(bad("idp-certificate-authority", "it holds no certificate".into()));
        }
        Ok(Self {
            issuer: text("idp-issuer-url"),
            client: text("client-id"),
            secret: text("client-secret").into(),
            authority,
            files: files.to_vec(),
            held: Mutex::new(Held { id: text("id-token").into(), refresh: text("refresh-token").into() }),
        })
    }

    /// The kubeconfig's id-token while it holds, then what the issuer gives for the refresh token.
    pub(super) async fn token(&self, got: &Got, now: i64) -> Result<Got> {
        let held = self.held.lock().clone();
        let ends = expiry(held.id.expose_secret());
        if got.header.is_none() && !got.refused && ends.is_some_and(|at| now + 10 < at) {
            return given(held.id.expose_secret(), None, ends);
        }
        let refresh = got.refresh.clone().unwrap_or_else(|| held.refresh.clone());
        if refresh.expose_secret().is_empty() || self.issuer.is_empty() {
            let missing = if self.issuer.is_empty() { "idp-issuer-url" } else { "refresh-token" };
            let why = match ends {
                Some(at) if at <= now + 10 => format!("it expired on {}", crate::clock::format_time(at)),
                _ => "the server does not accept it".into(),
            };
            let why = format!("{why}, and the kubeconfig has no {missing} to get another one");
            return Err(Problem::new(ProblemKind::Unauthenticated, WHAT, why).next(SIGN_IN));
        }
        let tokens = self.renewed(&refresh).await?;
        let id = tokens.id_token.map(SecretString::from).ok_or_else(|| {
            self.refused("its answer has no id_token").next("the client needs the scope openid at its issuer")
        })?;
        let again = tokens.refresh_token.filter(|t| !t.is_empty()).map(SecretString::from);
        self.write_back(&id, again.as_ref());
        given(id.expose_secret(), again, expiry(id.expose_secret()))
    }

    async fn renewed(&self, refresh: &SecretString) -> Result<Tokens> {
        let base = self.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let (status, body) =
            self.ask(http::Request::get(url).header(ACCEPT, "application/json"), String::new()).await?;
        let discovery: Option<Discovery> = serde_json::from_slice(&body).ok().filter(|_| status.is_success());
        let Some(Discovery { token_endpoint }) = discovery else {
            let why = format!("its /.well-known/openid-configuration answers {} and no configuration", status.as_u16());
            return Err(self.refused(&why).next("check idp-issuer-url of the user in the kubeconfig"));
        };
        let mut form = String::from("grant_type=refresh_token&refresh_token=");
        escape(&mut form, refresh.expose_secret(), b"");
        let post = || http::Request::post(&token_endpoint).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (mut id, mut secret) = (String::new(), String::new());
        escape(&mut id, &self.client, b"");
        escape(&mut secret, self.secret.expose_secret(), b"");
        // RFC 6749 §2.3.1: by header; some issuers know the other way only, and each refuses what it does not know.
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        let first = self.ask(post().header(AUTHORIZATION, format!("Basic {basic}")), form.clone()).await?;
        let grant = serde_json::from_slice::<Refusal>(&first.1).is_ok_and(|r| r.error == "invalid_grant");
        let (status, body) = if first.0.is_success() || grant {
            first
        } else {
            let secret = if secret.is_empty() { secret } else { format!("&client_secret={secret}") };
            self.ask(post(), format!("{form}&client_id={id}{secret}")).await?
        };
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| self.refused("its answer holds no tokens").next(SIGN_IN));
        }
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        let said = match (refusal.error.is_empty(), refusal.error_description.is_empty()) {
            (true, _) => format!("it answered {}", status.as_u16()),
            (_, true) => refusal.error,
            _ => format!("{}: {}", refusal.error, refusal.error_description),
        };
        Err(self.refused(&said).next(SIGN_IN))
    }

    fn refused(&self, said: &str) -> Problem {
        let why = format!("the issuer refuses: {}", clean_line(said));
        Problem::new(ProblemKind::Unauthenticated, WHAT, why).on(format!("at {}", clean_line(&self.issuer)))
    }

    /// One answer of the issuer.
    async fn ask(&self, request: http::request::Builder, body: String) -> Result<(StatusCode, Bytes)> {
        let named = |e: &dyn std::fmt::Display| {
            Problem::config(WHAT, format!("{e}"))
                .on(clean_line(&self.issuer).into_owned())
                .next("check idp-issuer-url of the user in the kubeconfig")
        };
        let mut request = request.body(Body::from(body.into_bytes())).map_err(|e| named(&e))?;
        let parts = request.uri().clone().into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(named(&"it is no URL"));
        };
        let server = format!("{scheme}://{authority}");
        let url: Uri = server.parse().map_err(|e: http::uri::InvalidUri| named(&e))?;
        *request.uri_mut() = parts.path_and_query.map(Uri::from).unwrap_or_else(|| Uri::from_static("/"));
        let mut config = Config::new(url.clone());
        config.root_cert.clone_from(&self.authority);
        let proxy = proxy::of_environment(&url);
        config.proxy_url = proxy.as_ref().map(|p| p.url.clone());
        let shared: Arc<transport::Shared> = Arc::default();
        shared.set_proxy(proxy);
        let through = shared.clone();
        let build = move || transport::build(config, None, Credential::none(), through, Clock::system());
        let client = tokio::task::spawn_blocking(build).await.map_err(|e| named(&e))??;
        let answer = async {
            let answer = client.send(request).await.map_err(|e| self.no_answer(&server, &shared, &e))?;
            let status = answer.status();
            match Limited::new(answer.into_body(), LONGEST).collect().await {
                Ok(body) => Ok((status, body.to_bytes())),
                Err(e) => Err(self.no_answer(&server, &shared, &*e)),
            }
        };
        tokio::time::timeout(LIMIT, answer).await.unwrap_or_else(|_| {
            let why = format!("the issuer at {} does not answer in time", host_and_port(&server));
            Err(Problem::new(ProblemKind::Unreachable, WHAT, why).next("check the network and the VPN"))
        })
    }

    fn no_answer(
        &self,
        server: &str,
        shared: &transport::Shared,
        error: &(dyn std::error::Error + 'static),
    ) -> Problem {
        let mut problem = transport_problem(&Target::default(), server, shared.proxy().as_ref(), error);
        problem.what = WHAT.into();
        problem.why = format!("the issuer does not answer: {}", problem.why);
        problem.next = problem
            .next
            .replace("certificate-authority(-data) of the cluster", "idp-certificate-authority(-data) of the user")
            .replace("check that the API server runs and that the port", "check that the issuer runs and that its URL");
        problem
    }

    /// Puts the new tokens where the old ones stand, and leaves all else of the file as it is. What cannot be written
    /// is kept for as long as the program lives.
    fn write_back(&self, id: &SecretString, refresh: Option<&SecretString>) {
        let mut held = self.held.lock();
        let new = Held { id: id.clone(), refresh: refresh.unwrap_or(&held.refresh).clone() };
        for file in &self.files {
            if let Err(error) = rewrite(file, &held, &new) {
                tracing::warn!("the renewed id-token cannot be written to {}: {error}", file.display());
            }
        }
        *held = new;
    }
}

fn rewrite(file: &Path, old: &Held, new: &Held) -> std::io::Result<()> {
    let Ok(file) = std::fs::canonicalize(file) else { return Ok(()) };
    let before = std::fs::read_to_string(&file)?;
    let mut text = before.clone();
    for (old, new) in [(&old.id, &new.id), (&old.refresh, &new.refresh)] {
        // Shorter ones could be part of something else.
        if old.expose_secret().len() >= 16 {
            text = text.replace(old.expose_secret(), new.expose_secret());
        }
    }
    if text == before {
        return Ok(());
    }
    let mode = std::fs::metadata(&file)?.permissions();
    crate::drafts::write_private(&file, text.as_bytes())?;
    std::fs::set_permissions(&file, mode)
}

fn given(id: &str, refresh: Option<SecretString>, expires: Option<i64>) -> Result<Got> {
    let header = Some(header("Bearer", id)?);
    Ok(Got { header, expires, refresh, at: Some(Instant::now()), ..Got::default() })
}

/// The `exp` of a token (RFC 7519 §4.1.4), in seconds since 1970.
fn expiry(token: &str) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Claims {
        exp: f64,
    }
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = engine.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok().map(|c| c.exp as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.to_string().into()
    }

    #[test]
    fn only_the_tokens_of_a_kubeconfig_are_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        let text = "# mine\nusers:\n- name: u   # me\n  user: {auth-provider: {name: oidc, config: {id-token: old-id-token-0001, refresh-token: 'old-refresh-0001'}}}\n";
        std::fs::write(&file, text).expect("written");
        let held = |n: u8| Held {
            id: secret(&format!("{}-id-token-000{n}", if n == 1 { "old" } else { "new" })),
            refresh: secret(&format!("{}-refresh-000{n}", if n == 1 { "old" } else { "new" })),
        };
        rewrite(&file, &held(1), &held(2)).expect("written");
        let now = std::fs::read_to_string(&file).expect("readable");
        assert_eq!(
            now,
            text.replace("old-id-token-0001", "new-id-token-0002").replace("old-refresh-0001", "new-refresh-0002")
        );
        rewrite(&folder.path().join("none"), &held(1), &held(2)).expect("no file is no error");
    }

    #[test]
    fn the_end_of_a_token_is_read() {
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"exp":1700000000.5,"aud":"x"}"#);
        assert_eq!(expiry(&format!("h.{claims}.s")), Some(1_700_000_000));
        assert_eq!(expiry("opaque"), None);
    }
}
