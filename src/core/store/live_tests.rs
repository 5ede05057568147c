//! The stores through the real client against the embedded server.

use super::{Freshness, Stores, TableHandle, TableRequest};
use crate::clock::Clock;
use crate::cluster::{Cluster, Kubeconfig, Method, Request};
use crate::resources::{Cell, Kind, Query, Scope};
use parking_lot::Mutex;
use quarterdeck_sim::{Clock as SimClock, Fault, Faults, ServeOptions, SimServer, Store, Target};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

struct Lab {
    _server: SimServer,
    /// The wire between the server and us; whoever takes it away cuts it.
    wire: Arc<Mutex<JoinSet<()>>>,
    plugged: Arc<AtomicBool>,
    faults: Faults,
    cluster: Cluster,
    stores: Stores,
}

impl Lab {
    async fn new() -> Self {
        let faults = Faults::default();
        let options = ServeOptions { faults: faults.clone(), ..ServeOptions::default() };
        let server = SimServer::start(Store::new(SimClock::system()), options).await.unwrap();
        let (wire, plugged) = (Arc::new(Mutex::new(JoinSet::new())), Arc::new(AtomicBool::new(true)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ours, theirs) = (listener.local_addr().unwrap(), server.address());
        let (connections, on) = (wire.clone(), plugged.clone());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                if on.load(Ordering::SeqCst) {
                    connections.lock().spawn(async move {
                        let mut server = TcpStream::connect(theirs).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    });
                }
            }
        });
        let text = server.kubeconfig_yaml().replace(&theirs.port().to_string(), &ours.port().to_string());
        let kubeconfig = Kubeconfig::parse(&text, "test").unwrap();
        let cluster = Cluster::connect(&kubeconfig, None, &Default::default()).unwrap();
        let stores = Stores::new(Clock::system(), None);
        Self { _server: server, wire, plugged, faults, cluster, stores }
    }
    /// Cuts every connection and refuses new ones, or lets them through again.
    fn plug(&self, on: bool) {
        self.plugged.store(on, Ordering::SeqCst);
        if !on {
            self.wire.lock().abort_all();
        }
    }
    async fn config_map(&self, name: &str) {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"n": name}}, "data": {"a": "1", "b": "2"}});
        let request = Request::write(Method::Post, "/api/v1/namespaces/default/configmaps", object.to_string());
        self.cluster.call(request).await.unwrap();
    }
    async fn delete(&self, name: &str) {
        let path = format!("/api/v1/namespaces/default/configmaps/{name}");
        self.cluster.call(Request::write(Method::Delete, path, "{}")).await.unwrap();
    }
    fn table(&self) -> TableHandle {
        let kind = Kind::of("", "v1", "ConfigMap", "configmaps", true);
        self.stores.table(&self.cluster, TableRequest::new(kind, Scope::one("default")))
    }
}

async fn until(table: &TableHandle, what: &str, holds: impl Fn() -> bool) {
    let mut changes = table.subscribe();
    let wait = async {
        while !holds() {
            let _ = tokio::time::timeout(Duration::from_millis(100), changes.changed()).await;
        }
    };
    let state = || format!("never: {what}; {} rows, {:?}, {:?}", table.len(), table.freshness(), table.partial());
    assert!(tokio::time::timeout(Duration::from_secs(20), wait).await.is_ok(), "{}", state());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_change_and_go_and_quiet_costs_nothing() {
    let lab = Lab::new().await;
    lab.config_map("one").await;
    let table = lab.table();
    until(&table, "live", || table.freshness() == Freshness::Live && !table.is_empty()).await;
    let names: Vec<_> = table.columns().iter().map(|c| c.name.to_string()).collect();
    assert_eq!(names, ["Name", "Data", "Age"]);
    let mut view = table.view();
    view.set_query(Query::parse("name:one data>1", &table.columns()).unwrap());
    let row = view.get(0).expect("one");
    assert_eq!(row.cells[1], Cell::Int(2));
    assert!(row.meta.uid.len() > 30 && row.meta.label("n") == Some("one"));
    lab.config_map("two").await;
    until(&table, "two", || table.rows().iter().any(|r| &*r.meta.name == "two")).await;
    lab.delete("one").await;
    until(&table, "one gone", || !table.rows().iter().any(|r| &*r.meta.name == "one")).await;
    let requests = lab.cluster.traffic().requests;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(lab.cluster.traffic().requests, requests, "nothing changed, nothing was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_and_comes_back_is_followed_again() {
    let lab = Lab::new().await;
    lab.config_map("one").await;
    let table = lab.table();
    until(&table, "live", || table.freshness() == Freshness::Live).await;
    lab.plug(false);
    until(&table, "stale", || matches!(table.freshness(), Freshness::Stale { .. })).await;
    assert!(!table.is_empty(), "the rows of then stay");
    lab.plug(true);
    let back = std::time::Instant::now();
    until(&table, "live again", || table.freshness() == Freshness::Live).await;
    assert!(back.elapsed() < Duration::from_secs(5), "{:?}", back.elapsed());
    lab.config_map("later").await;
    until(&table, "the news", || table.rows().iter().any(|r| &*r.meta.name == "later")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_while_it_starts_are_overcome() {
    let lab = Lab::new().await;
    lab.config_map("one").await;
    let target = Target { path: "/configmaps".into(), ..Target::default() };
    lab.faults.add_times(Fault::Server(503), target.clone(), 2);
    lab.faults.add_times(Fault::TooMany(1), target.clone(), 1);
    lab.faults.add_times(Fault::Gone, target, 1);
    let table = lab.table();
    until(&table, "live", || table.freshness() == Freshness::Live && !table.is_empty()).await;
}
