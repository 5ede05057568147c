//! One folder a page: `state.rs` remembers and answers, `view.rs` draws.
//!
//! A new page is a folder and its line in the list below:
//!
//! * `pages/NAME/mod.rs`: its door sign, `mod state; pub mod view; pub use state::ThePage;`
//! * `pages/NAME/state.rs`: a struct with [`page::PageState`] (what it answers) and [`page::Opens`]
//!   (its name, and opening it from a [`crate::state::Place`]). Knows the core, neither ratatui nor
//!   crossterm. What takes time is asked by `cx.ask(Ask::…)` and comes back to `answer`; whatever is
//!   watched is read in `refresh`. Ages come from [`crate::state::age`], and `next_change` says when
//!   one of them changes: nothing ticks.
//! * `pages/NAME/view.rs`: `pub fn draw(page: &ThePage, seen: &Seen<'_>, canvas: &mut Canvas<'_>)`;
//!   changes nothing, draws with roles of the theme, never with colours.
//!
//! A list of things that no watch brings is a [`board::Source`]; a page about one thing is a
//! [`detail::Story`]: both need a few lines only.
//!
//! Its keys are a table `[NAME]` in `keymaps/default.toml` when `scopes` names it; commands are in
//! `keymap/verbs.rs`. It is gone to by `cx.go(Place::object("NAME", object))`, by `go NAME` in a key
//! map, and from the palette when it has a title.

pub mod board;
pub mod detail;
pub mod page;

pub use page::{Findable, Hint, Opens, PageState};

page::pages! {
    home::Home,
    apps::Apps,
    stages::Stages,
    platform::PlatformPage,
    forwards::Forwards,
    tenants::Tenants,
    certificates::Certificates,
    timeline::Timeline,
    routes::Routes,
    app::AppPage,
    tenant::TenantPage,
    certificate::CertificatePage,
    route::RoutePage,
    self_check::SelfCheck,
    note::NotePage,
    table::Table,
    contexts::Contexts,
    namespaces::Namespaces,
    journal::Journal,
    drafts::Drafts,
    yaml::Yaml,
    describe::Describe,
    logs::Logs,
    edit::EditorPage,
    plan::PlanPage,
    run::RunPage,
    runs::Runs,
}
