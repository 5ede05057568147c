//! A real Gitea on loopback, with SQLite: repositories that a GitOps controller clones over HTTP, and commits by API.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use serde_json::{Value, json};

use crate::http::{Client, Request, Response};
use crate::keeper::{Janitor, Service};
use crate::programs::{Module, built};
use crate::real::{free_ports, janitor, new_folder};

/// Who owns all repositories, and the password.
const OWNER: [&str; 2] = ["ops", "qd-test-password"];

/// A running Gitea.
pub struct Gitea {
    /// The server. Stop it to see what happens when the repository is gone.
    pub server: Service,
    port: u16,
    _state: PathBuf,
    _janitor: Option<Janitor>,
}

impl Gitea {
    /// Starts it and makes the owner.
    pub fn start() -> Result<Gitea, String> {
        let programs = built(Module::Gitea)?;
        // Templates and translations are read from the module.
        let module = Module::Gitea.dependency("code.gitea.io/gitea")?;
        let state = new_folder("gitea").map_err(|e| e.to_string())?;
        let janitor = janitor(&state)?;
        let [port] = free_ports();
        let here = state.display();
        let user = whoami().unwrap_or_else(|| "root".to_owned());
        let config = format!(
            "RUN_MODE = prod\nRUN_USER = {user}\nWORK_PATH = {here}\n\
             [server]\nPROTOCOL = http\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {port}\nROOT_URL = http://127.0.0.1:{port}/\n\
             DISABLE_SSH = true\nOFFLINE_MODE = true\nSTATIC_ROOT_PATH = {assets}\n\
             [database]\nDB_TYPE = sqlite3\nPATH = {here}/gitea.db\n\
             [security]\nINSTALL_LOCK = true\n[service]\nDISABLE_REGISTRATION = true\n[actions]\nENABLED = false\n\
             [log]\nMODE = console\nLEVEL = Info\n[cron.update_checker]\nENABLED = false\n",
            assets = module.display(),
        );
        let file = state.join("app.ini");
        fs::write(&file, config).map_err(|e| format!("{here}: {e}"))?;
        let flags = ["--config".to_owned(), file.display().to_string()];
        let variables =
            [("GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT", "true".to_owned()), ("GITEA_WORK_DIR", here.to_string())];
        let program = programs.path("gitea");
        let [name, password] = OWNER;
        let mail = format!("{name}@lab.test");
        let create = ["admin", "user", "create", "--admin", "--must-change-password=false", "--username", name];
        for arguments in [vec!["migrate"], [&create[..], &["--password", password, "--email", &mail]].concat()] {
            let output = Command::new(&program)
                .args(&arguments)
                .args(&flags)
                .envs(variables.iter().map(|(name, value)| (*name, value)))
                .current_dir(&state)
                .output()
                .map_err(|e| format!("gitea {}: {e}", arguments[0]))?;
            if !output.status.success() {
                let said = [output.stdout, output.stderr].concat();
                return Err(format!("gitea {}: {}", arguments[0], String::from_utf8_lossy(&said).trim()));
            }
        }
        let health = client(port)?;
        let ready = move |_: &str| health.get("/api/v1/version").is_ok_and(|answer| answer.status == 200);
        let mut server = Service::new("gitea", &program, [&["web".to_owned()], &flags[..]].concat(), &state, ready);
        for (name, value) in variables {
            server = server.with(name, value);
        }
        server.start()?;
        Ok(Gitea { server, port, _state: state, _janitor: janitor })
    }

    /// Makes a public repository with a branch `main`, and gives the address to clone it from.
    pub fn repository(&self, name: &str) -> String {
        let body = json!({"name": name, "auto_init": true, "default_branch": "main"});
        let answer = self.send("POST", "/user/repos", &body);
        assert_eq!(answer.status, 201, "repository {name}: {}", answer.text());
        format!("http://127.0.0.1:{}/{}/{name}.git", self.port, OWNER[0])
    }

    /// Commits files to `main`, each with its new content or, with `None`, deleted. Gives the commit's hash.
    pub fn commit(&self, repository: &str, message: &str, files: &[(&str, Option<&str>)]) -> String {
        let changes: Vec<Value> = files.iter().map(|(path, content)| self.change(repository, path, *content)).collect();
        let path = format!("/repos/{}/{repository}/contents", OWNER[0]);
        let answer = self.send("POST", &path, &json!({"branch": "main", "message": message, "files": changes}));
        assert_eq!(answer.status, 201, "{message}: {}", answer.text());
        answer.json()["commit"]["sha"].as_str().expect("a hash").to_owned()
    }

    fn change(&self, repository: &str, path: &str, content: Option<&str>) -> Value {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        match content {
            Some(text) => json!({"operation": "upload", "path": path, "content": encode(text)}),
            None => {
                let old = self.send("GET", &format!("/repos/{}/{repository}/contents/{path}", OWNER[0]), &Value::Null);
                json!({"operation": "delete", "path": path, "sha": old.json()["sha"]})
            }
        }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        let login = base64::engine::general_purpose::STANDARD.encode(OWNER.join(":"));
        let mut request =
            Request::new(method, &format!("/api/v1{path}")).header("Authorization", &format!("Basic {login}"));
        if !body.is_null() {
            request = request.json(body);
        }
        client(self.port).and_then(|client| client.send(&request).map_err(|e| e.to_string())).expect("an answer")
    }
}

fn client(port: u16) -> Result<Client, String> {
    let config = json!({
        "clusters": [{"name": "g", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "contexts": [{"name": "g", "context": {"cluster": "g"}}],
        "current-context": "g",
    });
    Client::from_kubeconfig(&config.to_string())
}

/// Gitea refuses to run as anybody but the user that its configuration names.
fn whoami() -> Option<String> {
    let output = Command::new("id").arg("-un").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
