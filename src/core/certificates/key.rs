//! Does a private key belong to a certificate? The key is read for its public half, compared and zeroed; nothing of
//! it is kept.

use base64::Engine;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::{Zeroize, Zeroizing};

/// What a `tls.key` is to its certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyState {
    /// There is none.
    #[default]
    Missing,
    Fits,
    /// It belongs to another certificate.
    Differs,
    /// It is no private key in PEM.
    Unreadable,
    /// It is a key of a sort that is not computed with here (P-521, DSA, encrypted).
    Untold,
}

/// Compares a key in PEM with the public key (SPKI, DER) of a certificate.
pub fn compare(pem: &[u8], spki: &[u8]) -> KeyState {
    if pem.iter().all(u8::is_ascii_whitespace) {
        return KeyState::Missing;
    }
    let Some((label, der)) = block(pem) else { return KeyState::Unreadable };
    let key = match label {
        "PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der.as_slice())),
        "RSA PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs1KeyDer::from(der.as_slice())),
        "EC PRIVATE KEY" => PrivateKeyDer::from(PrivateSec1KeyDer::from(der.as_slice())),
        _ => return KeyState::Untold,
    };
    match rustls::crypto::ring::sign::any_supported_type(&key).ok().and_then(|k| k.public_key().map(|p| p.to_vec())) {
        Some(public) if public == spki => KeyState::Fits,
        Some(_) => KeyState::Differs,
        // What begins like a key and is of no sort that can be told.
        None if der.first() == Some(&0x30) => KeyState::Untold,
        None => KeyState::Unreadable,
    }
}

/// The first private key of a PEM text: its label and bytes. Parameters before it (`EC PARAMETERS`) are passed over.
fn block(pem: &[u8]) -> Option<(&str, Zeroizing<Vec<u8>>)> {
    let text = std::str::from_utf8(pem).ok()?;
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, body) = after.split_once("-----")?;
        let (body, tail) = body.split_once("-----END ")?;
        if label.ends_with("PRIVATE KEY") {
            let mut plain = Zeroizing::new(String::with_capacity(body.len()));
            plain.extend(body.chars().filter(|c| !c.is_whitespace()));
            let der = base64::engine::general_purpose::STANDARD.decode(plain.as_bytes()).map(Zeroizing::new);
            plain.zeroize();
            return Some((label, der.ok()?));
        }
        rest = tail;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_another_and_from_nonsense() {
        let (one, other) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let spki = rcgen::PublicKeyData::subject_public_key_info(&one);
        assert_eq!(compare(one.serialize_pem().as_bytes(), &spki), KeyState::Fits);
        assert_eq!(compare(other.serialize_pem().as_bytes(), &spki), KeyState::Differs);
        assert_eq!(compare(b" \n", &spki), KeyState::Missing);
        assert_eq!(compare(b"nonsense", &spki), KeyState::Unreadable);
        let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(compare(broken.as_bytes(), &spki), KeyState::Unreadable);
        let with_parameters = format!(
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}",
            one.serialize_pem()
        );
        assert_eq!(compare(with_parameters.as_bytes(), &spki), KeyState::Fits);
    }
}
