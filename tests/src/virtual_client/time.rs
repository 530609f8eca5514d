//! Time passes: from deadline to deadline, and everything runs at each.

use super::task::{State, Task};
use super::world::World;
use purlin_core::{Machine, Mono};
use std::time::Duration;

impl World {
    /// So much time passes.
    pub fn sleep(&mut self, wait: Duration) {
        let end = self.now.mono + wait;
        loop {
            let next = self.deadlines().filter(|at| *at > self.now.mono).min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.pass(at);
        }
        self.pass(end);
    }

    fn pass(&mut self, at: Mono) {
        self.now = self.now.later(at.since(self.now.mono));
        self.expire();
        self.run();
    }

    /// Everything that has its time.
    fn deadlines(&self) -> impl Iterator<Item = Mono> + '_ {
        let tasks = self.tasks.iter().flat_map(|task| self.deadlines_of(task)).flatten();
        tasks.chain(self.pool.deadline())
    }

    fn deadlines_of(&self, task: &Task) -> [Option<Mono>; 2] {
        let machine = task.conn.and_then(|conn| self.conns[conn - 1].opened());
        let machine = machine.and_then(Machine::deadline).map(|(at, _)| at);
        match task.state {
            State::Waiting(_) | State::SettingUp | State::Driving => {
                [machine, task.exchange.deadline()]
            }
            State::Leaving(until) => [machine, Some(until)],
            // Nobody moves the bytes of a body that nobody reads.
            State::Reading if task.reading.wanted.is_some() => [machine, None],
            State::Reading | State::Asking | State::Over => [None, None],
        }
    }
}
