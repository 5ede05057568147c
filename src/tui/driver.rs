//! Carries out what `update` asks of the core: each question is a task, its answer an input.

use crate::state::effect::{Answer, Ask, PageId};
use crate::state::input::Input;
use quarterdeck_core::certificates::CertificateView;
use quarterdeck_core::certificates::truths::Looks;
use quarterdeck_core::handover::Looking;
use quarterdeck_core::overview::Overview;
use quarterdeck_core::resources::ObjectRef;
use quarterdeck_core::session::Session;
use quarterdeck_core::{Problem, ProblemKind, Result};
use std::collections::HashMap;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

/// Runs questions to the core. Those of a closed page are stopped.
pub struct Driver {
    session: Session,
    inputs: UnboundedSender<Input>,
    running: HashMap<PageId, Vec<AbortHandle>>,
}

impl Driver {
    pub fn new(session: Session, inputs: UnboundedSender<Input>) -> Self {
        Self { session, inputs, running: HashMap::new() }
    }

    /// Asks in the background; the answer comes as an input.
    pub fn ask(&mut self, context: &str, page: PageId, ask: Ask) {
        let (session, inputs, context) = (self.session.clone(), self.inputs.clone(), context.to_owned());
        let task = tokio::spawn(async move {
            let answer = answer(&session, &context, ask, |step| drop(inputs.send(Input::Answer(page, step)))).await;
            // Nobody listens any more when the program ends.
            let _ = inputs.send(Input::Answer(page, answer));
        });
        let running = self.running.entry(page).or_default();
        running.retain(|t| !t.is_finished());
        running.push(task.abort_handle());
    }

    /// Stops what a page asked.
    pub fn forget(&mut self, page: PageId) {
        for task in self.running.remove(&page).into_iter().flatten() {
            task.abort();
        }
    }

    /// Questions under way.
    pub fn busy(&self) -> usize {
        self.running.values().flatten().filter(|t| !t.is_finished()).count()
    }
}

/// Answers a question; what is known before its end is told on the way.
async fn answer(session: &Session, context: &str, ask: Ask, mut tell: impl FnMut(Answer) + Send) -> Answer {
    match ask {
        Ask::Kinds { again } => Answer::Kinds(match session.cluster(context) {
            Ok(cluster) if again => cluster.rediscover().await,
            Ok(cluster) => cluster.kinds().await,
            Err(problem) => Err(problem),
        }),
        Ask::Namespaces => Answer::Namespaces(match session.cluster(context) {
            Ok(cluster) => cluster.namespaces().await,
            Err(_) => Default::default(),
        }),
        Ask::Version => Answer::Version(match session.cluster(context) {
            Ok(cluster) => cluster.version().await,
            Err(problem) => Err(problem),
        }),
        Ask::SignIn => Answer::SignedIn(session.sign_in(context).await),
        Ask::Object(object) => {
            let result = session.object(context, &object).await;
            Answer::Object(object, result)
        }
        Ask::Events(object) => Answer::Events(session.object_events(context, &object).await),
        Ask::Plan { action, targets, args } => {
            Answer::Plan(Box::new(session.plan(context, &action, &targets, &args).await))
        }
        Ask::Task(name) => Answer::Plan(Box::new(session.plan_task(context, &name).await)),
        Ask::Undo(id) => Answer::Plan(Box::new(session.undo(&id).await)),
        Ask::Forward(app, entry) => Answer::Forwarded(session.open_forward(context, &app, &entry, 0).await),
        Ask::Usage { of, scope } => {
            let told = session.usage(context, of, &scope, false).await;
            Answer::Usage(scope, told)
        }
        Ask::OperatorState => Answer::OperatorState(session.operator_state(context).await),
        Ask::Revisions(of) => Answer::Revisions(session.revisions(context, &of).await),
        Ask::Wait(run) => Answer::Outcome(session.wait(run).await),
        Ask::Looks { seen, object, wanted } => Answer::Looks(match find(&seen, &object) {
            Ok(view) => session.looks(context, &seen, view, wanted).await,
            Err(problem) => Looks { none: problem.why, ..Looks::default() },
        }),
        Ask::SelfCheck { seen, object } => Answer::Checked(match find(&seen, &object) {
            Ok(view) => session.check_certificate(context, &seen, view, |step| tell(Answer::CheckStep(step))).await,
            Err(problem) => Err(problem),
        }),
        Ask::Note { seen, about } => {
            Answer::Note(session.incident_note(context, &seen, &about, Looking::AsConfigured).await)
        }
    }
}

fn find<'a>(seen: &'a Overview, object: &ObjectRef) -> Result<&'a CertificateView> {
    let gone = || {
        Problem::new(ProblemKind::NotFound, "cannot look at the certificate", "it is not there (any more)")
            .on(object.short())
    };
    seen.certificate(&object.namespace, &object.name).ok_or_else(gone)
}
