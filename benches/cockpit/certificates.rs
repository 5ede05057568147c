//! From the start of the program to the verdict of the worst certificate, with 2,000 Certificates on the cluster.

use crate::demo::Served;
use crate::figures::{Figures, median};
use std::time::{Duration, Instant};

/// The lists that a verdict is made from.
const LISTS: [&str; 7] = [
    "/apis/cert-manager.io/v1/certificates",
    "/apis/cert-manager.io/v1/certificaterequests",
    "/apis/cert-manager.io/v1/clusterissuers",
    "/apis/acme.cert-manager.io/v1/orders",
    "/apis/acme.cert-manager.io/v1/challenges",
    "/api/v1/secrets?fieldSelector=type%3Dkubernetes.io%2Ftls",
    "/apis/networking.k8s.io/v1/ingresses",
];
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(figures: &mut Figures) {
    let served = Served::with("ominis", &["--certs", "2000"], "certs");
    let client = crate::real::blocking(&served.kubeconfig());
    let (mut bare, mut whole, mut after) = (Vec::new(), Vec::new(), Vec::new());
    let mut keys = 0.0;
    for _ in 0..5 {
        let begin = Instant::now();
        for path in LISTS {
            let list = client.get(path).expect("a list");
            assert!(list.status < 300, "{path}: {}", list.status);
        }
        let transfer = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let terminal = served.screen(80, 24);
        terminal.wait_for("the first finding under the cursor", PATIENCE, |s| {
            s.lines().any(|l| l.starts_with('▶') && l.contains('/'))
        });
        terminal.keys("<enter>");
        keys = 1.0;
        terminal.wait_for("its verdict", PATIENCE, |s| s.contains("Next step"));
        let verdict = begin.elapsed().as_secs_f64();
        bare.push(transfer);
        whole.push(verdict / transfer);
        after.push(verdict - transfer);
    }
    figures.at_most("keys from the start to the verdict of the worst certificate", keys, "", 2.0, "");
    figures.at_most("verdict among 2,000 Certificates after their lists", median(&mut after), "s", 1.0, "");
    println!("bare transfer of the lists: {:.3} s (median)", median(&mut bare));
    figures.at_most("start to verdict against the bare transfer of the lists", median(&mut whole), "x", 6.0, "");
}
