//! Everything that a key, the palette or a click can ask for, in one list. Help, hints, the palette
//! and the documented key list are made from it.

use std::fmt;

macro_rules! verbs {
    ($($verb:ident $name:literal $help:literal;)*) => {
        /// What can be asked for. Each has a name for key maps and one line of help.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verb { $($verb),* }

        impl Verb {
            /// All verbs, in the order in which help shows them.
            pub const ALL: &'static [Verb] = &[$(Verb::$verb),*];
            /// As key maps name it.
            pub const fn name(self) -> &'static str {
                match self { $(Verb::$verb => $name),* }
            }
            /// One line.
            pub const fn help(self) -> &'static str {
                match self { $(Verb::$verb => $help),* }
            }
        }
    };
}

verbs! {
    Open "open" "Open what the cursor is on";
    Back "back" "Back to where you came from";
    Palette "palette" "Command palette: actions, views, kinds, namespaces, contexts, objects";
    Filter "filter" "Filter: text, !text, /regex/, ~fuzzy, status!=Ready, age<1h, ns:team-*, -l app=x";
    FilterClear "filter-clear" "Remove the filter";
    Preset "preset" "Filter preset (failing, changed), or pick one";
    Help "help" "All keys that are valid here; Enter runs one";
    Down "down" "Next line";
    Up "up" "Previous line";
    PageDown "page-down" "A page down";
    PageUp "page-up" "A page up";
    HalfDown "half-down" "Half a page down";
    HalfUp "half-up" "Half a page up";
    Top "top" "First line";
    Bottom "bottom" "Last line";
    Left "left" "Scroll to the left";
    Right "right" "Scroll to the right";
    Next "next" "Next part or match";
    Previous "previous" "Previous part or match";
    Mark "mark" "Mark or unmark, and go on";
    MarkRange "mark-range" "Mark from the last mark to here";
    MarkAll "mark-all" "Mark all that is shown";
    MarkClear "mark-clear" "Remove all marks";
    Yaml "yaml" "YAML of the object";
    Describe "describe" "Describe: status, owners, events";
    Events "events" "Events of the object";
    Logs "logs" "Logs";
    LogsPrevious "logs-previous" "Logs of the previous run";
    Edit "edit" "Edit as YAML";
    EditExternal "edit-external" "Edit as YAML in $EDITOR";
    Do "do" "Run an action of the catalogue";
    Undo "undo" "Take back what was done last";
    Unlock "unlock" "Allow changes for 15 minutes";
    Owner "owner" "Go to the owner";
    Children "children" "Go to what it owns";
    Warp "warp" "The same kind in this row's namespace";
    Browse "browse" "Its objects, or open its URL";
    CopyName "copy-name" "Copy the name";
    CopyNamespace "copy-namespace" "Copy the namespace";
    Copy "copy" "Copy: name, row, table, kubectl command";
    CopyLink "copy-link" "Copy a qd:// link to the object, for a colleague";
    Sort "sort" "Sort by a column; again to reverse";
    SortPick "sort-pick" "Choose the column to sort by";
    SortReverse "sort-reverse" "Reverse the order";
    Group "group" "Group the rows: apps by type, tenant, stage; certificates by domain, issuer, …; or not";
    Wide "wide" "All columns";
    Beside "beside" "Show other clusters beside this one";
    Namespace "namespace" "One namespace (number of the list, or name)";
    NamespacePick "namespace-pick" "Choose a set of namespaces";
    Go "go" "Go to a view or kind";
    Context "context" "Another context";
    Last "last" "The view before this one, and back again";
    Refresh "refresh" "Ask the server again";
    Redraw "redraw" "Draw the whole screen again";
    Theme "theme" "Another theme, with a preview";
    Keymap "keymap" "Another key map";
    Mouse "mouse" "Mouse on or off";
    Problems "problems" "What is wrong with configuration and connection";
    Suspend "suspend" "Suspend to the shell (fg comes back)";
    Quit "quit" "Leave";
    Follow "follow" "Follow the end, or stand still";
    Wrap "wrap" "Wrap long lines, or cut them";
    Timestamps "timestamps" "Show or hide times";
    Since "since" "How far back: 1m 5m 15m 30m 1h, tail, head";
    Container "container" "Choose containers";
    Search "search" "Search in the text";
    Fold "fold" "Fold or unfold here";
    FoldAll "fold-all" "Fold or unfold all";
    ManagedFields "managed-fields" "Show or hide managedFields";
    Reveal "reveal" "Show or hide secret values";
    Save "save" "Save to a file";
    Clear "clear" "Clear";
    Accept "accept" "Go ahead";
    Diff "diff" "Full difference";
    SignIn "sign-in" "Sign in again: lends the terminal to the credential plugin";
    Find "find" "Go to something that is shown here";
    Mine "mine" "Where both changed, take mine";
    Theirs "theirs" "Where both changed, take theirs";
    Export "export" "Export";
    Stop "stop" "Stop a run before its next step; what was done stays";
    CopyRole "copy-role" "Copy the Role that gives a right that is missing";
    SelfCheck "self-check" "Check from here what the authority will check";
    Note "note" "Incident note in Markdown: shown and copied; s saves it";
    Wave "wave" "How many objects are done at once";
}

impl Verb {
    /// The verb of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|v| v.name() == name)
    }
}

/// A verb with what it is about: `sort Age`, `do delete`, `go pods`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    pub verb: Verb,
    /// Empty for verbs that stand alone.
    pub arg: String,
}

impl Command {
    pub fn new(verb: Verb, arg: impl Into<String>) -> Self {
        Self { verb, arg: arg.into() }
    }
    /// Reads `verb` or `verb argument`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, arg) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Some(Self { verb: Verb::named(name)?, arg: arg.trim().to_owned() })
    }
}

impl From<Verb> for Command {
    fn from(verb: Verb) -> Self {
        Self { verb, arg: String::new() }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb.name())?;
        if !self.arg.is_empty() {
            write!(f, " {}", self.arg)?;
        }
        Ok(())
    }
}
