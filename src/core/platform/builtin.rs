//! The profiles that are built in.

use super::Profile;
use std::sync::{Arc, OnceLock};

const FILES: [(&str, &str); 4] = [
    ("otomi-classic.yaml", include_str!("profiles/otomi-classic.yaml")),
    ("apl.yaml", include_str!("profiles/apl.yaml")),
    ("ominis.yaml", include_str!("profiles/ominis.yaml")),
    ("kubernetes.yaml", include_str!("profiles/kubernetes.yaml")),
];

/// The built-in profiles; the one for any cluster is the last.
pub fn all() -> &'static [Arc<Profile>] {
    static ALL: OnceLock<Vec<Arc<Profile>>> = OnceLock::new();
    // A profile that cannot be read is a mistake of ours that a test finds.
    ALL.get_or_init(|| FILES.iter().filter_map(|(file, yaml)| Profile::parse(file, yaml).ok().map(Arc::new)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_profiles() {
        for (file, yaml) in FILES {
            if let Err(problem) = Profile::parse(file, yaml) {
                panic!("{problem}");
            }
        }
        assert_eq!(all().last().map(|p| p.id.as_str()), Some("kubernetes"));
    }

    #[test]
    fn a_slip_of_the_pen_is_told_with_its_place() {
        let problem = Profile::parse("mine.yaml", "id: mine\ntitle: Mine\naps: []\n").expect_err("unknown field");
        assert!(problem.why.contains("aps"), "{problem}");
        let problem = Profile::parse("mine.yaml", "id: a\ntitle: A\napps: [{name: x, namespaces: [x], needs: [y]}]\n")
            .expect_err("unknown app");
        assert!(problem.why.contains("needs y"), "{problem}");
    }
}
