//! How a context is guarded at this moment.

/// The sort of cluster a context points at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Nothing says what it is.
    #[default]
    Unknown,
    Dev,
    Stage,
    Prod,
}

impl Environment {
    /// The word that is shown; empty when nothing is known.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Dev => "dev",
            Self::Stage => "stage",
            Self::Prod => "prod",
        }
    }
}

/// How a context is guarded at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardState {
    pub environment: Environment,
    /// Why nothing may be changed, in words; `None` when changes are allowed.
    pub read_only: Option<String>,
    /// Whether [`crate::session::Session::unlock`] can lift it.
    pub can_unlock: bool,
    /// Until when an unlock holds (seconds since 1970).
    pub unlocked_until: Option<i64>,
}
