//! What is wrong with a profile, each with its line and field. Errors keep it from being used, warnings do not.

use super::Profile;
use super::profile::AppEntry;
use super::task::{TaskHow, TaskKind};
use crate::text::clean_line;
use std::fmt;

/// Something that is wrong with a profile, or unwise.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// It keeps the profile from being used.
    pub error: bool,
    /// The first line is 1; `None` where there is no place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// `apps.shop.needs`; empty for the file as a whole.
    pub field: String,
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            if let Some(column) = self.column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// Reads a profile and says all that is wrong with it. `None` when it is no YAML or has fields that no profile has.
pub fn read(yaml: &str) -> (Option<Profile>, Vec<Remark>) {
    match serde_saphyr::from_str::<Profile>(yaml) {
        Ok(profile) => {
            let mut checked = Checked { profile: &profile, yaml, remarks: Vec::new() };
            checked.all();
            let remarks = checked.remarks;
            (Some(profile), remarks)
        }
        Err(e) => {
            let place = e.location();
            let number = |n: u64| usize::try_from(n).ok().filter(|n| *n > 0);
            // Only the words: line and column stand beside them, and the snippet repeats the file.
            let text = e.without_snippet().to_string();
            let words = text.lines().next().unwrap_or_default();
            let words = words.rsplit_once(" at line ").map_or(words, |(w, _)| w);
            let remark = Remark {
                error: true,
                line: place.and_then(|p| number(p.line())),
                column: place.and_then(|p| number(p.column())),
                field: String::new(),
                message: clean_line(words).into_owned(),
            };
            (None, vec![remark])
        }
    }
}

struct Checked<'a> {
    profile: &'a Profile,
    yaml: &'a str,
    remarks: Vec<Remark>,
}

impl Checked<'_> {
    fn tell(&mut self, error: bool, place: &[&str], message: String) {
        let line = line_of(self.yaml, place);
        let field = place.join(".");
        self.remarks.push(Remark { error, line, column: None, field, message });
    }
    fn wrong(&mut self, place: &[&str], message: impl Into<String>) {
        self.tell(true, place, message.into());
    }
    fn unwise(&mut self, place: &[&str], message: impl Into<String>) {
        self.tell(false, place, message.into());
    }

    fn all(&mut self) {
        self.head();
        self.signs();
        let profile = self.profile;
        for (i, app) in profile.apps.iter().enumerate() {
            if profile.apps[..i].iter().any(|a| a.name == app.name) {
                self.wrong(&["apps", &app.name], "is there twice");
            }
            self.app(app);
        }
        self.shared();
        self.circles();
        self.tasks();
    }

    fn head(&mut self) {
        let p = self.profile;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if p.id.is_empty() || !p.id.chars().all(plain) {
            self.wrong(&["id"], format!("{:?} is no id: lower-case letters, digits and dashes make one", p.id));
        }
        if !p.tenants.namespaces.is_empty() && p.tenants.namespaces.matches('*').count() != 1 {
            self.wrong(&["tenants", "namespaces"], "must have one *, which stands for the tenant");
        }
        self.one_of(&["certificates", "mode"], &p.certificates.mode, &["wildcard", "perHost"]);
        self.one_of(&["certificates", "challenge"], &p.certificates.challenge, &["http-01", "dns-01"]);
        if !p.identity.is_empty() && p.app(&p.identity).is_none() {
            self.unwise(&["identity"], format!("{} is no app of this profile", p.identity));
        }
        if p.apps.is_empty() && !p.discover {
            self.unwise(&[], "has no apps and looks for none: set apps, or discover: true");
        }
    }

    fn one_of(&mut self, place: &[&str], value: &str, words: &[&str]) {
        if !value.is_empty() && !words.contains(&value) {
            self.wrong(place, format!("is {value:?}, but it is one of {}", words.join(", ")));
        }
    }

    fn signs(&mut self) {
        let p = self.profile;
        for sign in &p.detect {
            let given: Vec<&str> = [&sign.namespace, &sign.label, &sign.resource, &sign.config_map]
                .into_iter()
                .filter(|s| !s.is_empty())
                .map(String::as_str)
                .collect();
            match given[..] {
                [_] => {}
                [] => {
                    self.wrong(&["detect"], "a sign says one of namespace, label, resource, configMap; one says none")
                }
                [first, ..] => self.wrong(&["detect", first], "a sign says one thing; make two of it"),
            }
            if !sign.resource.is_empty() && !sign.resource.contains('.') {
                let message =
                    "must be PLURAL.GROUP as a CustomResourceDefinition is named, e.g. ingressroutes.traefik.io";
                self.wrong(&["detect", &sign.resource], message);
            }
            let parts = sign.config_map.split('/').filter(|p| !p.is_empty()).count();
            if !sign.config_map.is_empty() && (parts != 2 || sign.config_map.contains('*')) {
                self.wrong(&["detect", &sign.config_map], "must be NAMESPACE/NAME, without a pattern");
            }
        }
        let most: u32 = p.detect.iter().filter(|s| !s.not).map(|s| s.points).sum();
        if p.detect.is_empty() && p.enough > 0 {
            self.unwise(&["detect"], "has no signs: it is used only where --platform or config.toml names it");
        } else if most < p.enough {
            self.wrong(&["enough"], format!("{} points can never be reached: all signs give {most}", p.enough));
        }
    }

    fn app(&mut self, app: &AppEntry) {
        let at = |field: &'static str| ["apps", app.name.as_str(), field];
        if app.name.is_empty() {
            self.wrong(&["apps"], "an app has no name");
        }
        if app.namespaces.iter().all(String::is_empty) {
            self.wrong(&at("namespaces"), "needs at least one namespace; the first is its own");
        }
        for need in &app.needs {
            if *need == app.name {
                self.wrong(&at("needs"), "needs itself");
            } else if self.profile.app(need).is_none() {
                self.wrong(&at("needs"), format!("needs {need}, which is not in the profile"));
            }
        }
        if app.host.contains(['.', '/', ' ', '*']) {
            self.wrong(&at("host"), "is the first label of the host only, without dots, e.g. grafana");
        }
        if !app.tenant_host.is_empty() && !app.tenant_host.contains("{tenant}") {
            self.wrong(&at("tenantHost"), "must have {tenant}, e.g. grafana-{tenant}");
        }
        if !app.path.is_empty() && !app.path.starts_with('/') {
            self.wrong(&at("path"), "must begin with /");
        }
        self.one_of(&at("signIn"), &app.sign_in, &["proxy", "own", "none"]);
        for source in &app.health {
            self.one_of(&at("health"), source, &["argo", "flux", "helm", "workloads"]);
        }
    }

    /// Two apps that both take everything in a namespace: the first would have it all.
    fn shared(&mut self) {
        let apps = &self.profile.apps;
        for (i, app) in apps.iter().enumerate().filter(|(_, a)| a.workloads.is_empty()) {
            let same = |other: &&AppEntry| {
                other.workloads.is_empty() && other.namespaces.iter().any(|n| app.namespaces.contains(n))
            };
            if let Some(other) = apps[..i].iter().find(same) {
                let message = format!("shares a namespace with {}: name the workloads of at least one", other.name);
                self.unwise(&["apps", &app.name, "namespaces"], message);
            }
        }
    }

    /// Apps that need each other.
    fn circles(&mut self) {
        let profile = self.profile;
        for app in &profile.apps {
            let (mut reached, mut next) = (Vec::new(), app.needs.iter().collect::<Vec<_>>());
            while let Some(need) = next.pop() {
                if *need == app.name && !app.needs.contains(need) {
                    self.wrong(&["apps", &app.name, "needs"], "needs itself, through what it needs");
                    break;
                }
                if !reached.contains(&need) {
                    reached.push(need);
                    next.extend(profile.app(need).into_iter().flat_map(|a| &a.needs));
                }
            }
        }
    }

    fn tasks(&mut self) {
        let tasks = &self.profile.tasks;
        for (i, task) in tasks.iter().enumerate() {
            if tasks[..i].iter().any(|t| t.name == task.name) {
                self.wrong(&["tasks", &task.name], "is there twice");
            }
            if task.name.is_empty() || task.namespace.is_empty() || task.workload.is_empty() {
                self.wrong(&["tasks", &task.name], "name, namespace and workload must be given");
            }
            if (task.kind == TaskKind::CronJob) != (task.how == TaskHow::Trigger) {
                self.wrong(&["tasks", &task.name, "how"], "a CronJob is triggered, anything else is restarted");
            }
        }
    }
}

/// The line of a place such as `apps`, `shop`, `needs`: each word is looked for from where the one before it stands.
fn line_of(yaml: &str, place: &[&str]) -> Option<usize> {
    let lines: Vec<&str> = yaml.lines().map(|l| l.split(" #").next().unwrap_or(l)).collect();
    let (mut line, mut column) = (0, 0);
    let mut found = None;
    for word in place.iter().filter(|w| !w.is_empty()) {
        let mut hit = None;
        for (i, text) in lines.iter().enumerate().skip(line) {
            let from = if i == line { column } else { 0 };
            if let Some(at) = whole_word(text, word, from) {
                hit = Some((i, at + word.len()));
                break;
            }
        }
        // A field that is not written stands where its owner stands.
        let Some(hit) = hit else { break };
        (line, column) = hit;
        found = Some(line + 1);
    }
    found
}

fn whole_word(text: &str, word: &str, from: usize) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .find(|at| *at >= from && !text[..*at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str) -> Vec<String> {
        read(yaml).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_slip_of_the_pen_is_told_with_its_place() {
        let remarks = told("id: mine\ntitle: Mine\naps: []\n");
        assert!(remarks[0].starts_with("line 3, column 1: ") && remarks[0].contains("aps"), "{remarks:?}");
        let yaml = "id: mine\ntitle: Mine\nenough: 9\ndetect:\n- {namespace: a}\n- {configMap: b}\ncertificates: {mode: both}\n\
                    apps:\n- name: shop\n  namespaces: [shop]\n  needs: [pay]\n  signIn: maybe\n- {name: x, namespaces: [shop], needs: [x]}\n\
                    tasks:\n- {name: t, kind: CronJob, namespace: a, workload: b, how: restart}\n";
        assert_eq!(
            told(yaml),
            [
                "line 7: certificates.mode: is \"both\", but it is one of wildcard, perHost",
                "line 6: detect.b: must be NAMESPACE/NAME, without a pattern",
                "line 3: enough: 9 points can never be reached: all signs give 2",
                "line 11: apps.shop.needs: needs pay, which is not in the profile",
                "line 12: apps.shop.signIn: is \"maybe\", but it is one of proxy, own, none",
                "line 13: apps.x.needs: needs itself",
                "line 13: apps.x.namespaces: shares a namespace with shop: name the workloads of at least one",
                "line 15: tasks.t.how: a CronJob is triggered, anything else is restarted",
            ]
        );
        let problem = Profile::parse("mine.yaml", yaml).expect_err("it is wrong");
        assert_eq!((problem.object.as_str(), problem.fields.len()), ("mine.yaml", 7), "all errors, not the warning");
    }

    #[test]
    fn apps_that_need_each_other_are_found() {
        let apps = "apps: [{name: a, namespaces: [a], needs: [b]}, {name: b, namespaces: [b], needs: [a]}]\n";
        let remarks = told(&format!("id: m\ntitle: M\ndetect: [{{namespace: a}}]\n{apps}"));
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert!(remarks[0].contains("apps.a.needs: needs itself, through"), "{remarks:?}");
    }
}
