//! How the screen is started.

use crate::terminal::Caps;
use crate::theme::Depth;
use std::path::PathBuf;

/// How the screen is started.
#[derive(Clone, Debug)]
pub struct TuiOptions {
    /// Symbols and borders without Unicode. Switched on by itself where the locale is not UTF-8.
    pub ascii: bool,
    /// No colours. Switched on by itself by `NO_COLOR`.
    pub no_color: bool,
    /// Line mode instead of a screen. Switched on by itself on a terminal that cannot address its cursor.
    pub plain: bool,
    /// Name of a theme; `None`: the one that was chosen last, else by the terminal's background.
    pub theme: Option<String>,
    /// Name of a key map: `default`, `vim`, or a file in the configuration folder's `keymaps/`; `None`: the one that
    /// was chosen last.
    pub keymap: Option<String>,
    /// Context to open; `None`: the kubeconfig's current one.
    pub context: Option<String>,
    /// Further contexts, which the boards of several clusters show beside it.
    pub beside: Vec<String>,
    /// Namespaces to look at; empty for all.
    pub namespaces: Vec<String>,
    /// What to open, as it would be typed after `:`; `None`: home, and the last view is offered.
    pub start_view: Option<String>,
    pub mouse: bool,
    /// Tell beyond the terminal when a run has ended while nobody looks (`[screen] notify` in `config.toml`).
    pub notify: bool,
    /// The folder with `themes/` and `keymaps/`; `None`: only what is built in.
    pub config_dir: Option<PathBuf>,
    /// Colours of the terminal. Found out by [`crate::run`].
    pub depth: Depth,
    /// We run at the far end of an SSH connection. Found out by [`crate::run`].
    pub ssh: bool,
    /// Background of the terminal, where it is known. Found out by [`crate::run`].
    pub dark: Option<bool>,
}

impl Default for TuiOptions {
    fn default() -> Self {
        Self {
            ascii: false,
            no_color: false,
            plain: false,
            theme: None,
            keymap: None,
            context: None,
            beside: Vec::new(),
            namespaces: Vec::new(),
            start_view: None,
            mouse: true,
            notify: true,
            config_dir: None,
            depth: Depth::Ansi,
            ssh: false,
            dark: None,
        }
    }
}

impl TuiOptions {
    /// The theme to begin with. The terminal's own colours fit any background, so they are the default;
    /// on a light one the light theme reads better where true colour is there.
    pub fn theme_name(&self) -> String {
        match (&self.theme, self.dark, self.depth) {
            (Some(name), _, _) => name.clone(),
            (None, Some(false), Depth::True) => "light".into(),
            _ => "terminal".into(),
        }
    }
    /// With what `config.toml` says of the screen; what is wrong with the file is told by the core.
    #[must_use]
    pub fn configured(mut self) -> Self {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct File {
            screen: Section,
        }
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Section {
            notify: Option<bool>,
        }
        let text = self.config_dir.as_ref().and_then(|dir| std::fs::read_to_string(dir.join("config.toml")).ok());
        let file: File = text.and_then(|t| toml::from_str(&t).ok()).unwrap_or_default();
        self.notify = file.screen.notify.unwrap_or(self.notify);
        self
    }
    /// Fitted to what the terminal can do.
    #[must_use]
    pub fn fitted(mut self, caps: &Caps) -> Self {
        self.ascii |= !caps.unicode;
        self.no_color |= caps.depth == Depth::None;
        self.depth = caps.depth;
        self.ssh = caps.ssh;
        self.dark = caps.dark;
        self
    }
}
