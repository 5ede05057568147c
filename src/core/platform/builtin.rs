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
            let remarks = crate::platform::check::read(yaml).1;
            assert!(remarks.is_empty(), "{file}: {remarks:?}");
        }
        assert_eq!(all().last().map(|p| p.id.as_str()), Some("kubernetes"));
    }
}
