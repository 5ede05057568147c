//! How a write or a delete shall be done.

/// What to do about unknown and duplicate fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// Refuse the request.
    Strict,
    /// Accept it with a `Warning` header each.
    Warn,
    /// Drop them in silence.
    #[default]
    Ignore,
}

/// Options of a create, update or patch.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// Field manager that is recorded.
    pub manager: String,
    /// Do everything but keep it.
    pub dry_run: bool,
    /// Written through this subresource (`status`, `scale`), empty for the object itself.
    pub subresource: String,
    /// Only for server-side apply: take fields from other managers.
    pub force: bool,
    /// Recorded as `Apply` instead of `Update`; set by the apply code only.
    pub applied: bool,
    /// A world's own hand: status is kept on create and update, nothing is
    /// validated, and timestamps and UIDs already in the object stay.
    pub trusted: bool,
    /// Unknown and duplicate fields.
    pub validation: FieldValidation,
}

impl WriteOptions {
    /// A write by a part of the platform itself (a controller, a world), which is trusted.
    pub fn trusted(manager: &str) -> Self {
        Self { manager: manager.to_owned(), trusted: true, ..Self::default() }
    }

    /// A write by a user's program.
    pub fn by(manager: &str) -> Self {
        Self { manager: manager.to_owned(), ..Self::default() }
    }

    /// The same, written through a subresource.
    #[must_use]
    pub fn through(mut self, subresource: &str) -> Self {
        self.subresource = subresource.to_owned();
        self
    }
}

/// What becomes of the objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go after the owner.
    #[default]
    Background,
    /// The owner goes after them.
    Foreground,
    /// They stay, without the owner.
    Orphan,
}

/// Options of a delete.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// Refuse with 409 unless the object has this UID.
    pub uid: Option<String>,
    /// Refuse with 409 unless the object has this resourceVersion.
    pub resource_version: Option<String>,
    /// Seconds a pod gets to end; `Some(0)` removes it at once.
    pub grace_seconds: Option<i64>,
    /// `None` takes the kind's default.
    pub propagation: Option<Propagation>,
    /// Do everything but remove it.
    pub dry_run: bool,
}
