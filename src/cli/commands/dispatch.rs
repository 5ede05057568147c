//! From the arguments to the command, and from its end to an exit code.

use super::*;
use crate::arguments::Cli;
use crate::{Face, Screen};
use quarterdeck_core::{Problem, Result};
use std::process::ExitCode;

/// Carries out the command, or says how the screen is opened.
pub async fn dispatch(cli: Cli) -> Face {
    let common = cli.common;
    let Some(command) = cli.command else {
        let mut contexts = common.context.clone().into_iter();
        let context = contexts.next();
        let beside: Vec<String> = contexts.collect();
        let mut look = common.look.clone();
        // Several clusters are asked for: the board is the page that shows them.
        if !beside.is_empty() && look.view.is_none() {
            look.view = Some("certificates".into());
        }
        return Face::Screen(Box::new(Screen {
            options: quarterdeck_core::session::Options { interactive: false, ..common.options() },
            context,
            beside,
            namespaces: common.namespace.clone(),
            all_namespaces: common.all_namespaces,
            plain: common.plain,
            look,
            demo: None,
        }));
    };
    let done: Result<u8> = match command {
        Command::Apps(a) if a.stages => app::stages(&a.listed.printed, &common).await,
        Command::Apps(a) => platform::run(platform::View::Apps, a.listed, &common).await,
        Command::App(a) => app::run(a, &common).await,
        Command::Tenants(a) => platform::run(platform::View::Tenants, a, &common).await,
        Command::Certs(a) => certs::run(a, &common).await,
        Command::Cert(a) => cert::run(a, &common).await,
        Command::Route(a) => route::run(a, &common).await,
        Command::Routes(a) => platform::run(platform::View::Routes, a, &common).await,
        Command::Platform(a) => platforms::run(a, &common).await,
        Command::Check(a) => check::run(a, &common).await,
        Command::Get(a) => get::run(a, &common).await,
        Command::Top(a) => top::run(a, &common).await,
        Command::Describe(a) => describe::run(a, &common).await,
        Command::Logs(a) => logs::run(a, &common).await,
        Command::Events(a) => events::run(a, &common).await,
        Command::Contexts(a) => contexts::run(a, &common),
        Command::Do(a) => act::run(a, &common).await,
        Command::Undo(a) => undo::run(a, &common).await,
        Command::Journal(a) => journal::run(a, &common),
        Command::Unlock(a) => unlock::unlock(&a, &common),
        Command::Lock(a) => unlock::lock(&a, &common),
        Command::Doctor(a) => doctor::run(a, &common).await,
        Command::Demo(a) => match demo::run(a, &common).await {
            Ok(Some(screen)) => return Face::Screen(screen),
            Ok(None) => Ok(0),
            Err(problem) => Err(problem),
        },
        Command::Open(a) => match open::run(a, &common).await {
            Ok(Ok(screen)) => return Face::Screen(screen),
            Ok(Err(code)) => Ok(code),
            Err(problem) => Err(problem),
        },
        Command::Completions(a) => completions::run(a),
        Command::Man(a) => man::run(a),
    };
    match done {
        Ok(code) => Face::Done(ExitCode::from(code)),
        Err(problem) => failed(&problem),
    }
}

fn failed(problem: &Problem) -> Face {
    eprintln!("qd: {problem}");
    Face::Done(ExitCode::from(problem.kind.exit_code()))
}
