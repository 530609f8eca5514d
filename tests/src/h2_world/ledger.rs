//! What became of every request: whom it was told, and how it ended, each once.
//! Holds what both sides know; neither of them looks at what the other wrote.

use super::plan::Plan;
use purlin_core::{Fault, Retry};

/// How a request ended for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has its whole response.
    Answered,
    /// It failed.
    Failed(Fault, Retry),
    /// The client gave it up.
    GivenUp,
}

/// One sending of a request.
#[derive(Debug)]
struct Sending {
    plan: usize,
    /// The server's application was told of it.
    told: bool,
    /// That application gave its whole answer.
    answered: bool,
    outcome: Option<Outcome>,
}

/// All requests.
#[derive(Debug)]
pub(super) struct Ledger {
    sendings: Vec<Sending>,
    /// What became of each plan at last.
    over: Vec<Option<Outcome>>,
}

impl Ledger {
    pub(super) fn new(plans: usize) -> Ledger {
        Ledger { sendings: Vec::new(), over: vec![None; plans] }
    }

    /// A request is sent: its number.
    pub(super) fn send(&mut self, plan: usize) -> usize {
        self.sendings.push(Sending { plan, told: false, answered: false, outcome: None });
        self.sendings.len() - 1
    }

    /// The server's application is told of this one.
    pub(super) fn tell(&mut self, number: usize) -> Result<usize, String> {
        let sending = self.sendings.get_mut(number).ok_or("nobody sent it")?;
        if std::mem::replace(&mut sending.told, true) {
            return Err(format!("request {number} is told twice"));
        }
        if let Some(Outcome::Failed(_, Retry::Safe)) = sending.outcome {
            return Err(format!("request {number} is looked at, and was safe to be sent again"));
        }
        Ok(sending.plan)
    }

    /// The server's application gave its whole answer.
    pub(super) fn answer(&mut self, number: usize) {
        if let Some(sending) = self.sendings.get_mut(number) {
            sending.answered = true;
        }
    }

    /// It ended; says whether it is to be sent again.
    pub(super) fn end(&mut self, number: usize, outcome: Outcome) -> Result<bool, String> {
        let sending = &mut self.sendings[number];
        if let Some(before) = sending.outcome.replace(outcome) {
            return Err(format!("request {number} ends twice: {before:?}, {outcome:?}"));
        }
        if outcome == Outcome::Answered && !sending.answered {
            return Err(format!("request {number} has an answer that nobody gave"));
        }
        if let Outcome::Failed(_, Retry::Safe) = outcome {
            let told = sending.told;
            let wrong = || format!("request {number} was looked at, and is safe to be sent again");
            return if told { Err(wrong()) } else { Ok(true) };
        }
        self.over[sending.plan] = Some(outcome);
        Ok(false)
    }

    /// Whether all is over.
    pub(super) fn is_over(&self) -> bool {
        self.over.iter().all(Option::is_some)
    }

    /// How many were answered.
    pub(super) fn answered(&self) -> usize {
        self.over.iter().filter(|outcome| **outcome == Some(Outcome::Answered)).count()
    }

    /// What must hold once all is over.
    pub(super) fn check(&self, plans: &[Plan], calm: bool) -> Result<(), String> {
        if let Some(number) = self.sendings.iter().position(|sending| sending.outcome.is_none()) {
            return Err(format!("request {number} has no end"));
        }
        for (number, (plan, outcome)) in plans.iter().zip(&self.over).enumerate() {
            let answered = *outcome == Some(Outcome::Answered);
            if calm && plan.is_calm() && !answered {
                let last = self.sendings.iter().rposition(|sending| sending.plan == number);
                return Err(format!("nothing was wrong with request {last:?}: {outcome:?}"));
            }
            let told =
                self.sendings.iter().filter(|sending| sending.plan == number && sending.told);
            if told.count() > 1 {
                return Err(format!("plan {number} was looked at twice"));
            }
        }
        Ok(())
    }
}
