//! What a colour can mean on the screen.

macro_rules! roles {
    ($($role:ident $name:literal => $parent:ident, $help:literal;)*) => {
        /// What something on the screen means. A theme gives each a look, or it looks like its parent.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $($role),* }

        impl Role {
            pub const ALL: &'static [Role] = &[$(Role::$role),*];
            /// As theme files name it.
            pub const fn name(self) -> &'static str {
                match self { $(Role::$role => $name),* }
            }
            /// Whose look it takes when a theme says nothing.
            pub const fn parent(self) -> Role {
                match self { $(Role::$role => Role::$parent),* }
            }
            /// What it is for.
            pub const fn help(self) -> &'static str {
                match self { $(Role::$role => $help),* }
            }
        }
    };
}

roles! {
    Text "text" => Text, "everything else";
    Muted "muted" => Text, "what matters less";
    Strong "strong" => Text, "what matters more";
    Accent "accent" => Strong, "titles and names that lead somewhere";
    Good "good" => Text, "fine";
    Off "off" => Muted, "switched off or finished on purpose";
    Unknown "unknown" => Muted, "cannot be told";
    Busy "busy" => Text, "on its way";
    Warn "warn" => Strong, "wants attention";
    Bad "bad" => Strong, "broken";
    Header "header" => Strong, "the first line";
    HeaderProd "header-prod" => Header, "the first line in production";
    HeaderStage "header-stage" => Header, "the first line in a stage environment";
    Column "column" => Muted, "names of columns";
    Cursor "cursor" => Strong, "the line the cursor is on";
    Mark "mark" => Accent, "marked lines";
    Ghost "ghost" => Muted, "an object that is gone";
    Hint "hint" => Muted, "what a key does";
    HintKey "hint-key" => Accent, "a key";
    Border "border" => Muted, "boxes and rules";
    Title "title" => Accent, "headings";
    Match "match" => Accent, "the part that was searched for";
    Chip "chip" => Accent, "a filter that is on";
    Input "input" => Text, "text being typed";
    Disabled "disabled" => Muted, "what cannot be used now";
    Select "select" => Cursor, "the chosen line of a list or button";
    Danger "danger" => Bad, "a button that cannot be taken back";
    Link "link" => Accent, "leads out of the program";
    Added "added" => Good, "a line that a change adds";
    Removed "removed" => Bad, "a line that a change takes away";
    Key "key" => Accent, "a key of YAML";
    String "string" => Text, "a text value of YAML";
    Number "number" => Text, "a number, true, false or null of YAML";
    Comment "comment" => Muted, "a comment of YAML";
    Tree "tree" => Muted, "lines of a tree";
    Toast "toast" => Strong, "a message that passes";
}

impl Role {
    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.name() == name)
    }
}

impl From<quarterdeck_core::resources::Level> for Role {
    fn from(level: quarterdeck_core::resources::Level) -> Self {
        use quarterdeck_core::resources::Level;
        match level {
            Level::Good => Self::Good,
            Level::Off => Self::Off,
            Level::Unknown => Self::Unknown,
            Level::Busy => Self::Busy,
            Level::Warn => Self::Warn,
            Level::Bad => Self::Bad,
        }
    }
}
