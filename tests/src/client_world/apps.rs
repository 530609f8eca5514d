//! The applications of a good server's connection: one for each exchange that it carries at once.
//! What one does, `app` says; the connection may be told to go away in the midst of it all.

use super::app::App;
use super::peer::Scene;
use purlin_core::exchange::Route;
use purlin_core::server::Connection;
use purlin_core::{Id, Machine, Mono, RequestHead};

pub(super) struct Apps {
    /// The first is there from the beginning: HTTP/1 needs no other.
    all: Vec<App>,
    /// When the server says that it goes away, if it does.
    leaves: Option<Mono>,
}

impl Apps {
    pub(super) fn new(first: App, leaves: Option<Mono>) -> Apps {
        Apps { all: vec![first], leaves }
    }

    /// Whether one of them has done what explains a failure.
    pub(super) fn is_bad(&self) -> bool {
        self.all.iter().any(App::is_bad)
    }

    /// A request has come.
    pub(super) fn begin(
        &mut self,
        machine: &mut Connection,
        id: Id,
        head: &RequestHead,
        route: &Route,
        scene: &mut Scene<'_>,
    ) {
        let free = self.all.iter().position(App::is_free);
        let at = match free.filter(|_| machine.carries_many()) {
            Some(at) => at,
            None if machine.carries_many() => {
                let another = self.all[0].another();
                self.all.push(another);
                self.all.len() - 1
            }
            None => 0,
        };
        self.all[at].begin(machine, id, head, route, scene);
    }

    /// The machine has refused what came, and answered it itself.
    pub(super) fn refuse(&mut self, id: Option<Id>, many: bool, scene: &mut Scene<'_>) {
        let refused = self.all.iter_mut().find(|app| !many || id.is_some() && app.id() == id);
        if let Some(app) = refused {
            app.refuse(scene);
        }
    }

    /// The client has given an exchange up.
    pub(super) fn given_up(&mut self, machine: &mut Connection, id: Id, scene: &mut Scene<'_>) {
        if let Some(app) = self.all.iter_mut().find(|app| app.id() == Some(id)) {
            app.let_go(machine, scene);
        }
    }

    /// Does what is due; says whether anything happened.
    pub(super) fn run(&mut self, machine: &mut Connection, scene: &mut Scene<'_>) -> bool {
        let leaves = self.leaves.take_if(|at| *at <= scene.now.mono).is_some();
        if leaves {
            machine.shutdown(scene.now);
        }
        let ran = self.all.iter_mut().fold(false, |any, app| app.run(machine, scene) | any);
        ran | leaves
    }

    /// When one of them does something by itself again.
    pub(super) fn next(&self) -> Option<Mono> {
        self.all.iter().filter_map(App::next).chain(self.leaves).min()
    }
}
