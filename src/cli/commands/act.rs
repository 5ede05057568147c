//! `qd do`: an action of the catalogue, from the plan to its end. Every action is a command of its own
//! with the arguments that it asks for, so help, completions and manual follow the catalogue.

use super::carry;
use crate::arguments::Common;
use crate::output::{Paint, Table, print, print_json};
use crate::place::Place;
use clap::{Arg, ArgAction, ArgMatches, FromArgMatches};
use quarterdeck_core::actions::command::TASK;
use quarterdeck_core::actions::{ArgKind, Args, Confirmation, DryRun, Plan, RunEvent, catalogue};
use quarterdeck_core::cluster::Access;
use quarterdeck_core::event::Event;
use quarterdeck_core::resources::Level;
use quarterdeck_core::text::{clean, clean_line};
use quarterdeck_core::{Problem, ProblemKind, Result};
use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Read};

/// What is to be done with a plan.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Show the plan and let the server try it; change nothing.
    pub dry_run: bool,
    /// Confirm without a question.
    pub yes: bool,
    pub reason: String,
    /// Lift read-only of a guarded context for this action; needs a reason.
    pub unlock: bool,
    pub json: bool,
    /// Follow it to the route that answers, stage by stage.
    pub wait: bool,
    /// Write the plan to this file, and go on only with `yes`.
    pub save_plan: Option<String>,
    /// Take it back when it fails.
    pub undo_on_failure: bool,
}

#[derive(Debug, Default)]
pub struct Arguments {
    action: String,
    targets: Vec<String>,
    args: Args,
    wish: Wish,
}

/// The arguments that every plan takes.
pub fn wish_arguments() -> Vec<Arg> {
    let switch =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    vec![
        switch("dry-run", "Show the plan and let the server try it; change nothing"),
        switch("yes", "Do it without asking").short('y'),
        Arg::new("reason").long("reason").value_name("TEXT").help("Why, for the journal; needed for severe plans"),
        switch("unlock", "Lift read-only of a guarded context for this action (needs --reason)"),
        switch("wait", "Follow it stage by stage to the end: rollout, pods, the route that answers"),
        switch("undo-on-failure", "Take it back when it fails, where there is a way back (needs --wait)")
            .requires("wait"),
        Arg::new("save-plan")
            .long("save-plan")
            .value_name("FILE")
            .help("Write the plan to a file as JSON; goes on only with --yes"),
        switch("json", "Print plan and outcome as JSON"),
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FORM")
            .value_parser(["text", "json"])
            .help("Form of the answer"),
    ]
}

impl Wish {
    pub fn of(matches: &ArgMatches) -> Self {
        Self {
            dry_run: matches.get_flag("dry-run"),
            yes: matches.get_flag("yes"),
            reason: matches.get_one::<String>("reason").cloned().unwrap_or_default(),
            unlock: matches.get_flag("unlock"),
            json: matches.get_flag("json") || matches.get_one::<String>("output").is_some_and(|form| form == "json"),
            wait: matches.get_flag("wait"),
            save_plan: matches.get_one::<String>("save-plan").cloned(),
            undo_on_failure: matches.get_flag("undo-on-failure"),
        }
    }
}

/// The words of a command line with the action after `do` in small letters, however it was written (RESTART, Restart).
pub fn small_letters(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    for i in 1..words.len() {
        let small = words[i].to_str().map(str::to_lowercase).filter(|w| w == TASK || catalogue::find(w).is_some());
        if words[i - 1] == "do"
            && let Some(small) = small
        {
            words[i] = small.into();
        }
    }
    words
}

/// The platform's own tasks are named by its profile, not by an object.
fn task_command() -> clap::Command {
    let task = Arg::new("targets").value_name("TASK").required(true).help("Its name; `qd platform show` lists them");
    clap::Command::new(TASK).about(TASK_HELP.trim_end_matches('.')).arg(task).args(wish_arguments())
}

const TASK_HELP: &str = "Set a task of the platform going, as its profile says: a trigger or a restart.";

impl clap::Args for Arguments {
    fn augment_args(command: clap::Command) -> clap::Command {
        let command = command.subcommand(task_command());
        catalogue::all().iter().fold(command, |command, action| {
            let mut sub = clap::Command::new(action.name()).about(action.help().trim_end_matches('.'));
            if action.many() && action.in_waves() {
                let help = "How many objects are done at once; the next ones follow when these are done";
                sub = sub.arg(Arg::new("wave").long("wave").value_name("NUMBER").help(help));
            }
            sub = sub.arg(
                Arg::new("targets")
                    .value_name("KIND/NAME")
                    .required(true)
                    .num_args(1..)
                    .help("Objects: KIND/NAME each, KIND/NAMESPACE/NAME, or KIND NAME NAME"),
            );
            for argument in action.args() {
                let mut arg =
                    Arg::new(argument.name).long(argument.name).help(argument.help).required(argument.required);
                arg = match argument.kind {
                    ArgKind::Switch => arg.action(ArgAction::SetTrue),
                    ArgKind::Choice(choices) => arg.value_parser(clap::builder::PossibleValuesParser::new(choices)),
                    ArgKind::Number => arg.value_name("NUMBER"),
                    ArgKind::Pairs => arg.value_name("KEY=VALUE").action(ArgAction::Append).allow_hyphen_values(true),
                    ArgKind::Yaml => arg.value_name("@FILE"),
                    ArgKind::Text => arg.value_name("TEXT"),
                };
                sub = sub.arg(arg);
            }
            command.subcommand(sub.args(wish_arguments()))
        })
    }
    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Arguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Some((name, given)) = matches.subcommand() else { return Ok(Self::default()) };
        let mut args = Args::new();
        for argument in catalogue::find(name).into_iter().flat_map(|a| a.args()) {
            match argument.kind {
                ArgKind::Switch if given.get_flag(argument.name) => args.set(argument.name, "true"),
                ArgKind::Switch => {}
                _ => {
                    let values: Vec<String> =
                        given.get_many::<String>(argument.name).into_iter().flatten().cloned().collect();
                    if !values.is_empty() {
                        args.set(argument.name, values.join(" "));
                    }
                }
            }
        }
        if let Ok(Some(wave)) = given.try_get_one::<String>("wave") {
            args.set("wave", wave.clone());
        }
        let targets = given.get_many::<String>("targets").into_iter().flatten().cloned().collect();
        Ok(Self { action: name.into(), targets, args, wish: Wish::of(given) })
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

pub async fn run(mut arguments: Arguments, common: &Common) -> Result<u8> {
    if arguments.action.is_empty() {
        list(common);
        return Ok(0);
    }
    common.one_context()?;
    read_files(&mut arguments)?;
    let place = Place::open_with(common, told(common.plain))?;
    let cluster = place.cluster()?;
    if let (TASK, Some(name)) = (arguments.action.as_str(), arguments.targets.first()) {
        unlock(&place, &arguments.wish)?;
        let plan = place.session.plan_task(place.context(), name).await?;
        return finish(&place, plan, &arguments.wish, common).await;
    }
    let mut targets = Vec::new();
    for (kind, name) in pairs(&arguments.action, &arguments.targets)? {
        targets.push(place.existing(&cluster, &kind, Some(&name)).await?);
    }
    unlock(&place, &arguments.wish)?;
    let plan = place.session.plan(place.context(), &arguments.action, &targets, &arguments.args).await?;
    finish(&place, plan, &arguments.wish, common).await
}

/// Shows a plan, and carries it out if that is wanted.
pub async fn finish(place: &Place, plan: Plan, wish: &Wish, common: &Common) -> Result<u8> {
    if !wish.json {
        print(&in_words(&plan, Paint::stdout(common.plain)));
    }
    if let Some(file) = &wish.save_plan {
        let text = serde_json::to_string_pretty(&plan).unwrap_or_default();
        std::fs::write(file, text).map_err(|e| Problem::io("cannot save the plan", &e).on(file.clone()))?;
        eprintln!("plan saved to {}", clean_line(file));
    }
    let refused = refusal(&plan);
    if wish.dry_run || refused.is_some() || wish.save_plan.is_some() && !wish.yes {
        if wish.json {
            print_json(&serde_json::json!({ "plan": plan, "outcome": null }));
        }
        return refused.map_or(Ok(0), Err);
    }
    let confirmation = confirm(&plan, wish)?;
    let done = carry::out(place, plan, confirmation, wish, common).await?;
    if !wish.json {
        done.print(wish, common);
    }
    let failed = done.failed(wish);
    let undone = match wish.undo_on_failure && failed && done.outcome.can_undo {
        true => Some(carry::back(place, &done.outcome.journal, wish, common).await),
        false => None,
    };
    if wish.json {
        let mut all = done.json();
        match &undone {
            Some(Ok(undone)) => all["undone"] = undone.json(),
            Some(Err(problem)) => all["undone"] = serde_json::json!({ "problem": problem }),
            None => {}
        }
        print_json(&all);
    }
    if let Some(Err(problem)) = undone {
        return Err(problem);
    }
    Ok(u8::from(failed))
}

pub fn unlock(place: &Place, wish: &Wish) -> Result<()> {
    if !wish.unlock || wish.dry_run {
        return Ok(());
    }
    place.session.unlock_alone(place.context(), 15, &wish.reason).map(|_| ())
}

/// Progress on standard error, so that standard output holds plan and outcome only.
pub fn told(plain: bool) -> quarterdeck_core::event::Listener {
    let paint = Paint::stderr(plain);
    std::sync::Arc::new(move |event| match event {
        Event::Run { event: RunEvent::Progress { step, text }, .. } => {
            eprintln!("{}", paint.dim(&format!("  {}: {}", step + 1, clean_line(&text))));
        }
        Event::Run { event: RunEvent::StepFailed { step, problem }, .. } => {
            eprintln!("{}", paint.level(Level::Bad, &format!("  {}: {problem}", step + 1)));
        }
        Event::Notice(problem) => eprintln!("qd: {problem}"),
        _ => {}
    })
}

fn list(common: &Common) {
    let mut table = Table::new(&["action", "arguments", "what it does"]);
    for action in catalogue::all() {
        let of = |a: &quarterdeck_core::actions::Arg| {
            if a.required { format!("--{}", a.name) } else { format!("[--{}]", a.name) }
        };
        let words: Vec<String> = action.args().iter().map(of).collect();
        table.row(vec![action.name().into(), words.join(" "), action.help().into()]);
    }
    table.row(vec![TASK.into(), String::new(), TASK_HELP.into()]);
    print(&table.text(true, Paint::stdout(common.plain)));
}

/// `KIND/NAME` each, or a kind and names; only names where the action is about one kind (`argocd-sync web`).
fn pairs(action: &str, targets: &[String]) -> Result<Vec<(String, String)>> {
    let Some((first, names)) = targets.split_first() else { return Ok(Vec::new()) };
    let own = catalogue::find(action).map_or("", |a| a.own_kind());
    if !own.is_empty() && targets.iter().all(|t| !t.contains('/')) && !means_kind(own, first) {
        return Ok(targets.iter().map(|name| (own.to_string(), name.clone())).collect());
    }
    if !first.contains('/') {
        if names.is_empty() {
            return Err(Problem::usage("cannot tell which object is meant", "its name is missing")
                .next("give KIND/NAME, or KIND NAME"));
        }
        return Ok(names.iter().map(|name| (first.clone(), name.clone())).collect());
    }
    let split = |target: &String| {
        let pair = target.split_once('/').map(|(kind, name)| (kind.to_string(), name.to_string()));
        pair.ok_or_else(|| Problem::usage("cannot tell which object is meant", format!("`{target}` is no KIND/NAME")))
    };
    targets.iter().map(split).collect()
}

/// Whether a word is a kind and no name of an object: its plural, with or without group, its singular, a short name.
fn means_kind(own: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let plural = own.split('.').next().unwrap_or(own);
    word == own || word == plural || plural.strip_suffix('s') == Some(&word) || matches!(word.as_str(), "app" | "es")
}

/// `@FILE` and `-` stand for what is in the file, or comes in.
fn read_files(arguments: &mut Arguments) -> Result<()> {
    for argument in catalogue::find(&arguments.action).into_iter().flat_map(|a| a.args()) {
        let Some(value) = arguments.args.get(argument.name).map(str::to_string) else { continue };
        if argument.kind != ArgKind::Yaml {
            continue;
        }
        let text = if matches!(value.as_str(), "-" | "@-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            std::fs::read_to_string(value.trim_start_matches('@'))
        };
        let text = text.map_err(|e| Problem::io(format!("cannot read --{}", argument.name), &e).on(value))?;
        arguments.args.set(argument.name, text);
    }
    Ok(())
}

/// Why this plan cannot be carried out, as far as that is known beforehand.
pub(super) fn refusal(plan: &Plan) -> Option<Problem> {
    let what = format!("cannot do \"{}\"", clean_line(&plan.title));
    let missing: Vec<_> = plan.rights.iter().filter(|(_, access)| *access == Access::Denied).map(|(r, _)| r).collect();
    if let Some(right) = missing.first() {
        let all: Vec<String> = missing.iter().map(|r| r.line()).collect();
        let next = format!("ask for this Role:\n{}", right.role_yaml());
        return Some(Problem::new(ProblemKind::Forbidden, what, format!("you may not {}", all.join("; "))).next(next));
    }
    if let Some(why) = plan.blocked.first() {
        let next = "where the configuration allows it, --unlock --reason TEXT lifts this for one action";
        return Some(Problem::new(ProblemKind::Guarded, what, why.clone()).next(next));
    }
    plan.steps.iter().find_map(|step| match &step.dry_run {
        DryRun::Refused(problem) => Some(problem.clone()),
        _ => None,
    })
}

fn confirm(plan: &Plan, wish: &Wish) -> Result<Confirmation> {
    let mut answer = Confirmation { typed: String::new(), reason: wish.reason.clone() };
    if wish.yes {
        answer.typed.clone_from(&plan.type_to_confirm);
        return Ok(answer);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Problem::usage("nothing was changed", "nobody is there to confirm it")
            .on(plan.title.clone())
            .next("give --yes, or --dry-run to look only"));
    }
    if plan.needs_reason && answer.reason.trim().is_empty() {
        answer.reason = ask("Why? ")?;
    }
    if plan.type_to_confirm.is_empty() {
        let yes = ask("Do it? [y/N] ")?;
        if !matches!(yes.to_lowercase().as_str(), "y" | "yes") {
            return Err(Problem::new(ProblemKind::Cancelled, "nothing was changed", "it was not confirmed"));
        }
    } else {
        answer.typed = ask(&format!("Type {} to do it: ", clean_line(&plan.type_to_confirm)))?;
    }
    Ok(answer)
}

fn ask(question: &str) -> Result<String> {
    eprint!("{question}");
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text).map_err(|e| Problem::io("cannot read the answer", &e))?;
    Ok(text.trim().to_string())
}

pub(super) fn in_words(plan: &Plan, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong(&clean_line(&plan.title)));
    for (i, step) in plan.steps.iter().enumerate() {
        if plan.waves() > 1 && i % plan.wave == 0 {
            text.push_str(&format!(" wave {} of {}\n", i / plan.wave + 1, plan.waves()));
        }
        text.push_str(&format!("  {}  {}  {}\n", i + 1, clean_line(&step.object.to_string()), clean_line(&step.title)));
        for diff in &step.diff {
            let side =
                |v: &Option<String>| v.as_deref().map_or_else(|| "-".to_string(), |v| clean_line(v).into_owned());
            text.push_str(&format!(
                "       {}: {} -> {}\n",
                clean_line(&diff.path),
                side(&diff.before),
                side(&diff.after)
            ));
        }
        let told = match &step.dry_run {
            DryRun::Pending => continue,
            DryRun::Accepted => paint.level(Level::Good, "accepted by the server"),
            DryRun::Refused(problem) => paint.level(Level::Bad, &format!("refused: {}", clean(&problem.why))),
            DryRun::Skipped(why) => format!("not tried: {}", clean_line(why)),
        };
        text.push_str(&format!("       dry run {told}\n"));
    }
    for (right, access) in &plan.rights {
        let word = match access {
            Access::Allowed => continue,
            Access::Denied => "you may not",
            Access::Unknown => "not known whether you may",
        };
        text.push_str(&format!("  needs    {} ({word})\n", right.line()));
    }
    for warning in &plan.warnings {
        text.push_str(&paint.level(Level::Warn, &format!("  warning  {}\n", clean_line(warning))));
    }
    let undo = if plan.undo.is_empty() { "there is no way back" } else { &plan.undo };
    text.push_str(&format!("  undo     {}\n", clean_line(undo)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn read_line(line: &str) -> Arguments {
        let cli = crate::Cli::try_parse_from(small_letters(line.split(' ').map(OsString::from))).expect("arguments");
        match cli.command {
            Some(super::super::Command::Do(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn actions_are_commands_with_arguments_of_their_own() {
        let read = read_line("qd --context lab do scale deployments.apps/api -n team --replicas 3 --dry-run");
        assert_eq!((read.action.as_str(), read.args.get("replicas")), ("scale", Some("3")));
        assert!(read.wish.dry_run && !read.wish.yes);
        assert_eq!(
            pairs("scale", &read.targets).expect("targets"),
            [("deployments.apps".to_string(), "api".to_string())]
        );
        let many = read_line("qd do RESTART deploy a b c --wave 2 --wait --save-plan plan.json");
        assert_eq!((many.action.as_str(), many.args.get("wave")), ("restart", Some("2")));
        let sync = read_line("qd do ARGOCD-SYNC web shop -n argocd --prune --yes --wait");
        let own = |name: &str| ("applications.argoproj.io".to_string(), name.to_string());
        assert_eq!(pairs(&sync.action, &sync.targets).expect("targets"), [own("web"), own("shop")]);
        let task = read_line("qd do PLATFORM-RECONCILE copy-certs --dry-run");
        assert_eq!((task.action.as_str(), task.targets.as_slice()), (TASK, ["copy-certs".to_owned()].as_slice()));
        let named = pairs("argocd-sync", &["app".into(), "web".into()]).expect("targets");
        assert_eq!(named, [("app".to_string(), "web".to_string())]);
        assert!(many.wish.wait && many.wish.save_plan.as_deref() == Some("plan.json"));
        assert!(crate::Cli::try_parse_from(["qd", "do", "edit", "deploy/api", "--wave", "2"]).is_err(), "takes one");
        assert!(crate::Cli::try_parse_from(["qd", "do", "scale", "deploy/api"]).is_err(), "--replicas is missing");
        assert!(crate::Cli::try_parse_from(["qd", "do", "nonsense"]).is_err());
    }

    #[test]
    fn a_kind_stands_for_the_names_behind_it() {
        let names = |t: &[&str]| pairs("scale", &t.iter().map(|s| (*s).to_string()).collect::<Vec<_>>());
        assert_eq!(names(&["pod", "a", "b"]).expect("two").len(), 2);
        assert!(names(&["pod"]).is_err());
        assert!(names(&["pod/a", "b"]).is_err());
    }
}
