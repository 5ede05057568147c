//! Bearer tokens that this server accepts.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use parking_lot::RwLock;
use serde_json::json;

use super::User;
use crate::clock::Clock;

/// The tokens of one server. Clones share them.
#[derive(Clone)]
pub struct Tokens {
    known: Arc<RwLock<HashMap<String, Grant>>>,
    clock: Clock,
}

#[derive(Clone)]
struct Grant {
    user: User,
    audiences: Vec<String>,
    expires: Option<Timestamp>,
}

/// The audience of tokens meant for the API server itself.
pub const AUDIENCE: &str = "https://kubernetes.default.svc";

impl Tokens {
    /// No tokens yet; expiry is judged by `clock`.
    pub fn new(clock: Clock) -> Self {
        Self { known: Arc::default(), clock }
    }

    /// Accepts `token` for `user`, for ever.
    pub fn insert(&self, token: impl Into<String>, user: User) {
        let grant = Grant { user, audiences: vec![AUDIENCE.into()], expires: None };
        self.known.write().insert(token.into(), grant);
    }

    /// A fresh token for `user`, for ever.
    pub fn issue(&self, user: User) -> String {
        let token = random_hex(24);
        self.insert(token.clone(), user);
        token
    }

    /// A fresh token in the shape of a JWT, as a TokenRequest gives it.
    pub fn issue_jwt(&self, user: User, audiences: Vec<String>, expires: Timestamp) -> String {
        let audiences = if audiences.is_empty() { vec![AUDIENCE.to_owned()] } else { audiences };
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": "RS256", "kid": "quarterdeck-sim"}));
        let claims = part(json!({
            "aud": audiences, "exp": expires.as_second(), "iat": self.clock.now().as_second(),
            "iss": AUDIENCE, "jti": random_hex(16), "sub": user.name,
        }));
        let token = format!("{header}.{claims}.{}", random_hex(32));
        let grant = Grant { user, audiences, expires: Some(expires) };
        self.known.write().insert(token.clone(), grant);
        token
    }

    /// Who `token` stands for and its audiences, unless unknown or expired.
    pub fn review(&self, token: &str) -> Option<(User, Vec<String>)> {
        let known = self.known.read();
        let grant = known.get(token)?;
        let fresh = grant.expires.is_none_or(|at| at > self.clock.now());
        fresh.then(|| (grant.user.clone(), grant.audiences.clone()))
    }

    /// Who may use the API with `token`.
    pub fn authenticate(&self, token: &str) -> Option<User> {
        let (user, audiences) = self.review(token)?;
        audiences.iter().any(|a| a == AUDIENCE).then_some(user)
    }

    /// Stops accepting `token`.
    pub fn revoke(&self, token: &str) {
        self.known.write().remove(token);
    }
}

/// `bytes` random bytes in hexadecimal.
pub fn random_hex(bytes: usize) -> String {
    let mut out = String::with_capacity(bytes * 2 + 32);
    while out.len() < bytes * 2 {
        out.push_str(&crate::storage::random_uid().replace('-', ""));
    }
    out.truncate(bytes * 2);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_token_is_refused() {
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse().unwrap());
        let tokens = Tokens::new(clock.clone());
        let expires = "2026-01-01T01:00:00Z".parse().unwrap();
        let token = tokens.issue_jwt(User::new("alice", &[]), vec![], expires);
        assert_eq!(tokens.authenticate(&token).unwrap().name, "alice");
        clock.advance(std::time::Duration::from_secs(3601));
        assert!(tokens.authenticate(&token).is_none());
    }
}
