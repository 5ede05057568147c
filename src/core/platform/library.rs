//! The profiles that there are (built in, and the user's own files) and which of them a context gets: the one that was
//! asked for, the one that `config.toml` names for the context, else the one that fits best.

use super::{Profile, builtin};
use crate::guards::pattern;
use crate::{Problem, ProblemKind, Result};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names a profile like `--platform` does.
pub const VARIABLE: &str = "QD_PLATFORM";

/// Where a profile comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    BuiltIn,
    File(PathBuf),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A profile and where it is from.
#[derive(Clone, Debug)]
pub struct Known {
    pub profile: Arc<Profile>,
    pub source: Source,
}

/// All profiles and the choices that were made. Cheap to clone.
#[derive(Clone)]
pub struct Library(Arc<Shelf>);

struct Shelf {
    known: Vec<Known>,
    /// What `--platform` or the variable named, and in whose name.
    forced: Option<(Known, &'static str)>,
    /// Context patterns and the profile for them, in the file's order.
    rules: Vec<(Vec<String>, Known)>,
}

impl Default for Library {
    fn default() -> Self {
        Self(Arc::new(Shelf { known: built_in(), forced: None, rules: Vec::new() }))
    }
}

fn built_in() -> Vec<Known> {
    builtin::all().iter().map(|p| Known { profile: p.clone(), source: Source::BuiltIn }).collect()
}

/// The table of `config.toml` that is ours.
#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    platforms: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// Patterns of context names; none is every context.
    #[serde(default)]
    contexts: Vec<String>,
    /// Id of a profile, or a file; a relative one is looked for beside `config.toml`.
    platform: String,
}

impl Library {
    /// Reads the user's own profiles (`platforms/*.yaml` beside the configuration file) and the configuration's
    /// choices. A file that cannot be used is told and left out.
    ///
    /// # Errors
    /// When the profile that was asked for (`--platform`, then [`VARIABLE`]) cannot be had.
    pub fn open(config_file: Option<&Path>, flag: Option<&str>) -> Result<(Self, Vec<Problem>)> {
        let mut problems = Vec::new();
        let folder = config_file.and_then(Path::parent);
        let mut known = built_in();
        for path in folder.map(|f| files(&f.join("platforms"))).unwrap_or_default() {
            match read(&path) {
                // The user's own stands in for a built-in one of the same id, and comes first.
                Ok(own) => {
                    if let Some(other) = known.iter().find(|k| k.profile.id == own.profile.id)
                        && let Source::File(first) = &other.source
                    {
                        let why = format!("its id {} is taken by {}", own.profile.id, first.display());
                        problems.push(Problem::config("cannot use the platform profile", why).on(shown(&path)));
                        continue;
                    }
                    known.retain(|k| k.profile.id != own.profile.id);
                    known.insert(0, own);
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut shelf = Shelf { known, forced: None, rules: Vec::new() };
        if let Some(file) = config_file {
            let (rules, told) = rules(&shelf, file);
            shelf.rules = rules;
            problems.extend(told);
        }
        let variable = std::env::var(VARIABLE).ok().filter(|v| !v.is_empty());
        let asked = flag.map(|f| (f, "--platform")).or(variable.as_deref().map(|v| (v, VARIABLE)));
        if let Some((name, by)) = asked {
            shelf.forced = Some((shelf.find(name, None)?, by));
        }
        Ok((Self(Arc::new(shelf)), problems))
    }
    /// All profiles: the user's own, then the built-in ones, the one for any cluster last.
    pub fn known(&self) -> &[Known] {
        &self.0.known
    }
    /// The profile of an id, or in a file.
    ///
    /// # Errors
    /// When there is none, or the file cannot be used.
    pub fn find(&self, name: &str) -> Result<Known> {
        self.0.find(name, None)
    }
    /// The profile that was chosen for a context and by what; `None` when it is to be recognised.
    pub fn chosen(&self, context: &str) -> Option<(&Arc<Profile>, &'static str)> {
        if let Some((known, by)) = &self.0.forced {
            return Some((&known.profile, by));
        }
        let rule = self.0.rules.iter().find(|(contexts, _)| pattern::any(contexts, context))?;
        Some((&rule.1.profile, "config.toml"))
    }
    /// The profile that was chosen for a context, else all of them: whoever does not watch the platform cannot tell
    /// which one is recognised.
    pub fn candidates(&self, context: &str) -> Vec<Arc<Profile>> {
        match self.chosen(context) {
            Some((profile, _)) => vec![profile.clone()],
            None => self.0.known.iter().map(|k| k.profile.clone()).collect(),
        }
    }
    /// The ConfigMaps by which profiles are recognised, as namespace and name.
    pub fn config_maps(&self) -> BTreeSet<(String, String)> {
        let signs = self.0.known.iter().flat_map(|k| &k.profile.detect);
        signs.filter_map(|s| s.config_map.split_once('/')).map(|(n, c)| (n.to_owned(), c.to_owned())).collect()
    }
}

impl Shelf {
    fn find(&self, name: &str, beside: Option<&Path>) -> Result<Known> {
        if let Some(known) = self.known.iter().find(|k| k.profile.id == name) {
            return Ok(known.clone());
        }
        if !is_file(name) {
            let ids: Vec<&str> = self.known.iter().map(|k| k.profile.id.as_str()).collect();
            return Err(Problem::usage("cannot tell the platform", "there is no profile of this id")
                .on(name)
                .next(format!("there are {}; or give a file", ids.join(", "))));
        }
        let path = beside.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        read(&path)
    }
}

/// Whether a name is meant as a file and not as an id.
fn is_file(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".yaml") || name.ends_with(".yml")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<Known> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        let mut problem = Problem::io("cannot read the platform profile", &e).on(shown(path));
        problem.kind = ProblemKind::Config;
        problem
    })?;
    let profile = Profile::parse(&shown(path), &text)?;
    Ok(Known { profile: Arc::new(profile), source: Source::File(path.to_path_buf()) })
}

/// The profiles in a folder, by name; no folder has none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(|e| e.ok().map(|e| e.path()));
    let yaml = |p: &PathBuf| p.extension().is_some_and(|e| e == "yaml" || e == "yml");
    let mut files: Vec<PathBuf> = entries.filter(|p| p.is_file()).filter(yaml).collect();
    files.sort();
    files
}

fn rules(shelf: &Shelf, file: &Path) -> (Vec<(Vec<String>, Known)>, Vec<Problem>) {
    let Ok(text) = std::fs::read_to_string(file) else { return Default::default() };
    // A file that is no TOML at all is told by the guards, which read it too.
    if toml::from_str::<toml::Table>(&text).is_err() {
        return Default::default();
    }
    let wrong = |why: String| Problem::config("cannot use [[platforms]] of the configuration", why).on(shown(file));
    let rules = match toml::from_str::<File>(&text) {
        Ok(file) => file.platforms,
        Err(e) => {
            let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map(|l| format!("line {l}: ")).unwrap_or_default();
            return (Vec::new(), vec![wrong(format!("{place}{}", e.message()))]);
        }
    };
    let (mut good, mut problems) = (Vec::new(), Vec::new());
    for rule in rules {
        match shelf.find(&rule.platform, file.parent()) {
            Ok(known) => good.push((rule.contexts, known)),
            Err(problem) => problems.push(
                wrong(problem.why.clone()).on(format!("{} in {}", rule.platform, shown(file))).next(problem.next),
            ),
        }
    }
    (good, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "id: mine\ntitle: Mine\ndetect: [{namespace: shop}]\napps: [{name: shop, namespaces: [shop]}]\n";

    #[test]
    fn the_users_files_and_choices_come_before_detection_and_what_is_wrong_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let config = dir.path().join("config.toml");
        let (library, problems) = Library::open(Some(&config), None).expect("nothing asked for");
        assert!(problems.is_empty() && library.chosen("a").is_none());
        assert_eq!(library.known().len(), 4);

        std::fs::create_dir(dir.path().join("platforms")).expect("a folder");
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        put("platforms/mine.yaml", OWN);
        put("platforms/broken.yaml", "id: broken\ntitle: B\napps: [{name: x}]\n");
        put("platforms/notes.txt", "no profile");
        put("other.yaml", &OWN.replace("mine", "other"));
        put(
            "config.toml",
            "[guards]\nread_only = false\n[[platforms]]\ncontexts = [\"prod-*\"]\nplatform = \"mine\"\n[[platforms]]\ncontexts = [\"lab\"]\nplatform = \"other.yaml\"\n\
             [[platforms]]\nplatform = \"nonsense\"\n",
        );
        let (library, problems) = Library::open(Some(&config), None).expect("nothing asked for");
        let told: Vec<String> = problems.iter().map(Problem::line).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("broken.yaml") && told[0].contains("line 3"), "{told:?}");
        assert!(told[1].contains("nonsense") && told[1].contains("no profile of this id"), "{told:?}");
        let chosen = |l: &Library, context: &str| l.chosen(context).map(|(p, by)| (p.id.clone(), by));
        assert_eq!(chosen(&library, "prod-eu"), Some(("mine".into(), "config.toml")));
        assert_eq!(chosen(&library, "lab"), Some(("other".into(), "config.toml")), "a file beside the configuration");
        assert_eq!(chosen(&library, "elsewhere"), None);

        let (library, _) = Library::open(Some(&config), Some("ominis")).expect("built in");
        assert_eq!(chosen(&library, "prod-eu"), Some(("ominis".into(), "--platform")), "the flag comes first");
        let problem = Library::open(Some(&config), Some("omnis")).err().expect("no such id");
        assert!(problem.next.contains("ominis") && problem.next.contains("mine"), "{problem}");
        let problem = Library::open(Some(&config), Some("gone/p.yaml")).err().expect("no such file");
        assert_eq!(problem.kind, ProblemKind::Config);
    }
}
