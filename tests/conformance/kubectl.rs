//! The ordinary kubectl, run against both servers: what its user reads has to be the same. It leans on much that no
//! request of ours uses: discovery caches, OpenAPI, tables, patches computed on its side.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::talk::{Exchange, neutral};

/// A user at a prompt.
pub struct Prompt {
    program: PathBuf,
    config: PathBuf,
    cache: PathBuf,
    namespace: String,
    exchanges: Vec<Exchange>,
}

impl Prompt {
    /// A prompt in a new namespace.
    pub fn new(program: &Path, config: &Path, cache: &Path, namespace: &str) -> Prompt {
        let mut prompt = Prompt {
            program: program.to_owned(),
            config: config.to_owned(),
            cache: cache.to_owned(),
            namespace: namespace.to_owned(),
            exchanges: Vec::new(),
        };
        prompt.run(&format!("create namespace {namespace}"), "");
        prompt.exchanges.clear();
        prompt
    }

    /// What was typed and read.
    pub fn finish(self) -> Vec<Exchange> {
        self.exchanges
    }

    fn run(&mut self, line: &str, input: &str) {
        let words = words(line);
        let mut child = Command::new(&self.program)
            .arg("--kubeconfig")
            .arg(&self.config)
            .arg("--cache-dir")
            .arg(&self.cache)
            .args(["--namespace", &self.namespace])
            .args(&words)
            .env("KUBECTL_APPLYSET", "false")
            .env_remove("KUBECONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", self.program.display()));
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().expect("kubectl's output");
        let read =
            |bytes: &[u8]| -> Vec<String> { String::from_utf8_lossy(bytes).lines().map(|l| self.line(l)).collect() };
        let answer = json!({ "exit": output.status.code(), "out": read(&output.stdout), "err": read(&output.stderr) });
        let step = format!("{:02} {line}", self.exchanges.len() + 1);
        self.exchanges.push(Exchange { step, asked: line.to_owned(), answer });
    }

    /// A line without what a server makes up, and without the column widths that follow from it.
    fn line(&self, text: &str) -> String {
        let text = text.replace(&self.namespace, "NS");
        if let Some((name, _)) = text.split_once(':').filter(|(name, _)| TIMES.contains(&name.trim())) {
            return format!("{name}: <time>");
        }
        for label in ["resourceVersion:", "Resource Version:"] {
            if let Some((before, _)) = text.split_once(label) {
                return format!("{before}{label} <version>");
            }
        }
        let indent = text.len() - text.trim_start().len();
        let cells: Vec<String> =
            text.trim().split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(address).collect();
        format!("{}{}", " ".repeat(indent), cells.join("  "))
    }
}

/// Lines of `describe` and of YAML that hold a time.
const TIMES: &[&str] = &["CreationTimestamp", "creationTimestamp", "time", "kubectl.kubernetes.io/restartedAt"];

/// A cell, with an address that the server chose taken out.
fn address(cell: &str) -> String {
    let octets: Vec<&str> = cell.split('.').collect();
    if octets.len() == 4 && octets.iter().all(|o| o.parse::<u8>().is_ok()) { "<ip>".to_owned() } else { neutral(cell) }
}

/// Words as a shell splits them; single quotes keep blanks.
fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            out.push(part.to_owned());
        } else {
            out.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    out
}

const CHART: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: chart
  labels: {app: web}
data:
  sea: north
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'web:1', ports: [{containerPort: 80}]}
";

const SHIPS: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.kubectl.example.org}
spec:
  group: kubectl.example.org
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bo]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, required: [flag], properties: {flag: {type: string}, crew: {type: integer, maximum: 9}}}
    additionalPrinterColumns:
    - {name: Flag, type: string, jsonPath: .spec.flag}
    - {name: Crew, type: integer, jsonPath: .spec.crew, priority: 1}
";

const BOAT: &str = "\
apiVersion: kubectl.example.org/v1
kind: Boat
metadata: {name: ada}
spec: {flag: fr, crew: 3}
";

/// A session at the prompt.
pub fn session(p: &mut Prompt) {
    p.run("create -f -", CHART);
    p.run("create -f -", CHART);
    p.run("apply -f -", CHART);
    p.run("apply -f -", CHART);
    p.run("apply -f -", &CHART.replace("north", "south").replace("web:1", "web:2"));
    p.run("get deployments,configmaps", "");
    p.run("get deployments -o wide", "");
    p.run("get configmap chart -o yaml", "");
    p.run("get configmap chart -o jsonpath={.data.sea}", "");
    p.run("get deployments -o name", "");
    p.run("get deployments -o custom-columns=N:.metadata.name,R:.spec.replicas", "");
    p.run("get deployments --show-labels", "");
    p.run("get deployments -L app --no-headers", "");
    p.run("get configmaps -l app=none", "");
    p.run("get configmap none", "");
    p.run("get sandwiches", "");
    p.run("get pods", "");
    p.run("label configmap chart watch=dog", "");
    p.run("label configmap chart watch=cat", "");
    p.run("label configmap chart watch=cat --overwrite", "");
    p.run("annotate configmap chart 'example.org/note=two words'", "");
    p.run("scale deployment web --replicas=3", "");
    p.run("scale deployment web --replicas=4 --current-replicas=9", "");
    p.run("set image deployment/web web=web:3", "");
    p.run("set image deployment/web none=web:3", "");
    p.run("rollout restart deployment/web", "");
    p.run("rollout pause deployment/web", "");
    p.run(
        "get deployment web -o jsonpath={.spec.replicas}/{.spec.paused}/{.spec.template.spec.containers[0].image}",
        "",
    );
    p.run("patch configmap chart --type=merge -p '{\"data\":{\"depth\":\"9\"}}'", "");
    p.run("patch configmap chart --type=json -p '[{\"op\":\"remove\",\"path\":\"/data/none\"}]'", "");
    p.run("describe configmap chart", "");
    p.run("describe deployment web", "");
    p.run("expose deployment web --port=80 --target-port=8080", "");
    p.run("get services -o wide", "");
    p.run("create secret generic key --from-literal=a=b", "");
    p.run("get secrets", "");
    p.run("describe secret key", "");
    p.run("create quota small --hard=pods=3", "");
    p.run("get all", "");
    p.run("apply --server-side -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: owned}, data: {a: '1'}}");
    p.run(
        "apply --server-side --field-manager=other -f -",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: owned}, data: {a: '2'}}",
    );
    p.run(
        "apply --server-side --field-manager=other --force-conflicts -f -",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: owned}, data: {a: '2'}}",
    );
    p.run("apply --dry-run=server -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: dry}, data: {a: '1'}}");
    p.run("apply -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: typo}, dta: {a: '1'}}");
    p.run("replace -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: owned}, data: {b: '1'}}");
    p.run("replace -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: none}, data: {b: '1'}}");
    p.run("apply -f -", SHIPS);
    p.run("wait --for=condition=Established crd/boats.kubectl.example.org --timeout=30s", "");
    p.run("get boats", "");
    p.run("apply -f -", BOAT);
    p.run("apply -f -", &BOAT.replace("crew: 3", "crew: 30"));
    p.run("apply -f -", &BOAT.replace("flag: fr, ", ""));
    p.run("get boats", "");
    p.run("get bo -o wide", "");
    p.run("get boat.v1.kubectl.example.org ada -o jsonpath={.spec}", "");
    p.run("describe boat ada", "");
    p.run("patch boat ada --type=merge -p '{\"spec\":{\"crew\":4}}'", "");
    p.run("api-resources --api-group=kubectl.example.org", "");
    p.run("explain boat.spec.flag", "");
    p.run("explain deployment.spec.replicas", "");
    p.run("auth can-i delete pods", "");
    p.run("auth can-i delete pods --as=anna", "");
    p.run("auth can-i fly boats", "");
    p.run("get secrets --as=anna", "");
    p.run("create role reader --verb=get,list --resource=configmaps", "");
    p.run("create rolebinding readers --role=reader --user=anna", "");
    p.run("get configmaps --as=anna", "");
    p.run("get rolebindings -o wide", "");
    p.run("delete configmap owned --dry-run=server", "");
    p.run("delete configmap owned", "");
    p.run("delete configmap owned", "");
    p.run("delete configmap owned --ignore-not-found", "");
    p.run("delete configmaps,secrets -l app=web", "");
    p.run("delete boat ada --wait=true", "");
    p.run("delete crd boats.kubectl.example.org", "");
    p.run("delete deployment web --cascade=orphan", "");
    p.run("get deployments", "");
}
