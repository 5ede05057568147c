//! From the start of the program to the verdict of the worst certificate, with 2,000 Certificates on the cluster.

use crate::demo::{Served, program};
use crate::figures::{Figures, median};
use quarterdeck_testing::pty::Terminal;
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// How many Certificates there are at least.
const CERTIFICATES: usize = 2_000;
/// The lists that a verdict is made from. The program asks for more than these, and for all at the same time.
const LISTS: [&str; 8] = [
    "/apis/cert-manager.io/v1/certificates",
    "/apis/cert-manager.io/v1/certificaterequests",
    "/apis/cert-manager.io/v1/issuers",
    "/apis/cert-manager.io/v1/clusterissuers",
    "/apis/acme.cert-manager.io/v1/orders",
    "/apis/acme.cert-manager.io/v1/challenges",
    "/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Ftls",
    "/apis/networking.k8s.io/v1/ingresses",
];
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(figures: &mut Figures) {
    let served = Served::with("ominis", &["--certs", &CERTIFICATES.to_string()], "certs");
    let many = worst(&served, CERTIFICATES);
    let small = Served::with("ominis", &[], "few-certs");
    let few = worst(&small, 1);
    let (mut bare, mut ratio, mut after, mut most) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..5 {
        let transfer = transfer(&served);
        let (keys, verdict) = timed(&served, &many);
        most = keys.max(most);
        bare.push(transfer);
        after.push(verdict - transfer);
        ratio.push(verdict / timed(&small, &few).1);
    }
    figures.at_most("keys from the start to the verdict of the worst certificate", f64::from(most), "", 2.0, "");
    // From the start of the program, so that its start and its connection are in it: more than what is promised.
    figures.at_most("verdict among 2,000 Certificates after their lists", median(&mut after), "s", 1.0, "");
    println!("bare transfer of the lists: {:.3} s (median)", median(&mut bare));
    figures.at_most(
        "start to verdict, 2,000 Certificates / those of the world alone",
        median(&mut ratio),
        "x",
        3.0,
        "",
    );
}

/// How many keys and seconds it takes from the start of the program to a verdict.
fn timed(served: &Served, worst: &str) -> (u32, f64) {
    let begin = Instant::now();
    let terminal = served.screen(80, 24);
    let keys = open(&terminal, worst);
    (keys, begin.elapsed().as_secs_f64())
}

/// What the tool itself calls the worst: the certificate of the first finding, as NAMESPACE/NAME. That there are at least
/// so many certificates is looked at first: among few it would prove nothing.
fn worst(served: &Served, least: usize) -> String {
    let client = crate::real::blocking(&served.kubeconfig());
    let all = client.get(LISTS[0]).expect("a list").json();
    let count = all["items"].as_array().map(Vec::len).unwrap_or_default();
    assert!(count >= least, "{count} Certificates");
    let kubeconfig = served.kubeconfig().display().to_string();
    let arguments = ["--kubeconfig", &kubeconfig, "check", "-A", "-o", "json"];
    let output = Command::new(program()).args(arguments).output().expect("qd runs");
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{arguments:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)));
    let first = &told["items"][0];
    let text = |field: &str| first[field].as_str().unwrap_or_default();
    assert_eq!(text("kind"), "Certificate", "the worst finding is about a certificate: {first:#}");
    format!("{}/{}", text("namespace"), text("name"))
}

/// Seconds that the lists take on the wire when somebody takes all of them at the same time and looks at nothing.
fn transfer(served: &Served) -> f64 {
    let client = crate::real::blocking(&served.kubeconfig());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for path in LISTS {
            let client = &client;
            scope.spawn(move || {
                let list = client.get(path).expect("a list");
                assert!(list.status < 300, "{path}: {}", list.status);
            });
        }
    });
    begin.elapsed().as_secs_f64()
}

/// Goes to the verdict of a certificate as somebody does who has just been woken; how many keys that takes.
fn open(terminal: &Terminal, certificate: &str) -> u32 {
    let mut keys = 0;
    let mut press = |key: &str| {
        keys += 1;
        terminal.keys(key);
    };
    let under_cursor = |s: &str| s.lines().any(|l| l.starts_with('▶') && l.contains(certificate));
    let screen = terminal.wait_for("the worst certificate", PATIENCE, |s| s.contains(certificate));
    // The cursor stays on what was first when the first list came.
    if !under_cursor(&screen) {
        press("g");
        terminal.wait_for("the worst certificate under the cursor", PATIENCE, under_cursor);
    }
    press("<enter>");
    let (_, name) = certificate.split_once('/').expect("NAMESPACE/NAME");
    terminal.wait_for("its verdict", PATIENCE, |s| s.contains("Next step") && s.contains(name));
    keys
}
