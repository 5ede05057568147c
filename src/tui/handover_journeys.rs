//! Journeys to a certificate's truths, its self-check, its incident note, and over links.

use crate::journeys::golden;
use crate::robot::{NOW, Robot, RobotOptions};
use quarterdeck_core::certificates::Leaf;
use quarterdeck_core::probe::{Probing, Served};
use std::net::UdpSocket;
use std::sync::Arc;

/// A server that knows no name at all (RFC 1035 §4.1.1: the question comes back, with the code for "no such name").
fn dns_without_names() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            if length < 12 {
                continue;
            }
            // Header and question, without the additional records (EDNS) behind it.
            let name = packet[12..length].iter().position(|b| *b == 0).unwrap_or(0);
            let end = (12 + name + 5).min(length);
            packet[2] = 0x81;
            packet[3] = 0x83;
            packet[6..12].fill(0);
            let _ = socket.send_to(&packet[..end], from);
        }
    });
    address
}

fn old_leaf(host: &str) -> Leaf {
    Leaf {
        names: vec![host.into()],
        subject: host.into(),
        issuer: "R11".into(),
        serial: "1".into(),
        not_before: NOW - 100 * 86_400,
        not_after: NOW + 3 * 86_400,
        sha256: "00".repeat(32).into(),
        public_key: "RSA 2048".into(),
        self_signed: false,
        is_ca: false,
        oddities: Vec::new(),
    }
}

#[test]
fn what_is_served_stands_beside_what_the_secret_holds() {
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.probing = Probing::Script(Arc::new(|target| {
        Ok(Served {
            host: target.host.clone(),
            address: "203.0.113.7:443".parse().expect("an address"),
            at: NOW,
            protocol: "TLSv1_3".into(),
            chain: vec![old_leaf(&target.host)],
            troubles: Vec::new(),
        })
    }));
    let mut robot = Robot::with(options);
    robot.until("cannot be issued").until_idle();
    let link =
        format!("qd://{}/certificates.v1.cert-manager.io/client-zoo/zoo-api-tls?view=chain", robot.state.context);
    robot.keys(&format!(":{link}<enter>")).until("still serves the certificate before").until_idle();
    golden("certificate-served", &mut robot);
    robot.keys("Y");
    assert!(robot.copied.last().is_some_and(|c| c.starts_with("qd://")), "{:?}", robot.copied);
    robot.keys("i").until("# Incident: Certificate client-zoo/zoo-api-tls").until_idle();
    let note = robot.copied.last().cloned().unwrap_or_default();
    assert!(note.contains("CERT_SERVED_OLD") && note.contains("| served |"), "{note}");
    assert!(note.contains(&link) && !note.contains("PRIVATE KEY"), "{note}");
    robot.keys("s");
    let (name, text) = robot.saved.last().expect("it was saved");
    assert!(name.starts_with("incident-client-zoo-zoo-api-tls-") && *text == note, "{name}");
}

#[test]
fn self_checks_are_told_one_by_one() {
    let mut options = RobotOptions::new("ominis", 80, 24);
    options.config = format!("[dns]\nservers = [\"{}\"]\n", dns_without_names());
    options.probing = Probing::Script(Arc::new(|_| Err(quarterdeck_core::probe::TlsFault::Refused)));
    let mut robot = Robot::with(options);
    robot.until("cannot be issued").until_idle();
    robot.keys(":certificates<enter>").until_idle().keys("<enter>").until_idle();
    robot.keys("c").until("checks found something").until_idle();
    golden("self-check", &mut robot);
}

#[test]
fn a_link_that_leads_nowhere_says_why() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle();
    robot.keys(":qd://elsewhere/pods.v1/a/b<enter>").until("cannot follow the link elsewhere");
    let here = robot.state.context.clone();
    robot.keys(&format!(":qd://{here}/gadgets.v1.example.com/a/b<enter>")).until("cannot follow the link gadgets");
    robot.keys(&format!(":qd://{here}/pods.v1<enter>")).until("it has not four parts");
    robot.keys(&format!(":qd://{here}/namespaces.v1/-/client-zoo?view=yaml<enter>")).until("kind: Namespace");
    robot.keys("Y");
    assert_eq!(robot.copied.last(), Some(&format!("qd://{here}/namespaces.v1/-/client-zoo?view=yaml")));
}

#[test]
fn an_app_and_a_route_have_notes_too() {
    let mut robot = Robot::start("ominis", 80, 24);
    robot.until("cannot be issued").until_idle();
    robot.keys(":app homer<enter>").until("postgres-0").until_idle().keys("<enter>").until("Workloads").until_idle();
    robot.keys("I").until("# Incident: App homer").until_idle();
    let note = robot.copied.last().cloned().unwrap_or_default();
    assert!(note.contains("volume not bound") && note.contains("## Workloads"), "{note}");
    assert!(note.contains("### PersistentVolumeClaim") && note.contains("qd app why homer"), "{note}");
    robot.keys("s");
    let (name, text) = robot.saved.last().expect("it was saved");
    assert!(name.starts_with("incident-app-homer-") && *text == note, "{name}");

    robot.keys(":routes all /docs.app<enter>").until("docs.app.ominis.ai").until_idle();
    robot.keys("<enter>").until("wins over").until_idle();
    robot.keys("i").until("# Incident: Route docs.app.ominis.ai").until_idle();
    let note = robot.copied.last().cloned().unwrap_or_default();
    assert!(note.contains("ROUTE_HOST_CONFLICT") && note.contains("## The same host elsewhere"), "{note}");
    assert!(!note.contains("PRIVATE KEY"), "{note}");
}
