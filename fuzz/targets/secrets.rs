//! What a Secret and a caBundle hold, taken for `tls.crt`, `tls.key` and `ca.crt`: the first byte says where each ends.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use quarterdeck_core::certificates::TlsSecret;
use quarterdeck_core::certificates::bundles::Bundle;
use quarterdeck_core::certificates::diagnose::Role;
use quarterdeck_core::certificates::facts;
use quarterdeck_fuzz::all_harmless;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let Some((cut, rest)) = data.split_first() else { return };
    let (crt, key) = rest.split_at(rest.len() * usize::from(*cut) / 255);
    let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
    let held = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"namespace": "a", "name": "b"},
        "data": {"tls.crt": encoded(crt), "tls.key": encoded(key), "ca.crt": encoded(key)},
    });
    let read: TlsSecret = serde_json::from_value(held.clone()).expect("a Secret, whatever it holds");
    if let Ok(leaf) = &read.leaf {
        all_harmless(&serde_json::to_value(leaf).expect("JSON"));
    }
    let told = facts::of(Role::Secret, &held, &[]);
    for (label, value) in facts::lines(&told) {
        quarterdeck_fuzz::harmless(&label);
        quarterdeck_fuzz::harmless(&value);
    }
    let bundle: Bundle = serde_json::from_value(encoded(rest).into()).expect("a bundle, whatever it holds");
    bundle.authorities.iter().for_each(|(subject, _)| quarterdeck_fuzz::harmless(subject));
    // As the API server would never write it.
    if let Ok(text) = std::str::from_utf8(rest) {
        let odd = json!({"metadata": null, "data": {"tls.crt": text, "tls.key": text}});
        let _ = serde_json::from_value::<TlsSecret>(odd);
        let _ = serde_json::from_value::<Bundle>(text.into());
    }
});
