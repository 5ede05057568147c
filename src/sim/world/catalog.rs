//! The built-in worlds and the files each is made of.

/// One world: name and files, in order.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) files: &'static [(&'static str, &'static str)],
}

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../worlds/", $name)))
    };
}

pub(super) const WORLDS: &[Entry] = &[
    Entry {
        name: "ominis",
        files: &[
            file!("base.yaml"),
            file!("templates.yaml"),
            file!("crds-cert-manager.yaml"),
            file!("crds-traefik.yaml"),
            file!("ominis.yaml"),
            file!("ominis-tenants.yaml"),
        ],
    },
    Entry {
        name: "otomi",
        files: &[
            file!("base.yaml"),
            file!("templates.yaml"),
            file!("crds-cert-manager.yaml"),
            file!("crds-otomi.yaml"),
            file!("crds-gatekeeper.yaml"),
            file!("templates-otomi.yaml"),
            file!("otomi.yaml"),
            file!("otomi-teams.yaml"),
        ],
    },
    Entry {
        name: "apl",
        files: &[
            file!("base.yaml"),
            file!("templates.yaml"),
            file!("crds-cert-manager.yaml"),
            file!("crds-otomi.yaml"),
            file!("crds-apl.yaml"),
            file!("templates-otomi.yaml"),
            file!("apl.yaml"),
            file!("apl-teams.yaml"),
        ],
    },
    Entry { name: "plain", files: &[file!("base.yaml"), file!("templates.yaml"), file!("plain.yaml")] },
];

/// Names of the built-in worlds.
pub fn names() -> Vec<&'static str> {
    WORLDS.iter().map(|w| w.name).collect()
}
