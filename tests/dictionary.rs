//! The dictionary is complete: every reason, state and condition that cert-manager's controllers can write, read from
//! the source of the pinned version, has plain words. Nothing of that source is compiled.

use quarterdeck_core::findings::reasons::{On, condition, reason, state};
use quarterdeck_testing::crds::{Project, folder, version};
use quarterdeck_testing::real::skipped;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "fake" | "test" | "testdata") {
                files(&path, found);
            }
        } else if name.ends_with(".go") && !name.ends_with("_test.go") {
            found.push(path);
        }
    }
}

/// Text between quotes right at the start, when it is a word of a condition.
fn quoted(text: &str) -> Option<&str> {
    let (word, _) = text.trim_start().strip_prefix('"')?.split_once('"')?;
    (word.starts_with(|c: char| c.is_ascii_uppercase()) && word.len() < 60).then_some(word)
}

/// Reasons as they stand in a file: constants, and literals where events are recorded and conditions set.
fn reasons(source: &str, constants: bool) -> Vec<String> {
    let mut found = Vec::new();
    if constants {
        for line in source.lines() {
            let Some((name, value)) = line.split_once('=') else { continue };
            let name = name.trim().trim_start_matches("const ").trim_end_matches("string").trim();
            let word = name.chars().all(|c| c.is_ascii_alphanumeric());
            if word && !name.is_empty() && !name.starts_with("message") && !name.contains("ControllerName") {
                let value = quoted(value).filter(|v| !v.contains(' ') && !v.ends_with("Controller"));
                found.extend(value.map(str::to_owned));
            }
        }
    }
    // The argument that is the reason, counted from the call's opening.
    for (call, at) in [
        ("ecorder.Event(", 2),
        ("ecorder.Eventf(", 2),
        ("reporter.Failed(", 2),
        ("reporter.Pending(", 2),
        ("reporter.InvalidRequest(", 1),
        ("CertificateSigningRequestSetFailed(", 1),
        ("SetIssuerCondition(", 4),
        ("SetCertificateCondition(", 4),
        ("SetCertificateRequestCondition(", 3),
    ] {
        for (start, _) in source.match_indices(call) {
            found.extend(argument(&source[start + call.len()..], at).and_then(quoted).map(str::to_owned));
        }
    }
    found
}

/// An argument of a call, commas within brackets not counted.
fn argument(text: &str, wanted: usize) -> Option<&str> {
    let (mut depth, mut at, mut from) = (0, 0, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' | ',' if depth == 0 => {
                if at == wanted {
                    return Some(&text[from..i]);
                }
                if c == ')' {
                    return None;
                }
                (at, from) = (at + 1, i + 1);
            }
            _ => {}
        }
    }
    None
}

#[test]
fn every_reason_of_cert_manager_has_plain_words() {
    let module = match folder(Project::CertManager) {
        Ok(folder) => folder,
        Err(why) => return skipped("every_reason_of_cert_manager_has_plain_words", &why),
    };
    let rooms = [
        ("internal/controller/certificates/policies/constants.go", On::Certificate, true),
        ("pkg/controller/certificates", On::Certificate, true),
        ("pkg/controller/certificaterequests", On::Request, true),
        ("pkg/controller/certificatesigningrequests", On::SigningRequest, true),
        ("pkg/apis/certmanager/v1/types_certificaterequest.go", On::Request, true),
        ("pkg/controller/issuers", On::Issuer, true),
        ("pkg/controller/clusterissuers", On::Issuer, true),
        ("pkg/issuer/acme/setup.go", On::Issuer, true),
        ("pkg/issuer/ca", On::Issuer, true),
        ("pkg/issuer/vault", On::Issuer, true),
        ("pkg/issuer/venafi", On::Issuer, false),
        ("pkg/issuer/selfsigned", On::Issuer, true),
        ("pkg/controller/acmeorders", On::Order, true),
        ("pkg/controller/acmechallenges", On::Challenge, true),
        ("pkg/controller/certificate-shim", On::Route, true),
    ];
    let (mut unknown, mut known) = (Vec::new(), 0);
    for (path, on, constants) in rooms {
        let mut sources = Vec::new();
        match module.join(path) {
            file if file.is_file() => sources.push(file),
            folder => files(&folder, &mut sources),
        }
        for file in sources {
            for word in reasons(&fs::read_to_string(&file).unwrap(), constants) {
                match reason(on, &word) {
                    Some(_) => known += 1,
                    None => {
                        unknown.push(format!("{on:?} {word:?} in {}", file.strip_prefix(&module).unwrap().display()))
                    }
                }
            }
        }
    }
    assert!(unknown.is_empty(), "reasons without words:\n{}", unknown.join("\n"));
    assert!(known > 120, "only {known} reasons were found: the source looks different");
}

#[test]
fn every_state_and_condition_of_cert_manager_has_plain_words() {
    let module = match folder(Project::CertManager) {
        Ok(folder) => folder,
        Err(why) => return skipped("every_state_and_condition_of_cert_manager_has_plain_words", &why),
    };
    let values = |path: &str, of: &str| -> Vec<String> {
        let source = fs::read_to_string(module.join(path)).unwrap();
        let all = source.lines().filter_map(|line| line.split_once(of)?.1.split('"').nth(1).map(str::to_owned));
        all.collect()
    };
    let states = values("pkg/apis/acme/v1/types_order.go", " State = ");
    assert!(states.len() >= 8, "{states:?}");
    for word in &states {
        assert!(state(word).is_some(), "the state {word:?} has no words");
    }
    for (path, of, on) in [
        ("pkg/apis/certmanager/v1/types_certificate.go", " CertificateConditionType = ", On::Certificate),
        ("pkg/apis/certmanager/v1/types_certificaterequest.go", " CertificateRequestConditionType = ", On::Request),
        ("pkg/apis/certmanager/v1/types_issuer.go", " IssuerConditionType = ", On::Issuer),
    ] {
        let kinds = values(path, of);
        assert!(!kinds.is_empty(), "{path}");
        for kind in kinds {
            assert!(condition(on, &kind).is_some(), "the condition {kind:?} has no words");
        }
    }
}

#[test]
fn the_programs_of_the_tests_are_of_the_version_that_the_dictionary_was_read_from() {
    let module = quarterdeck_testing::repository().join("tests/real/cert-manager/go.mod");
    if let Ok(text) = fs::read_to_string(module) {
        let named = format!("github.com/cert-manager/cert-manager {}", version(Project::CertManager));
        assert!(text.contains(&named), "{text}");
    }
}
