//! The exchanges of a connection: how far each is with being answered, and who waits for it.
//! Finds them by their numbers; what becomes of a response is decided beside it.
//!
//! The first stands where the connection does, and is the only one over HTTP/1, which takes
//! it for one exchange after the other. Others are beside it while there are any, and are
//! used again.

use super::waits::{For, Waits, insert};
use purlin_core::message::{Hooks, PendingResponse};
use purlin_core::{Id, Method};
use std::task::{Context, Waker};

/// The number of no exchange.
const NONE: Id = Id::MAX;

/// One exchange that is open, or the last one.
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) marks: Marks,
    /// So many have a writer or a raw stream of it.
    pub(super) holders: u32,
    /// What a writer that was dropped has left.
    pub(super) left: Option<Box<PendingResponse>>,
    /// Who follows it.
    pub(super) hooks: Option<Box<Hooks>>,
    pub(super) waits: Waits,
}

/// What is known of an exchange.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may be with any other")]
pub(super) struct Marks {
    /// Its request asks for the head alone.
    pub(super) head_only: bool,
    /// Its request asks for a tunnel.
    pub(super) connects: bool,
    /// Its handler has returned.
    pub(super) handled: bool,
    /// Somebody took a writer for it.
    pub(super) taken: bool,
    /// A writer of it was dropped by a panic.
    pub(super) broken: bool,
    /// What is left is all, and goes out as room comes.
    pub(super) ending: bool,
    /// Why its response is not what it was to be is told, or will be.
    pub(super) troubled: bool,
    /// The peer has sent its last byte, is gone, or waits for no more of the answer.
    pub(super) cancelled: bool,
    /// The peer gave it up, and the machine has it open until it is let go of.
    pub(super) given_up: bool,
}

impl Row {
    fn new(id: Id, method: &Method) -> Row {
        let (marks, waits) = (Marks::of(method), Waits::default());
        Row { id, marks, holders: 0, left: None, hooks: None, waits }
    }

    /// Begins an exchange here. What is as it was is not written: nearly every exchange goes
    /// by without anybody waiting.
    #[inline]
    fn renew(&mut self, id: Id, method: &Method) {
        (self.id, self.marks, self.holders) = (id, Marks::of(method), 0);
        self.left = None;
        self.hooks = None;
    }

    /// Whether nobody but the machine has anything to do with it any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_let_go() && self.left.is_none() && self.hooks.is_none()
    }

    /// Whether its handler has returned and nobody else can write its response.
    pub(super) fn is_let_go(&self) -> bool {
        self.marks.handled && self.holders == 0
    }
}

impl Marks {
    #[inline]
    fn of(method: &Method) -> Marks {
        let (head_only, connects) = (*method == Method::HEAD, *method == Method::CONNECT);
        Marks { head_only, connects, ..Marks::default() }
    }
}

/// The exchanges of a connection.
pub(super) struct Rows {
    first: Row,
    beside: Option<Box<Beside>>,
}

/// What is beside the first row.
#[derive(Default)]
struct Beside {
    /// The numbers of the rows.
    ids: Vec<Id>,
    rows: Vec<Row>,
    /// Those that are free.
    free: Vec<usize>,
    /// Wait for exchanges that are over here, and not yet for the machine.
    strays: Vec<Waker>,
}

impl Rows {
    pub(super) fn new() -> Rows {
        Rows { first: Row::new(0, &Method::GET), beside: None }
    }

    /// An exchange that has a row.
    #[inline]
    pub(super) fn get(&self, id: Id) -> Option<&Row> {
        if self.first.id == id { Some(&self.first) } else { self.get_beside(id) }
    }

    #[cold]
    fn get_beside(&self, id: Id) -> Option<&Row> {
        let beside = self.beside.as_ref()?;
        beside.find(id).map(|place| &beside.rows[place])
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Row> {
        if self.first.id == id { Some(&mut self.first) } else { self.get_beside_mut(id) }
    }

    #[cold]
    fn get_beside_mut(&mut self, id: Id) -> Option<&mut Row> {
        let beside = self.beside.as_mut()?;
        beside.find(id).map(|place| &mut beside.rows[place])
    }

    /// All that are open, or were.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        let beside = self.beside.iter_mut().flat_map(|beside| &mut beside.rows);
        std::iter::once(&mut self.first).chain(beside)
    }

    /// Whether one of them has somebody who follows it, which may be wrong where there are
    /// several.
    #[inline]
    pub(super) fn may_have_hooks(&self) -> bool {
        let are_several = self.beside.as_ref().is_some_and(|beside| !beside.rows.is_empty());
        self.first.hooks.is_some() || are_several
    }

    /// Takes the first row for this exchange, which is the only one.
    #[inline]
    pub(super) fn begin(&mut self, id: Id, method: &Method) {
        if self.first.waits.any() {
            let waits = self.first.waits.take_all();
            self.beside.get_or_insert_default().strays.extend(waits);
        }
        self.first.renew(id, method);
    }

    /// Takes a row for this exchange that no other has a use for.
    #[cold]
    pub(super) fn begin_beside(&mut self, id: Id, method: &Method) {
        if self.first.id == 0 || self.first.is_over() {
            return self.begin(id, method);
        }
        self.beside.get_or_insert_default().begin(id, method);
    }

    /// Gives back the room beside the first row, if nobody has a use for any of it, and that
    /// of who waits.
    pub(super) fn trim(&mut self) {
        self.first.waits.trim();
        if let Some(beside) = &mut self.beside {
            beside.trim();
            self.beside.take_if(|beside| beside.rows.is_empty() && beside.strays.is_empty());
        }
    }

    /// Notes who waits for something of this exchange.
    pub(super) fn park(&mut self, id: Id, what: For, cx: &Context<'_>) {
        match self.get_mut(id) {
            Some(row) => row.waits.park(what, cx),
            None => insert(&mut self.beside.get_or_insert_default().strays, cx),
        }
    }

    /// Whether somebody waits for room for this exchange.
    pub(super) fn waits_for_room(&self, id: Id) -> bool {
        self.get(id).is_some_and(|row| row.waits.for_room())
    }

    /// Who waits for this of this exchange.
    #[inline]
    pub(super) fn take(&mut self, id: Id, what: For) -> Option<Waker> {
        self.get_mut(id)?.waits.take(what)
    }

    /// Those who wait for exchanges that have no row any more; they look for themselves
    /// what has happened.
    pub(super) fn take_strays(&mut self) -> Vec<Waker> {
        self.beside.as_mut().map(|beside| std::mem::take(&mut beside.strays)).unwrap_or_default()
    }

    /// Everybody who waits.
    pub(super) fn release(&mut self) -> Vec<Waker> {
        let mut all = self.take_strays();
        self.iter_mut().for_each(|row| all.extend(row.waits.take_all()));
        all
    }
}

impl Beside {
    fn find(&self, id: Id) -> Option<usize> {
        self.ids.iter().position(|own| *own == id)
    }

    /// Takes a row for this exchange that no other has a use for.
    fn begin(&mut self, id: Id, method: &Method) {
        if self.free.is_empty() {
            self.look_for_free();
        }
        match self.free.pop() {
            Some(place) => {
                self.ids[place] = id;
                self.rows[place].renew(id, method);
            }
            None => {
                self.ids.push(id);
                self.rows.push(Row::new(id, method));
            }
        }
    }

    /// Finds rows that nobody has a use for. Where those are few there will be more rows, so
    /// that not every exchange has to look for its own.
    fn look_for_free(&mut self) {
        for (place, row) in self.rows.iter_mut().enumerate() {
            if row.id != NONE && row.is_over() {
                row.id = NONE;
                self.strays.extend(row.waits.take_all());
                self.ids[place] = NONE;
                self.free.push(place);
            }
        }
        let short = (self.rows.len() / 4).saturating_sub(self.free.len());
        for _ in 0..short {
            self.free.push(self.rows.len());
            self.ids.push(NONE);
            self.rows.push(Row::new(NONE, &Method::GET));
        }
    }

    /// Gives back the rows, if nobody has a use for any of them.
    fn trim(&mut self) {
        if self.rows.iter().all(|row| row.id == NONE || row.is_over()) {
            let waits = self.rows.iter_mut().flat_map(|row| row.waits.take_all());
            self.strays.extend(waits);
            (self.ids, self.rows, self.free) = (Vec::new(), Vec::new(), Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    /// Is woken, and does nothing.
    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    /// How many rows are beside the first.
    fn beside(rows: &Rows) -> usize {
        rows.beside.as_ref().map_or(0, |beside| beside.rows.len())
    }

    fn begin(rows: &mut Rows, id: Id) {
        rows.begin_beside(id, &Method::GET);
    }

    fn ends(rows: &mut Rows, id: Id) {
        rows.get_mut(id).unwrap().marks.handled = true;
    }

    #[test]
    fn one_exchange_after_the_other_takes_the_first_row() {
        let mut rows = Rows::new();
        for id in [1, 3, 5] {
            begin(&mut rows, id);
            assert!(rows.get(id).is_some() && rows.beside.is_none());
            ends(&mut rows, id);
        }
        assert!(rows.get(3).is_none() && rows.get(5).is_some());
    }

    #[test]
    fn exchanges_beside_one_another_have_rows_of_their_own_which_are_used_again() {
        let mut rows = Rows::new();
        (0..100).for_each(|id| begin(&mut rows, 2 * id + 1));
        assert!((0..100).all(|id| rows.get(2 * id + 1).is_some_and(|row| row.id == 2 * id + 1)));
        let many = beside(&rows);
        for id in 100..1000 {
            ends(&mut rows, 2 * (id - 100) + 1);
            begin(&mut rows, 2 * id + 1);
            let open = (id - 99..=id).all(|id| rows.get(2 * id + 1).is_some());
            assert!(open, "{id}");
        }
        assert!(beside(&rows) <= 2 * many, "{}", beside(&rows));
        (900..1000).for_each(|id| ends(&mut rows, 2 * id + 1));
        rows.trim();
        assert!(rows.beside.is_none());
    }

    #[test]
    fn a_row_is_kept_for_who_still_has_a_use_for_it() {
        type Keeps = fn(&mut Row);
        let cases: [Keeps; 4] = [
            |row| row.marks.handled = false,
            |row| row.holders = 1,
            |row| row.hooks = Some(Box::default()),
            |row| row.left = Some(Box::new(PendingResponse::new(&Method::GET))),
        ];
        for keeps in cases {
            let mut rows = Rows::new();
            begin(&mut rows, 1);
            ends(&mut rows, 1);
            keeps(rows.get_mut(1).unwrap());
            begin(&mut rows, 3);
            assert!(rows.get(1).is_some() && rows.get(3).is_some());
        }
    }

    #[test]
    fn who_waits_for_an_exchange_whose_row_was_taken_waits_as_a_stray() {
        let mut rows = Rows::new();
        let waker = Waker::from(Arc::new(Nobody));
        let cx = Context::from_waker(&waker);
        begin(&mut rows, 1);
        rows.park(1, For::Flush, &cx);
        ends(&mut rows, 1);
        rows.begin(3, &Method::GET);
        rows.park(1, For::Flush, &cx);
        rows.park(1, For::Flush, &cx);
        assert!(rows.take(1, For::Flush).is_none() && rows.take(3, For::Flush).is_none());
        assert_eq!(rows.take_strays().len(), 1);
        rows.park(3, For::Input, &cx);
        rows.park(5, For::Input, &cx);
        assert_eq!(rows.release().len(), 2);
    }
}
