//! `qd`: one program, two faces. No command opens the screen, a command answers on standard output.

use std::io::Write;
use std::process::ExitCode;

fn main() -> color_eyre::Result<ExitCode> {
    color_eyre::install()?;
    log_to_file();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = match runtime.block_on(quarterdeck_cli::main()) {
        quarterdeck_cli::Face::Done(code) => code,
        quarterdeck_cli::Face::Screen(screen) => runtime.block_on(screen_face(*screen)),
    };
    // What waits (a watch, a plugin) is dropped and ends; a look-up of a name that hangs keeps nobody.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    Ok(code)
}

/// Opens the screen; what ended it badly is told on the terminal that it gave back.
async fn screen_face(screen: quarterdeck_cli::Screen) -> ExitCode {
    let quarterdeck_cli::Screen { options, context, beside, namespaces, plain, look, demo, .. } = screen;
    let config_dir = directories::ProjectDirs::from("", "", "quarterdeck").map(|d| d.config_dir().to_path_buf());
    let tui = quarterdeck_tui::TuiOptions {
        ascii: look.ascii,
        plain,
        theme: look.theme,
        keymap: look.keymap,
        context,
        beside,
        namespaces,
        start_view: look.view,
        mouse: !look.no_mouse,
        config_dir,
        ..quarterdeck_tui::TuiOptions::default()
    };
    let ended = quarterdeck_tui::run(options, tui).await;
    drop(demo);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // The terminal may be what is gone.
            let _ = writeln!(std::io::stderr(), "qd: {problem}");
            ExitCode::from(problem.kind.exit_code())
        }
    }
}

/// Writes a log only where QD_LOG says what (`debug`, `quarterdeck_core=trace`) and QD_LOG_FILE where to;
/// never to the terminal, which belongs to the screen.
fn log_to_file() {
    let Some(filter) = std::env::var("QD_LOG").ok().filter(|f| !f.is_empty()) else { return };
    let path = std::env::var_os("QD_LOG_FILE").map_or_else(|| std::env::temp_dir().join("qd.log"), Into::into);
    let Ok(file) = std::fs::OpenOptions::new().create(true).append(true).open(path) else { return };
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::sync::Mutex::new(file))
        .with_ansi(false)
        .try_init();
}
