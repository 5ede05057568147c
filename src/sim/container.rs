//! The scripted container: a small shell over a fake file system, enough to
//! show that a command reached the right place and how it ended.

use crate::value::{list, name, namespace, text};
use serde_json::Value;

/// What a command wrote and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// Exit code.
    pub code: i32,
}

/// A container as a command sees it.
pub struct Container {
    host: String,
    environment: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl Container {
    /// The named container of a pod; `None` when there is no such container.
    pub fn of(pod: &Value, wanted: &str) -> Option<Self> {
        let all = list(pod, "spec.containers");
        let spec = if wanted.is_empty() { all.first() } else { all.iter().find(|c| text(c, "name") == wanted) }?;
        let mut environment: Vec<(String, String)> = vec![
            ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOSTNAME".into(), name(pod).into()),
            ("HOME".into(), "/root".into()),
            ("KUBERNETES_SERVICE_HOST".into(), "10.96.0.1".into()),
            ("KUBERNETES_SERVICE_PORT".into(), "443".into()),
        ];
        for variable in list(spec, "env") {
            let value = if variable["value"].is_string() { text(variable, "value") } else { "(from the cluster)" };
            environment.push((text(variable, "name").into(), value.into()));
        }
        let token = "/var/run/secrets/kubernetes.io/serviceaccount";
        let files = vec![
            ("/data/config.json".into(), "{\"name\":\"demo\"}\n".into()),
            ("/data/db.sqlite3".into(), format!("SQLite format 3\0{}", "\0".repeat(4080))),
            ("/data/rsa_key.pem".into(), "not a real key\n".into()),
            ("/data/icon_cache/ominis.ai.png".into(), "not a real picture\n".into()),
            ("/etc/hostname".into(), format!("{}\n", name(pod))),
            ("/etc/os-release".into(), "PRETTY_NAME=\"Quarterdeck sim\"\nID=sim\n".into()),
            (format!("{token}/namespace"), namespace(pod).into()),
        ];
        Some(Self { host: name(pod).into(), environment, files })
    }

    /// Runs a command to its end. `stdin` is all that was sent to it.
    pub fn run(&self, command: &[String], stdin: &[u8]) -> Outcome {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        match words.as_slice() {
            [shell, "-c", script, ..] if is_shell(shell) => self.script(script),
            [shell, ..] if is_shell(shell) => self.script(&String::from_utf8_lossy(stdin)),
            _ => self.simple(&words, stdin),
        }
    }

    /// Statements divided by `;`, newline and `&&`; words by blanks and quotes.
    pub fn script(&self, script: &str) -> Outcome {
        let mut all = Outcome::default();
        for line in script.split(['\n', ';']) {
            for part in line.split("&&") {
                let words = split(part);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                if words.is_empty() {
                    continue;
                }
                let one = self.simple(&words, &[]);
                all.stdout.extend(one.stdout);
                all.stderr.extend(one.stderr);
                all.code = one.code;
                if words[0] == "exit" {
                    return all;
                }
                if one.code != 0 {
                    break;
                }
            }
        }
        all
    }

    fn simple(&self, words: &[&str], stdin: &[u8]) -> Outcome {
        let say = |text: String| Outcome { stdout: text.into_bytes(), ..Outcome::default() };
        let fail = |text: String, code| Outcome { stderr: text.into_bytes(), code, ..Outcome::default() };
        let operands: Vec<&str> = words.iter().skip(1).copied().filter(|w| !w.starts_with('-')).collect();
        match words[0].rsplit('/').next().unwrap_or_default() {
            "echo" => say(format!("{}\n", words[1..].iter().map(|w| self.expand(w)).collect::<Vec<_>>().join(" "))),
            "true" | ":" => Outcome::default(),
            "false" => fail(String::new(), 1),
            "exit" => fail(String::new(), words.get(1).and_then(|c| c.parse().ok()).unwrap_or(0)),
            "hostname" => say(format!("{}\n", self.host)),
            "pwd" => say("/\n".into()),
            "id" => say("uid=0(root) gid=0(root) groups=0(root)\n".into()),
            "whoami" => say("root\n".into()),
            "env" | "printenv" => say(self.environment.iter().map(|(k, v)| format!("{k}={v}\n")).collect()),
            "sleep" => Outcome::default(),
            "cat" if operands.is_empty() => Outcome { stdout: stdin.to_vec(), ..Outcome::default() },
            "cat" => match operands.iter().find(|p| self.file(p).is_none()) {
                Some(missing) => fail(format!("cat: {missing}: No such file or directory\n"), 1),
                None => say(operands.iter().filter_map(|p| self.file(p)).collect()),
            },
            "ls" => {
                let path = operands.first().copied().unwrap_or("/");
                match self.entries(path) {
                    Some(entries) => say(entries.iter().map(|e| format!("{e}\n")).collect()),
                    None => fail(format!("ls: {path}: No such file or directory\n"), 1),
                }
            }
            "tar" => self.tar(&operands),
            "pg_isready" => say("/var/run/postgresql:5432 - accepting connections\n".into()),
            other => fail(format!("sh: {other}: not found\n"), 127),
        }
    }

    fn expand(&self, word: &str) -> String {
        let variable = word.strip_prefix('$').map(|v| v.trim_matches(['{', '}']));
        match variable {
            Some(v) => self.environment.iter().find(|(k, _)| k == v).map_or(String::new(), |(_, value)| value.clone()),
            None => word.to_owned(),
        }
    }

    fn file(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(p, _)| p == path).map(|(_, c)| c.as_str())
    }

    fn entries(&self, path: &str) -> Option<Vec<String>> {
        if self.file(path).is_some() {
            return Some(vec![path.to_owned()]);
        }
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let mut names: Vec<String> = self
            .files
            .iter()
            .filter_map(|(p, _)| p.strip_prefix(&prefix))
            .map(|rest| rest.split('/').next().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names.dedup();
        (!names.is_empty()).then_some(names)
    }

    /// An archive (uncompressed, whatever was asked) of what is below the given paths.
    fn tar(&self, paths: &[&str]) -> Outcome {
        let wanted = |p: &str| {
            paths
                .iter()
                .any(|w| w.starts_with('/') && (p == *w || p.starts_with(&format!("{}/", w.trim_end_matches('/')))))
        };
        let mut stdout = Vec::new();
        for (path, content) in self.files.iter().filter(|(p, _)| wanted(p)) {
            stdout.extend(tar_entry(path.trim_start_matches('/'), content.as_bytes()));
        }
        stdout.extend([0; 1024]);
        Outcome { stdout, stderr: b"tar: removing leading '/' from member names\n".to_vec(), code: 0 }
    }
}

fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash"))
}

fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut open) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => (quote, open) = (Some(c), true),
            (None, c) if c.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            (_, c) => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

/// One file in ustar form.
fn tar_entry(path: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &path[..path.len().min(99)]);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut out = header.to_vec();
    out.extend(content);
    out.resize(out.len().div_ceil(512) * 512, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(command: &[&str]) -> (String, String, i32) {
        let pod = json!({"metadata": {"name": "p-0", "namespace": "n"}, "spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}]}});
        let command: Vec<String> = command.iter().map(|c| (*c).to_owned()).collect();
        let o = Container::of(&pod, "").unwrap().run(&command, b"");
        (String::from_utf8_lossy(&o.stdout).into(), String::from_utf8_lossy(&o.stderr).into(), o.code)
    }

    #[test]
    fn commands_do_what_they_say() {
        assert_eq!(run(&["echo", "a", "b"]).0, "a b\n");
        assert_eq!(run(&["sh", "-c", "echo \"$X\"; exit 3"]), ("1\n".into(), String::new(), 3));
        assert_eq!(run(&["ls", "/data"]).0, "config.json\ndb.sqlite3\nicon_cache\nrsa_key.pem\n");
        assert_eq!(run(&["nope"]), (String::new(), "sh: nope: not found\n".into(), 127));
        assert_eq!(run(&["cat", "/missing"]).2, 1);
        assert!(run(&["tar", "-czf", "-", "/data"]).0.contains("data/config.json"));
    }
}
