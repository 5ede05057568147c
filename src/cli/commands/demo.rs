//! `qd demo`: the screen on the embedded cluster, or that cluster served for other tools.

use crate::Screen;
use crate::arguments::Common;
use crate::demo::{Demo, Wanted};
use crate::output::line;
use clap::Args;
use quarterdeck_core::session::{KubeconfigFrom, Options};
use quarterdeck_core::{Problem, Result};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Which platform: ominis, otomi, apl or plain
    #[arg(long, value_name = "WORLD", default_value = "ominis")]
    world: String,
    /// So many further pods
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    pods: usize,
    /// So many further certificates
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    certs: usize,
    /// What happens in it over time: quiet, rollout, stuck-certificate, degrading-app, churn or churn=N a second
    #[arg(long, value_name = "STORY", default_value = "quiet")]
    story: String,
    /// What goes wrong: latency=200ms, cut=4096, 410, 429=5, 503, expired, forbidden, malformed; then
    /// @PATH, watch, times=N, every=N after commas. May be repeated
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// Serve the cluster on this address instead of opening the screen (port 0 takes a free one)
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:0")]
    serve: Option<SocketAddr>,
    /// Write the kubeconfig of the served cluster to this file
    #[arg(long, value_name = "FILE")]
    write_kubeconfig: Option<PathBuf>,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<Option<Box<Screen>>> {
    let wanted = Wanted {
        world: arguments.world,
        story: arguments.story,
        pods: arguments.pods,
        certs: arguments.certs,
        faults: arguments.fault,
        address: arguments.serve,
    };
    let demo = Demo::start(&wanted).await?;
    if let Some(path) = &arguments.write_kubeconfig {
        write_kubeconfig(path, &demo.kubeconfig())?;
    }
    if arguments.serve.is_some() {
        line(&format!("serving the world {} on {}", wanted.world, demo.address()));
        match &arguments.write_kubeconfig {
            Some(path) => line(&format!("use it with: kubectl --kubeconfig {} get pods -A", path.display())),
            None => line("its kubeconfig: qd demo --serve --write-kubeconfig FILE"),
        }
        line("Ctrl-C ends it");
        let _ = tokio::signal::ctrl_c().await;
        return Ok(None);
    }
    let options = Options {
        kubeconfig: KubeconfigFrom::Text(demo.kubeconfig()),
        interactive: false,
        // The demo's journal, drafts and memory are its own and go with it.
        state_dir: Some(demo.state_dir().to_path_buf()),
        // Its hosts are not its own.
        probing: quarterdeck_core::probe::Probing::Off("the hosts of the demo are not real"),
        ..common.options()
    };
    Ok(Some(Box::new(Screen {
        options,
        context: None,
        beside: Vec::new(),
        namespaces: common.namespace.clone(),
        all_namespaces: common.all_namespaces,
        plain: common.plain,
        look: common.look.clone(),
        demo: Some(demo),
    })))
}

/// It holds a token: for its owner's eyes only.
fn write_kubeconfig(path: &std::path::Path, text: &str) -> Result<()> {
    use std::io::Write;
    let failed = |e: std::io::Error| Problem::io("cannot write the kubeconfig", &e).on(path.display().to_string());
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}
