//! Asks a target to evaluate inputs, and goes on where it hangs, ends or
//! answers what is none.

use std::time::Duration;

use conform402_wire::adapter::{Evaluation, Evaluations};

use crate::http::NoAnswer;
use crate::target::{Adapter, Process, TargetError};

/// Inputs that may break an operation before its others are given up.
const BREAKS: usize = 2;

/// Inputs that may hang before the whole target is given up: each costs the
/// time of two answers.
const HANGS: usize = 3;

/// How long the end of a process may take to be seen once it answers no more.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// A target and how patient we still are with it.
#[derive(Debug)]
pub(crate) struct Interview<'a> {
    adapter: &'a Adapter,
    process: &'a mut Process,
    hangs: usize,
    /// Why nothing more is asked.
    over: Option<String>,
}

impl<'a> Interview<'a> {
    pub fn new(adapter: &'a Adapter, process: &'a mut Process) -> Self {
        Self { adapter, process, hangs: 0, over: None }
    }

    /// For each input, what the target makes of it, or why that is not known.
    pub async fn ask(&mut self, order: &Evaluations) -> Vec<Result<Evaluation, String>> {
        match self.request(order).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(_) if order.inputs.len() > 1 && self.over.is_none() => self.ask_each(order).await,
            Err(reason) => order.inputs.iter().map(|_| Err(reason.clone())).collect(),
        }
    }

    /// One input a request, so that only those that break it go without an answer.
    async fn ask_each(&mut self, order: &Evaluations) -> Vec<Result<Evaluation, String>> {
        let Evaluations { operation, inputs, fault } = order;
        let mut answers = Vec::new();
        let mut breaks = 0;
        let mut given_up = None;
        for input in inputs {
            let (operation, inputs) = (operation.clone(), vec![input.clone()]);
            let one = Evaluations { operation, inputs, fault: fault.clone() };
            let answer = match &given_up {
                Some(reason) => Err(String::clone(reason)),
                None => self.request(&one).await,
            };
            match answer {
                Ok(one) => answers.extend(one.into_iter().map(Ok)),
                Err(reason) => {
                    breaks += usize::from(self.over.is_none());
                    if breaks == BREAKS && given_up.is_none() {
                        given_up = Some(format!(
                            "not asked, since {BREAKS} inputs of the operation got no answer; {reason}"
                        ));
                    }
                    answers.push(Err(reason));
                }
            }
        }
        answers
    }

    async fn request(&mut self, order: &Evaluations) -> Result<Vec<Evaluation>, String> {
        if let Some(reason) = &self.over {
            return Err(reason.clone());
        }
        let error = match self.adapter.evaluate(order).await {
            Ok(answers) => return Ok(answers),
            Err(error) => error,
        };
        let is_slow = matches!(error, TargetError::NoAnswer { reason: NoAnswer::Slow(_), .. });
        self.hangs += usize::from(is_slow && order.inputs.len() == 1);
        let gone = self.gone(&order.operation).await;
        let reason = gone.clone().unwrap_or_else(|| error.to_string());
        self.over = gone.or_else(|| {
            let operation = &order.operation;
            (self.hangs == HANGS).then(|| {
                format!(
                    "not asked, since {HANGS} inputs got no answer in time, the last of {operation}"
                )
            })
        });
        Err(reason)
    }

    /// Why the target answers nothing at all any more, if so.
    async fn gone(&mut self, operation: &str) -> Option<String> {
        let error = self.adapter.identity().await.err()?;
        let ended = tokio::time::timeout(END_TIMEOUT, self.process.ended()).await;
        Some(match ended {
            Ok(status) => format!("the adapter ended when it was asked for {operation} ({status})"),
            Err(_) => format!("the adapter is silent since it was asked for {operation}; {error}"),
        })
    }
}
