//! `auth-provider: oidc` of a kubeconfig: an id-token that its issuer renews (OpenID Connect Core §12), with an authority
//! of its own where the kubeconfig names one, through the proxy that the environment names, and written back to where
//! it came from, as kubectl does: many issuers take a refresh token once only.

use super::call::escape;
use super::credential::{Credential, Got, header};
use super::explain::{Target, host_and_port, transport_problem};
use super::kubeconfig::Kubeconfig;
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
use sha2::{Digest, Sha256};
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
    /// Whose tokens they are in the files.
    user: String,
    issuer: String,
    client: String,
    secret: SecretString,
    /// Its certificate's authority; `None` trusts those of the system.
    authority: Option<Vec<Vec<u8>>>,
    files: Vec<PathBuf>,
    held: Mutex<Held>,
    renewals: Arc<Renewals>,
}

/// The tokens as they stand in the kubeconfig.
#[derive(Clone, Default)]
struct Held {
    id: SecretString,
    refresh: SecretString,
}

impl Held {
    fn of(config: &HashMap<String, String>) -> Self {
        Self { id: text(config, "id-token").into(), refresh: text(config, "refresh-token").into() }
    }
    fn holds(&self, now: i64) -> bool {
        expiry(self.id.expose_secret()).is_some_and(|at| now + 10 < at)
    }
}

/// What this program has renewed at one issuer, whatever the connection: one asks at a time, and a refresh token that
/// was spent here is never sent again, also where nothing can be written back.
type Renewals = tokio::sync::Mutex<Vec<Renewed>>;

/// Tokens that were got one for the other.
#[derive(Default)]
struct Renewed {
    /// Digests of the refresh tokens that were spent.
    spent: Vec<[u8; 32]>,
    latest: Held,
}

/// What became of these tokens here; themselves, when they were not renewed here.
fn latest(renewals: &[Renewed], held: &Held) -> Held {
    let digest = digest(&held.refresh);
    renewals.iter().find(|r| r.spent.contains(&digest)).map_or_else(|| held.clone(), |r| r.latest.clone())
}

fn keep(renewals: &mut Vec<Renewed>, spent: &Held, latest: Held) {
    let digest = digest(&spent.refresh);
    let known = renewals.iter().position(|r| r.latest.refresh.expose_secret() == spent.refresh.expose_secret());
    let at = known.unwrap_or_else(|| {
        renewals.push(Renewed::default());
        renewals.len() - 1
    });
    if !renewals[at].spent.contains(&digest) {
        renewals[at].spent.push(digest);
    }
    renewals[at].latest = latest;
}

fn digest(token: &SecretString) -> [u8; 32] {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}

/// What the `config` of an auth-provider says.
fn text(config: &HashMap<String, String>, name: &str) -> String {
    config.get(name).map(|v| v.trim().to_string()).unwrap_or_default()
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
    /// From the `config` of the auth-provider of this user.
    ///
    /// # Errors
    /// When its authority cannot be read.
    pub(super) fn new(user: &str, config: &HashMap<String, String>, files: &[PathBuf]) -> Result<Self> {
        /// By issuer and client.
        type All = HashMap<(String, String), Arc<Renewals>>;
        static ALL: Mutex<Option<All>> = Mutex::new(None);
        let text = |name: &str| text(config, name);
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
        let (issuer, client) = (text("idp-issuer-url"), text("client-id"));
        let mut all = ALL.lock();
        let renewals = all.get_or_insert_default().entry((issuer.clone(), client.clone())).or_default().clone();
        Ok(Self {
            user: user.to_owned(),
            issuer,
            client,
            secret: text("client-secret").into(),
            authority,
            files: files.to_vec(),
            held: Mutex::new(Held::of(config)),
            renewals,
        })
    }

    /// The kubeconfig's id-token while it holds, then what the issuer gives for the refresh token.
    pub(super) async fn token(&self, got: &Got, now: i64) -> Result<Got> {
        let held = self.held.lock().clone();
        if got.header.is_none() && !got.refused && held.holds(now) {
            return given(&held.id);
        }
        let mut renewals = self.renewals.lock().await;
        // Another connection, or another program, may have renewed them meanwhile.
        let written = self.on_disk().unwrap_or_else(|| held.clone());
        let newest = latest(&renewals, &written);
        for other in [&newest, &written] {
            if other.holds(now) && other.id.expose_secret() != held.id.expose_secret() {
                *self.held.lock() = other.clone();
                return given(&other.id);
            }
        }
        if newest.refresh.expose_secret().is_empty() || self.issuer.is_empty() {
            let missing = if self.issuer.is_empty() { "idp-issuer-url" } else { "refresh-token" };
            let why = match expiry(newest.id.expose_secret()) {
                Some(at) if at <= now + 10 => format!("it expired on {}", crate::clock::format_time(at)),
                _ => "the server does not accept it".into(),
            };
            let why = format!("{why}, and the kubeconfig has no {missing} to get another one");
            return Err(Problem::new(ProblemKind::Unauthenticated, WHAT, why).next(SIGN_IN));
        }
        let tokens = self.renewed(&newest.refresh).await?;
        let id = tokens.id_token.map(SecretString::from).ok_or_else(|| {
            self.refused("its answer has no id_token").next("the client needs the scope openid at its issuer")
        })?;
        let again = tokens.refresh_token.filter(|t| !t.is_empty()).map(SecretString::from);
        let new = Held { id, refresh: again.unwrap_or_else(|| newest.refresh.clone()) };
        keep(&mut renewals, &newest, new.clone());
        self.write_back(&written, &new);
        *self.held.lock() = new.clone();
        given(&new.id)
    }

    /// The user's tokens as the files have them now, if they are still those of this issuer and client.
    fn on_disk(&self) -> Option<Held> {
        // A file that is just being written is read the next time.
        let merged = Kubeconfig::of_files(&self.files).ok()??.merged;
        let entry = merged.auth_infos.into_iter().find(|u| u.name == self.user)?.auth_info?;
        let config = entry.auth_provider.filter(|p| p.name == "oidc")?.config;
        let same = text(&config, "idp-issuer-url") == self.issuer && text(&config, "client-id") == self.client;
        same.then(|| Held::of(&config))
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
            // It says nothing about who we are: nobody has to sign in again for it, and no token is sent another way.
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                let why = format!("the issuer at {} answers {}", host_and_port(&server), status.as_u16());
                return Err(Problem::new(ProblemKind::Unreachable, WHAT, why)
                    .next("look at the issuer if it stays so; the screen tries again by itself"));
            }
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
    fn write_back(&self, old: &Held, new: &Held) {
        for file in &self.files {
            if let Err(error) = rewrite(file, old, new) {
                tracing::warn!("the renewed id-token cannot be written to {}: {error}", file.display());
            }
        }
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

fn given(id: &SecretString) -> Result<Got> {
    let id = id.expose_secret();
    Ok(Got { header: Some(header("Bearer", id)?), expires: expiry(id), at: Some(Instant::now()), ..Got::default() })
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
    fn a_spent_refresh_token_leads_to_what_was_got_for_it() {
        let held = |n: &str| Held { id: secret(&format!("id{n}")), refresh: secret(n) };
        let mut renewals = Vec::new();
        let refresh = |renewals: &Vec<Renewed>, n: &str| latest(renewals, &held(n)).refresh.expose_secret().to_owned();
        keep(&mut renewals, &held("1"), held("2"));
        keep(&mut renewals, &held("2"), held("3"));
        keep(&mut renewals, &held("x"), held("y"));
        assert_eq!(["1", "2", "3", "x"].map(|n| refresh(&renewals, n)), ["3", "3", "3", "y"]);
        // One that stays the same: it is the id-token that is new.
        keep(&mut renewals, &held("3"), Held { id: secret("id4"), refresh: secret("3") });
        assert_eq!(latest(&renewals, &held("1")).id.expose_secret(), "id4");
        assert_eq!(latest(&renewals, &held("3")).id.expose_secret(), "id4");
        assert_eq!(renewals.len(), 2);
    }

    #[test]
    fn the_end_of_a_token_is_read() {
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"exp":1700000000.5,"aud":"x"}"#);
        assert_eq!(expiry(&format!("h.{claims}.s")), Some(1_700_000_000));
        assert_eq!(expiry("opaque"), None);
    }
}
