//! How long 10,000 pods of a real kube-apiserver take, against the bare transfer of the same list.

use crate::figures::{Figures, median};
use crate::real;
use http_body_util::BodyExt;
use quarterdeck_core::clock::Clock;
use quarterdeck_core::resources::{Kind, Scope};
use quarterdeck_core::session::{KubeconfigFrom, Options, Session};
use quarterdeck_core::store::{Freshness, TableRequest};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PODS: usize = 10_000;
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

pub fn run(figures: &mut Figures) {
    let Some(cluster) = real::with_pods(PODS) else { return };
    let kubeconfig = cluster.admin();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let (mut first, mut all) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let client = real::client(&kubeconfig).await;
        bare(&client, Some(500)).await;
        for round in 0..7 {
            let (page, _) = bare(&client, Some(500)).await;
            let (list, bytes) = bare_pages(&client).await;
            let (ours_first, ours_all) = ours(&kubeconfig).await;
            println!(
                "round {round}: bare page {:.0} ms, first rows {:.0} ms; bare list {:.0} ms ({:.1} MB), all rows {:.0} ms",
                page * 1e3,
                ours_first * 1e3,
                list * 1e3,
                bytes as f64 / 1e6,
                ours_all * 1e3
            );
            first.push(ours_first / page);
            all.push(ours_all / list);
        }
    });
    figures.at_most("first rows of 10,000 pods / bare first page of 500", median(&mut first), "×", 1.5, "");
    figures.at_most("all rows of 10,000 pods / bare transfer of the list", median(&mut all), "×", 1.5, "");
}

async fn get(client: &kube::Client, path: &str) -> bytes::Bytes {
    let request =
        http::Request::get(path).header("accept", TABLE).body(kube::client::Body::empty()).expect("a request");
    let answer = client.send(request).await.expect("an answer");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.into_body().collect().await.expect("a body").to_bytes()
}

/// Seconds and bytes of one bare GET.
async fn bare(client: &kube::Client, limit: Option<usize>) -> (f64, usize) {
    let limit = limit.map(|l| format!("&limit={l}")).unwrap_or_default();
    let start = Instant::now();
    let body = get(client, &format!("/api/v1/pods?includeObject=Metadata{limit}")).await;
    (start.elapsed().as_secs_f64(), body.len())
}

/// Seconds and bytes of the whole list in the same encoding, in one answer: the quickest way there is.
async fn bare_pages(client: &kube::Client) -> (f64, usize) {
    bare(client, None).await
}

/// Seconds until the first rows and until all rows are in the store of a session that is connected.
async fn ours(kubeconfig: &str) -> (f64, f64) {
    let wake = Arc::new(tokio::sync::Notify::new());
    let waker = wake.clone();
    let options = Options {
        kubeconfig: KubeconfigFrom::Text(kubeconfig.into()),
        state_dir: Some(std::env::temp_dir().join("quarterdeck-bench-state")),
        clock: Clock::system(),
        ..Options::default()
    };
    let session = Session::new(options, Arc::new(move |_| waker.notify_one())).expect("a session");
    let context = session.current_context();
    let cluster = session.cluster(&context).expect("a cluster");
    let kinds = cluster.kinds().await.expect("kinds");
    let pods: Kind = kinds.get("", "pods").expect("pods").clone();
    let start = Instant::now();
    let table = session.table(&context, TableRequest::new(pods, Scope::All)).expect("a table");
    let mut view = table.view();
    let mut first = None;
    loop {
        view.refresh();
        if first.is_none() && !view.is_empty() {
            first = Some(start.elapsed().as_secs_f64());
        }
        match table.freshness() {
            Freshness::Live if view.len() == PODS => break,
            Freshness::Failed(problem) => panic!("{problem}"),
            _ => {}
        }
        assert!(start.elapsed() < Duration::from_secs(120), "only {} rows came", view.len());
        let _ = tokio::time::timeout(Duration::from_secs(1), wake.notified()).await;
    }
    (first.unwrap_or_default(), start.elapsed().as_secs_f64())
}
