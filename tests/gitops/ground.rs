//! The ground of this suite: one real cluster whose pods are KWOK's, and `qd` with a home of its own.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use quarterdeck_testing::http::Request;
use quarterdeck_testing::real::{Options, RealCluster, skipped};
use serde_json::{Value, json};

/// There is no scheduler; pods are told where to go.
pub const NODE: &str = "ground-1";

/// The cluster and who looks at it.
pub struct Ground {
    pub cluster: RealCluster,
    home: tempfile::TempDir,
    kubeconfig: PathBuf,
}

/// The ground that the tests of this program share.
pub fn ground() -> Result<&'static Ground, String> {
    static GROUND: OnceLock<Result<Ground, String>> = OnceLock::new();
    GROUND.get_or_init(Ground::start).as_ref().map_err(String::clone)
}

/// What was started once for all tests, or `None` after a line that says why there is none.
pub fn given<T>(test: &str, started: &'static Result<T, String>) -> Option<&'static T> {
    started.as_ref().map_err(|why| skipped(test, why)).ok()
}

impl Ground {
    fn start() -> Result<Ground, String> {
        quarterdeck_testing::programs::programs()?;
        let cluster = RealCluster::start_with("gitops", &Options { kwok: true, controllers: None });
        let annotations = json!({"kwok.x-k8s.io/node": "fake"});
        let node = json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": NODE, "annotations": annotations}});
        cluster.apply("nodes", &node);
        let kubeconfig = cluster.file("qd", &cluster.admin());
        let home = tempfile::tempdir().map_err(|e| e.to_string())?;
        Ok(Ground { cluster, home, kubeconfig })
    }

    /// An object, by its path; `Null` when it is not there.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.cluster.client().get(path).expect("an answer");
        if answer.status == 200 { answer.json() } else { Value::Null }
    }

    /// Changes an object by a merge patch.
    pub fn patch(&self, path: &str, patch: &Value) {
        let request = Request::new("PATCH", path).body("application/merge-patch+json", patch.to_string());
        let answer = self.cluster.client().send(&request).expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }

    /// Waits until an object (by its path) is as wanted.
    pub fn wait(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let found = self.get(path);
            if wanted(&found) {
                return found;
            }
            let late = since.elapsed() > Duration::from_secs(180);
            assert!(!late, "waited in vain until {path} {what}; it is {:#}", found["status"]);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Runs `qd` against the cluster.
    pub fn qd(&self, line: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(line.split(' ')).env("KUBECONFIG", &self.kubeconfig).env("HOME", self.home.path());
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME").stdin(Stdio::null());
        command.output().expect("qd runs")
    }

    /// What `qd` prints as JSON, whatever its exit code.
    pub fn json(&self, line: &str) -> Value {
        let output = self.qd(line);
        let told = || format!("qd {line}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{}: {e}", told()))
    }

    /// Carries an action out and follows it to its end, which has to be good. Gives its outcome.
    pub fn done(&self, line: &str) -> Value {
        let all = self.json(&format!("do {line} --yes --wait -o json"));
        assert_eq!(all["outcome"]["ok"], true, "qd do {line}: {all:#}");
        all["outcome"].clone()
    }

    /// What `qd apps` says of one app.
    pub fn app(&self, name: &str) -> Value {
        let list = self.json("apps -o json");
        let found = list["items"].as_array().and_then(|all| all.iter().find(|app| app["name"] == name).cloned());
        found.unwrap_or_else(|| panic!("{name} is not in {list:#}"))
    }

    /// What `qd app why` says of one app.
    pub fn why(&self, name: &str) -> Value {
        self.json(&format!("app why {name} -o json"))
    }

    /// The path of a ConfigMap.
    pub fn settings(&self, namespace: &str, name: &str) -> String {
        format!("/api/v1/namespaces/{namespace}/configmaps/{name}")
    }

    /// The `mode` in a ConfigMap; `Null` when it is not there.
    pub fn mode(&self, namespace: &str, name: &str) -> Value {
        self.get(&self.settings(namespace, name))["data"]["mode"].clone()
    }
}

/// A ConfigMap's manifest with one value, `mode`.
pub fn settings(name: &str, mode: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{mode: {mode}}}\n")
}
