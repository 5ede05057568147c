//! Platform profiles as their users meet them: recognised on four clusters, written from the docs alone, and with the
//! catalogue's apps on a real control plane.

use quarterdeck_testing::real::{self, RealCluster};
use quarterdeck_testing::sim::{SimCluster, manifests};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A home with a kubeconfig in it.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new(kubeconfig: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig).expect("written");
        Self { folder }
    }
    /// Writes a file into the configuration folder.
    fn configure(&self, name: &str, text: &str) {
        let path = self.folder.path().join(".config/quarterdeck").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
    fn qd(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command
            .args(arguments)
            .env("KUBECONFIG", self.folder.path().join("kubeconfig"))
            .env("HOME", self.folder.path());
        for variable in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "QD_PLATFORM"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).output().expect("qd runs")
    }
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.qd(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[arguments, &["-o", "json"]].concat())).expect("JSON")
    }
    fn detected(&self) -> Value {
        self.json(&["platform", "detect"])
    }
    fn app(&self, arguments: &[&str], name: &str) -> Value {
        let list = self.json(&[arguments, &["apps"]].concat());
        let found = list["items"].as_array().and_then(|i| i.iter().find(|a| a["name"] == name)).cloned();
        found.unwrap_or_else(|| panic!("no {name} in {list}"))
    }
}

#[test]
fn each_of_four_clusters_is_recognised_with_its_evidence() {
    for (world, id, evidence) in [
        ("otomi", "otomi-classic", "ConfigMap otomi/otomi-status"),
        ("apl", "apl", "ConfigMap apl-operator/apl-operator-state"),
        ("ominis", "ominis", "kind ingressroutes.traefik.io"),
        ("plain", "kubernetes", ""),
    ] {
        let cluster = SimCluster::world(world);
        let home = Home::new(&cluster.admin());
        let found = home.detected();
        assert_eq!((&found["id"], &found["chosenBy"]), (&id.into(), &"detection".into()), "{found}");
        let seen = found["evidence"].as_array().expect("a list");
        assert!(evidence.is_empty() && seen.is_empty() || seen.contains(&evidence.into()), "{seen:?}");
        let all = found["profiles"].as_array().expect("a list");
        assert_eq!((all.len(), &all[0]["id"]), (4, &id.into()), "also those that lost");
        assert!(home.text(&["platform", "detect"]).starts_with(&format!("{id} (")));
        assert!(home.text(&["platform", "show"]).contains(id));
    }
}

/// The profile that the docs show as a whole.
fn from_the_docs() -> String {
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/platforms.md")).expect("docs");
    let block = docs.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of YAML");
    block.to_owned()
}

#[test]
fn a_third_platform_from_the_docs_alone_works() {
    let cluster = SimCluster::world("plain");
    let home = Home::new(&cluster.admin());
    let file = home.file("harbour.yaml", &from_the_docs());
    let file = file.to_str().expect("a path");
    let said = home.text(&["platform", "validate", file]);
    assert!(said.contains("4 apps") && said.ends_with("it can be used\n"), "{said}");

    let chosen = ["--platform", file];
    let shop = home.app(&chosen, "shop");
    assert_eq!(shop["types"], json!(["core", "shared"]));
    assert_eq!((&shop["namespaces"], &shop["needs"]), (&json!(["shop"]), &json!(["ingress", "database"])));
    assert_eq!((&shop["url"], &shop["catalogued"]), (&"https://shop.example.com/cart".into(), &true.into()));
    assert!(shop["verdict"]["level"] == "bad" || shop["verdict"]["level"] == "warn", "{}", shop["verdict"]);
    let database = home.app(&chosen, "database");
    assert_eq!((&database["total"], &database["verdict"]["level"]), (&1.into(), &"good".into()));
    assert_eq!(database["workloads"][0]["name"], "postgres");
    assert_eq!(home.app(&chosen, "blog")["origins"][0]["name"], "ghost");
    assert_eq!(home.detected()["id"], "kubernetes", "nobody chose it");

    // In the folder of platforms it is recognised like a built-in one; a broken neighbour is told and does no harm.
    home.configure("platforms/harbour.yaml", &from_the_docs());
    home.configure("platforms/broken.yaml", "id: broken\ntitle: Broken\napps: [{name: x}]\n");
    let found = home.detected();
    assert_eq!((&found["id"], &found["evidence"]), (&"harbour".into(), &json!(["namespace shop", "namespace blog"])));
    let told = String::from_utf8(home.qd(&["platform", "detect"]).stderr).expect("text");
    assert!(told.contains("broken.yaml") && told.contains("line 3") && told.contains("namespaces"), "{told}");
    // The configuration names another one for this context; the flag is stronger still.
    home.configure("config.toml", "[[platforms]]\ncontexts = [\"s?m\"]\nplatform = \"ominis\"\n");
    let found = home.detected();
    assert_eq!((&found["id"], &found["chosenBy"]), (&"ominis".into(), &"config.toml".into()));
    let found = home.json(&["platform", "detect", "--platform", "harbour"]);
    assert_eq!((&found["id"], &found["chosenBy"]), (&"harbour".into(), &"--platform".into()));

    // What is printed as YAML can be read again.
    let again = home.file("again.yaml", &home.text(&["platform", "show", "harbour", "-o", "yaml"]));
    let again = again.to_str().expect("a path");
    assert_eq!(home.json(&["platform", "show", again]), home.json(&["platform", "show", "harbour"]));
}

#[test]
fn a_wrong_file_is_told_with_line_and_field_and_never_a_crash() {
    let cluster = SimCluster::world("plain");
    let home = Home::new(&cluster.admin());
    let wrong = home.file("wrong.yaml", &from_the_docs().replace("needs: [ingress, database]", "needs: [ingres]"));
    let wrong = wrong.to_str().expect("a path");
    let output = home.qd(&["platform", "validate", wrong, "-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let line = from_the_docs().lines().position(|l| l.contains("needs:")).expect("it is there") + 1;
    assert_eq!((&said["valid"], &said["remarks"][0]["line"]), (&false.into(), &line.into()), "{said}");
    assert_eq!(said["remarks"][0]["field"], "apps.shop.needs");
    for platform in [wrong, "harbor", "/no/such/file.yaml"] {
        let output = home.qd(&["apps", "--platform", platform]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.starts_with("qd: cannot ") && told.contains(platform), "{told}");
    }
}

/// All but what is there already: both platforms have cert-manager, and a selector cannot be changed.
fn install(cluster: &RealCluster, world: &str, but: &str) {
    let kinds = ["Namespace", "Deployment", "StatefulSet", "DaemonSet"];
    for object in manifests(world, &kinds).into_iter().filter(|o| o["metadata"]["namespace"] != but) {
        let plural = format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase());
        cluster.apply(&plural, &object);
    }
}

/// Every app of a profile that the world has: its row has what the profile says of it, and a verdict.
fn has_rows(cluster: &RealCluster, home: &Home, profile: &str, names: &[&str]) {
    let profile = home.json(&["platform", "show", profile]);
    let entries = profile["apps"].as_array().expect("apps");
    let entries: Vec<&Value> = names.iter().filter_map(|n| entries.iter().find(|e| e["name"] == *n)).collect();
    assert_eq!(entries.len(), names.len(), "the profile names them all");
    let host = |e: &Value| e["host"].as_str().filter(|h| !h.is_empty()).map(|h| format!("{h}.harbour.test"));
    for entry in &entries {
        let Some(host) = host(entry) else { continue };
        let backend = json!({"service": {"name": entry["name"], "port": {"number": 80}}});
        cluster.apply(
            "ingresses",
            &json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {"name": entry["name"], "namespace": entry["namespaces"][0]},
                "spec": {"rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
            }),
        );
    }
    let list = home.json(&["apps"]);
    let rows = list["items"].as_array().expect("apps");
    for entry in entries {
        let name = &entry["name"];
        let row = rows.iter().find(|r| r["name"] == *name).unwrap_or_else(|| panic!("no row of {name}"));
        assert!(row["catalogued"] == true && row["total"].as_u64() > Some(0), "{row}");
        for field in ["types", "namespaces", "needs"] {
            assert_eq!(row[field], entry[field], "{name} {field}");
        }
        if let Some(host) = host(entry) {
            assert!(row["hosts"].as_array().is_some_and(|h| h.contains(&host.into())), "{name}: {}", row["hosts"]);
        }
        assert!(row["verdict"]["word"].as_str().is_some_and(|w| !w.is_empty()), "{name}: {}", row["verdict"]);
    }
}

#[test]
fn the_catalogues_apps_have_their_rows_on_the_real_control_plane() {
    if let Err(why) = quarterdeck_testing::programs::programs() {
        return real::skipped("the_catalogues_apps_have_their_rows_on_the_real_control_plane", &why);
    }
    let cluster = RealCluster::start("platforms");
    let home = Home::new(&cluster.admin());
    assert_eq!(home.detected()["id"], "kubernetes");
    install(&cluster, "ominis", "");
    assert_eq!(home.detected()["id"], "ominis");
    let six = ["cert-manager", "authentik", "vaultwarden", "flow-proxy", "homer", "excalidraw"];
    has_rows(&cluster, &home, "ominis", &six);
    install(&cluster, "otomi", "cert-manager");
    let status = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "otomi-status", "namespace": "otomi"}, "data": {"version": "1.0.0"}});
    cluster.apply("configmaps", &status);
    let found = home.detected();
    assert_eq!(
        (&found["id"], &found["evidence"][0]),
        (&"otomi-classic".into(), &"ConfigMap otomi/otomi-status".into())
    );
    let twenty = [
        "istio",
        "velero",
        "argocd",
        "kubeclarity",
        "knative",
        "prometheus",
        "loki",
        "harbor",
        "vault",
        "kubeapps",
        "keycloak",
        "gatekeeper",
        "cert-manager",
        "jaeger",
        "kiali",
        "external-dns",
        "drone",
        "gitea",
        "ingress-nginx",
        "minio",
    ];
    has_rows(&cluster, &home, "otomi-classic", &twenty);
}
