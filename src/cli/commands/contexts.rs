//! `qd contexts`: the contexts of the kubeconfig. Asks no server.

use crate::arguments::{Common, Form, Printed};
use crate::output::{Paint, Table, line, print, print_value};
use clap::Args;
use quarterdeck_core::Result;
use quarterdeck_core::session::Session;
use quarterdeck_core::text::clean_line;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    printed: Printed,
}

pub fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let session = Session::new(common.options(), Arc::new(|_| {}))?;
    let contexts = session.contexts();
    let guarded = |name: &str| session.guard(name);
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let items: Vec<Value> = contexts
                .iter()
                .map(|c| {
                    let guard = guarded(&c.name);
                    json!({
                        "name": c.name, "cluster": c.cluster, "server": c.server, "user": c.user,
                        "namespace": c.namespace, "current": c.current,
                        "environment": guard.environment.word(), "readOnly": guard.read_only.is_some(),
                    })
                })
                .collect();
            print_value(&json!({ "kind": "ContextList", "items": items }), form);
        }
        Form::Name => contexts.iter().for_each(|c| line(&clean_line(&c.name))),
        Form::Table | Form::Wide => {
            let mut table = Table::new(&["current", "name", "cluster", "user", "namespace", "server", "guard"]);
            for c in &contexts {
                let guard = guarded(&c.name);
                let words = [guard.environment.word(), if guard.read_only.is_some() { "read-only" } else { "" }];
                let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
                let current = if c.current { "*" } else { "" };
                let cells = [current, &c.name, &c.cluster, &c.user, &c.namespace, &c.server, &words.join(", ")];
                table.row(cells.iter().map(|c| clean_line(c).into_owned()).collect());
            }
            if table.is_empty() {
                eprintln!("qd: there is no context in the kubeconfig; `qd demo` shows a cluster that is built in");
            } else {
                print(&table.text(!arguments.printed.no_headers, Paint::stdout(common.plain)));
            }
        }
    }
    Ok(0)
}
