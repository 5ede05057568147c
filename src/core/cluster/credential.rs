//! Who we are to the server: fixed tokens, token files that are read again, credential plugins ([`super::plugin`]) and
//! id-tokens that an issuer renews ([`super::oidc`]).

use super::oidc::Oidc;
use super::plugin::{self, Asked};
use crate::{Problem, ProblemKind, Result};
use base64::Engine;
use http::HeaderValue;
use kube::config::{AuthInfo, ExecConfig};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify};

/// Token files are read again after this long, as client-go does.
const FILE_AGE: Duration = Duration::from_secs(60);
/// A credential is renewed this many seconds before it expires; sooner when it lives shorter than four times that.
const EARLY: i64 = 60;
/// After a failure a plugin or an issuer is left in peace for so long, and a credential that was expired from the
/// start is used so long: each call would ask anew.
const PAUSE: Duration = Duration::from_secs(5);

/// Where the credential comes from.
enum Source {
    /// A client certificate, an auth-provider that the client library handles, or nothing at all.
    Other,
    Fixed(HeaderValue),
    File(PathBuf),
    Plugin(Box<ExecConfig>),
    Issuer(Box<Oidc>),
}

/// What a plugin, an issuer or a file gave.
#[derive(Default)]
pub(super) struct Got {
    pub header: Option<HeaderValue>,
    pub certificate: Option<(String, SecretString)>,
    /// Seconds since 1970; for files none.
    pub expires: Option<i64>,
    pub at: Option<Instant>,
    /// The server has refused it: what the kubeconfig holds is used up.
    pub refused: bool,
    /// So many seconds before its end it is renewed.
    pub early: i64,
    /// Grows with every certificate, so that the connection is made anew.
    pub generation: u64,
    pub failed: Option<(Instant, Problem)>,
}

impl Got {
    fn stale(&self, now: i64) -> bool {
        let fresh = self.at.is_some_and(|at| at.elapsed() < PAUSE);
        (self.header.is_none() && self.certificate.is_none())
            || (!fresh && self.expires.is_some_and(|at| now + self.early >= at))
    }
    fn accept(&mut self, fresh: Self, now: i64) {
        let generation = self.generation + u64::from(fresh.certificate.is_some());
        let early = fresh.expires.map_or(0, |at| ((at - now) / 4).clamp(0, EARLY));
        *self = Self { generation, early, failed: None, refused: false, ..fresh };
    }
}

struct Inner {
    source: Source,
    got: Mutex<Got>,
    /// A person is signing in; nobody else asks meanwhile.
    signing: AtomicBool,
    began: Notify,
}

/// The credential of a connection. Renewed when it expires or the server refuses it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Credential {
    inner: Arc<Inner>,
}

impl Credential {
    /// Takes what it handles out of the user's entry; the rest (certificates, other auth-providers) stays there.
    /// `name` is the user's and `files` are those of the kubeconfig: renewed tokens are written back where the old ones
    /// stand.
    pub(super) fn take(name: &str, user: &mut AuthInfo, files: &[PathBuf]) -> Result<Self> {
        let basic = user.username.take().zip(user.password.take());
        let source = if let Some(provider) = user.auth_provider.take_if(|p| p.name == "oidc") {
            Source::Issuer(Box::new(Oidc::new(name, &provider.config, files)?))
        } else if user.auth_provider.is_some() {
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
        Ok(Self::from(source))
    }

    /// None at all.
    pub(super) fn none() -> Self {
        Self::from(Source::Other)
    }

    fn from(source: Source) -> Self {
        let inner = Inner { source, got: Mutex::default(), signing: AtomicBool::new(false), began: Notify::new() };
        Self { inner: Arc::new(inner) }
    }

    /// Whether they are one: what is renewed in one of them is renewed in both.
    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether asking for it again may give another one.
    pub(super) fn renewable(&self) -> bool {
        matches!(self.inner.source, Source::File(_) | Source::Plugin(_) | Source::Issuer(_))
    }

    /// The plugin's command line, where a plugin signs in.
    pub(super) fn plugin(&self) -> Option<String> {
        let Source::Plugin(plugin) = &self.inner.source else { return None };
        Some(plugin::line(plugin))
    }

    /// The value of the Authorization header. Reads the file, runs the plugin or asks the issuer when it is time to.
    /// `may_ask`: a person is at the terminal and it may be used.
    pub(super) async fn header(&self, now: i64, may_ask: bool) -> Result<Option<HeaderValue>> {
        match &self.inner.source {
            Source::Other => Ok(None),
            Source::Fixed(value) => Ok(Some(value.clone())),
            Source::File(path) => self.file(path).await,
            Source::Plugin(_) | Source::Issuer(_) => {
                let since = Instant::now();
                let got = self.inner.got.lock().await;
                if !got.stale(now) {
                    return Ok(got.header.clone());
                }
                drop(got);
                // A page that is closed, or a call whose time is over, does not stop what others wait for as well.
                let own = self.clone();
                let renewed = tokio::spawn(async move { own.renew(now, Asked::person(may_ask), since).await });
                let ended =
                    |e: tokio::task::JoinError| Problem::new(ProblemKind::Internal, "cannot sign in", e.to_string());
                renewed.await.map_err(ended)?
            }
        }
    }

    async fn file(&self, path: &std::path::Path) -> Result<Option<HeaderValue>> {
        let mut got = self.inner.got.lock().await;
        if got.header.is_none() || got.at.is_none_or(|at| at.elapsed() > FILE_AGE) {
            match tokio::fs::read_to_string(path).await {
                Ok(token) => got.header = Some(header("Bearer", token.trim())?),
                // Kept when it was readable before: some programs remove the file after start.
                Err(_) if got.header.is_some() => {}
                Err(e) => {
                    let why = "cannot read the token file";
                    return Err(Problem::new(ProblemKind::Unauthenticated, why, e.to_string())
                        .on(path.display().to_string())
                        .next("check tokenFile of the user in the kubeconfig"));
                }
            }
            got.at = Some(Instant::now());
        }
        Ok(got.header.clone())
    }

    /// A new credential, unless another call has got one since, or has failed to.
    async fn renew(&self, now: i64, asked: Asked, since: Instant) -> Result<Option<HeaderValue>> {
        let mut got = self.inner.got.lock().await;
        if !got.stale(now) {
            return Ok(got.header.clone());
        }
        if let Some((at, problem)) = &got.failed
            && (*at >= since || at.elapsed() < PAUSE)
        {
            return Err(problem.clone());
        }
        let under_way = || Problem::new(ProblemKind::Unauthenticated, "", "signing in is under way");
        let began = self.inner.began.notified();
        if self.inner.signing.load(Ordering::SeqCst) {
            return Err(under_way());
        }
        let fresh = tokio::select! {
            fresh = self.ask(&got, now, asked) => fresh,
            () = began => return Err(under_way()),
        };
        match fresh {
            Ok(fresh) => got.accept(fresh, now),
            Err(problem) => {
                got.failed = Some((Instant::now(), problem.clone()));
                return Err(problem);
            }
        }
        Ok(got.header.clone())
    }

    async fn ask(&self, got: &Got, now: i64, asked: Asked) -> Result<Got> {
        match &self.inner.source {
            Source::Plugin(plugin) => plugin::run(plugin, asked).await,
            Source::Issuer(issuer) => issuer.token(got, now).await,
            _ => Ok(Got::default()),
        }
    }

    /// The certificate and key (PEM) that a plugin gave, and a number that grows with each.
    pub(super) async fn certificate(&self) -> (u64, Option<(String, SecretString)>) {
        let got = self.inner.got.lock().await;
        (got.generation, got.certificate.clone())
    }

    /// The server refused what was `sent` then: the next call gets a new one. What was got since is another one, and a
    /// refusal that comes late says nothing about it.
    pub(super) async fn refused(&self, sent: Instant) {
        let mut got = self.inner.got.lock().await;
        if got.at.is_some_and(|at| at > sent) {
            return;
        }
        got.at = None;
        if matches!(self.inner.source, Source::Plugin(_) | Source::Issuer(_)) {
            got.header = None;
            got.certificate = None;
            got.refused = true;
        }
    }

    /// Runs the plugin with the terminal as its own, for as long as the person needs; what runs without a person is
    /// ended. From an issuer a new token is asked for.
    pub(super) async fn sign_in(&self, now: i64) -> Result<()> {
        /// Whatever way it ends, also by being dropped.
        struct Over<'a>(&'a AtomicBool);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::SeqCst);
            }
        }
        if !matches!(self.inner.source, Source::Plugin(_) | Source::Issuer(_)) {
            self.refused(Instant::now()).await;
            return Ok(());
        }
        self.inner.signing.store(true, Ordering::SeqCst);
        let _over = Over(&self.inner.signing);
        self.inner.began.notify_waiters();
        let mut got = self.inner.got.lock().await;
        let fresh = self.ask(&got, now, Asked::Person).await?;
        got.accept(fresh, now);
        Ok(())
    }
}

/// When the client certificate of a user's entry ends (seconds since 1970), if it has one that can be read.
pub(super) fn certificate_ends(user: &AuthInfo) -> Option<i64> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let given = |value: &Option<String>| value.clone().filter(|v| !v.is_empty());
    let pem = match (given(&user.client_certificate_data), given(&user.client_certificate)) {
        (Some(data), _) => base64::engine::general_purpose::STANDARD.decode(data).ok()?,
        (None, Some(file)) => std::fs::read(file).ok()?,
        _ => return None,
    };
    let leaf = CertificateDer::pem_slice_iter(&pem).flatten().next()?;
    crate::certificates::x509::read(&leaf).ok().map(|details| details.not_after)
}

/// The value of an Authorization header; never printed.
pub(super) fn header(scheme: &str, value: &str) -> Result<HeaderValue> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_refusal_that_comes_late_leaves_what_was_got_since() {
        let folder = tempfile::tempdir().expect("a folder");
        let (script, calls) = (folder.path().join("login"), folder.path().join("calls"));
        let text = format!(
            "#!/bin/sh\necho x >> '{0}'\nprintf '{{\"status\":{{\"token\":\"t%s\"}}}}' $(wc -l < '{0}')\n",
            calls.display()
        );
        std::fs::write(&script, text).expect("written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
        let plugin: ExecConfig = serde_json::from_value(serde_json::json!({"command": script})).expect("a plugin");
        let mut user = AuthInfo { exec: Some(plugin), ..AuthInfo::default() };
        let credential = Credential::take("u", &mut user, &[]).expect("a credential");
        let token = || async { credential.header(0, false).await.expect("a token").expect("a header") };
        assert_eq!(token().await, "Bearer t1");
        // Two calls are under way with the first token; both are refused, one of them after the second token is there.
        let sent = Instant::now();
        credential.refused(sent).await;
        assert_eq!(token().await, "Bearer t2");
        credential.refused(sent).await;
        assert_eq!(token().await, "Bearer t2");
        credential.refused(Instant::now()).await;
        assert_eq!(token().await, "Bearer t3");
    }
}
