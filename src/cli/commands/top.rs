//! `qd top pods|nodes`: what they use of CPU and memory, beside what they ask for and may have.

use crate::arguments::{Common, Form, Printed};
use crate::output::{Paint, Table, line, print, print_value};
use crate::place::Place;
use clap::{Args, ValueEnum};
use quarterdeck_core::resources::{Cell, Level, Scope};
use quarterdeck_core::text::clean_line;
use quarterdeck_core::usage::{Load, Of, not_served};
use quarterdeck_core::{Problem, ProblemKind, Result};
use serde_json::json;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Of what
    #[arg(value_enum)]
    of: What,
    /// Only those of these names
    names: Vec<String>,
    /// What comes first
    #[arg(long, value_enum, default_value = "cpu")]
    sort: Sort,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    #[value(alias = "pod", alias = "po")]
    Pods,
    #[value(alias = "node", alias = "no")]
    Nodes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    Cpu,
    Memory,
    Name,
}

pub async fn run(arguments: Arguments, common: &Common) -> Result<u8> {
    let place = Place::open_one(common)?;
    let of = if arguments.of == What::Pods { Of::Pods } else { Of::Nodes };
    let scope = match of {
        Of::Pods => place.scope(&place.cluster()?),
        Of::Nodes => Scope::All,
    };
    let usage = place.session.usage(place.context(), of, &scope, true).await?.ok_or_else(not_served)?;
    let wanted = |l: &&Load| arguments.names.is_empty() || arguments.names.iter().any(|n| **n == *l.name);
    let mut loads: Vec<&Load> = usage.loads.iter().filter(wanted).collect();
    let missing: Vec<&str> =
        arguments.names.iter().map(String::as_str).filter(|n| !loads.iter().any(|l| *l.name == **n)).collect();
    if !missing.is_empty() {
        let what = format!("cannot tell the usage of {} {}", of.plural(), missing.join(", "));
        return Err(Problem::new(ProblemKind::NotFound, what, "the server's metrics have no such name")
            .next("check names and namespace; what has just started is measured within a minute"));
    }
    match arguments.sort {
        Sort::Cpu => loads.sort_by(|a, b| b.cpu.used.total_cmp(&a.cpu.used)),
        Sort::Memory => loads.sort_by(|a, b| b.memory.used.total_cmp(&a.memory.used)),
        Sort::Name => {}
    }
    let name = |l: &Load| clean_line(&l.name).into_owned();
    match arguments.printed.output {
        form @ (Form::Json | Form::Yaml) => {
            let value =
                json!({ "kind": "UsageList", "context": place.context(), "of": of, "at": usage.at, "items": loads });
            print_value(&value, form);
        }
        Form::Name => loads.iter().for_each(|l| line(&name(l))),
        Form::Table | Form::Wide => {
            let namespaced = of == Of::Pods && !matches!(&scope, Scope::Namespaces(set) if set.len() == 1);
            let columns = of.columns();
            let mut names = if namespaced { vec!["namespace", "name"] } else { vec!["name"] };
            names.extend(columns.iter().map(|c| &*c.name));
            let mut table = Table::new(&names);
            for load in loads {
                let cells = load.cells(of);
                let level =
                    cells.iter().filter_map(|c| if let Cell::Status(level, _) = c { Some(*level) } else { None });
                let level = level.max().unwrap_or(Level::Good);
                let mut row = if namespaced { vec![clean_line(&load.namespace).into_owned()] } else { Vec::new() };
                row.push(name(load));
                row.extend(cells.iter().map(|c| c.text(usage.at).into_owned()));
                table.row_with(row, level);
            }
            print(&table.text(!arguments.printed.no_headers, Paint::stdout(common.plain)));
        }
    }
    Ok(0)
}
