//! A certificate as bytes, as a server serves it and as a PEM file holds it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_core::certificates::{key, names, secret, x509};
use quarterdeck_core::probe::Roots;
use quarterdeck_fuzz::all_harmless;
use rustls_pki_types::CertificateDer;

const NOW: i64 = 1_790_000_000;

fuzz_target!(|data: &[u8]| {
    if let Ok(details) = x509::read(data) {
        all_harmless(&serde_json::to_value(&details).expect("JSON"));
        for name in details.names() {
            let _ = names::covers(&name, "a.example");
            let _ = names::wrong_depth(&[&*name], "a.b.example");
        }
    }
    let (leaf, _) = secret::read_chain(data);
    match leaf {
        Ok(leaf) => all_harmless(&serde_json::to_value(&leaf).expect("JSON")),
        Err(why) => quarterdeck_fuzz::harmless(&why),
    }
    // The same bytes twice: a leaf and what claims to have issued it.
    let chain = [CertificateDer::from(data), CertificateDer::from(data)];
    for roots in [Roots::default(), Roots::default().and_pem(data)] {
        for trouble in roots.judge(&chain, "a.example", NOW) {
            all_harmless(&serde_json::to_value(&trouble).expect("JSON"));
        }
    }
    let (pem, spki) = data.split_at(data.len() / 2);
    let _ = key::compare(pem, spki);
});
