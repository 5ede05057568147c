//! One conformance suite for two servers: the embedded one and the real kube-apiserver must give the same answers.
//!
//! A talk is a list of requests ([`talk`]). What the real server says to it is on record in
//! `snapshots/conformance`; `real` tests hold the record against the real server, `sim` tests hold the embedded one
//! against the record, but for the differences that `differences` lists with their reasons. `QD_BLESS=1` writes the
//! record anew from the real server.

mod compare;
mod custom;
mod deletion;
mod differences;
mod discovery;
mod gone;
mod kubectl;
mod lists;
mod objects;
mod patches;
mod rights;
mod subresources;
mod table_kinds;
mod tables;
mod talk;
mod watches;

use differences::DIFFERENCES;
use quarterdeck_testing::http::Request;
use quarterdeck_testing::programs::programs;
use quarterdeck_testing::real::{Options, RealCluster, shared_with, skipped};
use quarterdeck_testing::sim;
use serde_json::json;
use talk::{Exchange, Talk};

macro_rules! talks {
    ($($name:ident: $run:path;)*) => {
        $(mod $name {
            #[test]
            fn real() {
                super::on_the_real_one(stringify!($name), $run);
            }

            #[test]
            fn sim() {
                super::on_the_embedded_one(stringify!($name), $run);
            }
        })*
    };
}

// A talk's namespace carries its name, so that talks can run side by side.
mod on {
    talks! {
        discovery: crate::discovery::talk;
        objects: crate::objects::talk;
        refusals: crate::objects::refusals;
        patches: crate::patches::talk;
        server_side_apply: crate::patches::server_side_apply;
        lists: crate::lists::talk;
        watches: crate::watches::talk;
        deletion: crate::deletion::talk;
        collection: crate::deletion::garbage;
        subresources: crate::subresources::talk;
        tables: crate::tables::talk;
        table_kinds: crate::table_kinds::talk;
        custom: crate::custom::talk;
        rights: crate::rights::talk;
    }

    use super::{on_the_embedded_one, on_the_real_one};

    mod gone {
        #[test]
        fn real() {
            crate::gone_on_the_real_one();
        }

        #[test]
        fn sim() {
            crate::gone_on_the_embedded_one();
        }
    }

    mod kubectl {
        #[test]
        fn real() {
            crate::kubectl_on_the_real_one();
        }

        #[test]
        fn sim() {
            crate::kubectl_on_the_embedded_one();
        }
    }
}

/// Only those controllers whose work belongs to the API: the others would change objects while we look at them.
const CONTROLLERS: &str = "serviceaccount-controller,namespace-controller,garbage-collector-controller";

fn on_the_real_one(name: &str, run: fn(&mut Talk)) {
    let Some(cluster) = real(&format!("conformance of {name}")) else { return };
    judge(name, &said(cluster.client(), name, run));
}

fn real(test: &str) -> Option<&'static RealCluster> {
    shared_with(test, &Options { controllers: Some(CONTROLLERS), ..Options::default() })
}

/// Holds what the real server said against the record, or writes it down as the record.
fn judge(name: &str, said: &[Exchange]) {
    if std::env::var_os("QD_BLESS").is_some() {
        compare::bless(name, said);
    }
    agree(&compare::complaints(name, said, &[]));
}

fn kubectl_on_the_real_one() {
    let Some(cluster) = real("conformance of kubectl") else { return };
    let config = cluster.file("kubectl", &cluster.admin());
    let cache = config.with_extension("cache");
    let mut prompt = kubectl::Prompt::new(&cluster.program("kubectl"), &config, &cache, "talk-kubectl");
    kubectl::session(&mut prompt);
    judge("kubectl", &prompt.finish());
}

fn on_the_embedded_one(name: &str, run: fn(&mut Talk)) {
    let cluster = sim::shared();
    agree(&compare::complaints(name, &said(cluster.client(), name, run), DIFFERENCES));
}

/// An API server of its own, which makes its etcd forget what is two seconds old.
fn gone_on_the_real_one() {
    if let Err(why) = programs() {
        return skipped("conformance of gone", &why);
    }
    let options = Options { controllers: Some(CONTROLLERS), ..Options::default() };
    let cluster = RealCluster::start_with_flags("gone", &options, &["--etcd-compaction-interval=1s".into()], &[]);
    let etcd = cluster.etcd_client();
    let forget = |t: &Talk| {
        let revision = || {
            let answer = etcd.send(&Request::new("POST", "/v3/kv/range").json(&json!({"key": "Lw=="}))).expect("etcd");
            answer.json()["header"]["revision"].as_str().and_then(|r| r.parse::<u64>().ok()).unwrap_or_default()
        };
        let present = revision();
        // The API server compacts to where etcd was at its last round, so that something has to go on.
        cluster.patiently("the end of history", || {
            t.quietly(talk::post("/api/v1/namespaces/NS/configmaps", json!({"metadata": {"generateName": "zz-"}})));
            let old = json!({"key": "Lw==", "revision": present.to_string()});
            etcd.send(&Request::new("POST", "/v3/kv/range").json(&old)).is_ok_and(|a| a.text().contains("compacted"))
        });
        // What it has seen pass it remembers beside etcd, until it is started again.
        cluster.kill_api();
        cluster.start_api();
    };
    let mut talk = Talk::new(cluster.client(), "talk-gone");
    gone::talk(&mut talk, &forget);
    judge("gone", &talk.finish());
}

fn gone_on_the_embedded_one() {
    let cluster = sim::SimCluster::start("gone");
    let mut talk = Talk::new(cluster.client(), "talk-gone");
    gone::talk(&mut talk, &|_| cluster.server().store().compact());
    agree(&compare::complaints("gone", &talk.finish(), DIFFERENCES));
}

fn kubectl_on_the_embedded_one() {
    // A kubectl of another version words its answers otherwise; only the one that is built here is comparable.
    let programs = match programs() {
        Ok(programs) => programs,
        Err(why) => return skipped("conformance of kubectl on the embedded cluster", &why),
    };
    let cluster = sim::shared();
    let config = cluster.file("kubectl", &cluster.admin());
    let cache = cluster.folder().join("cache");
    let mut prompt = kubectl::Prompt::new(&programs.path("kubectl"), &config, &cache, "talk-kubectl");
    kubectl::session(&mut prompt);
    agree(&compare::complaints("kubectl", &prompt.finish(), DIFFERENCES));
}

fn said(client: quarterdeck_testing::http::Client, name: &str, run: fn(&mut Talk)) -> Vec<Exchange> {
    let mut talk = Talk::new(client, &format!("talk-{}", name.replace('_', "-")));
    run(&mut talk);
    talk.finish()
}

fn agree(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} differences\n{}", complaints.len(), complaints.join("\n"));
}
