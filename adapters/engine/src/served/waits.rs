//! Who waits for an exchange, and for what of it.
//! Wakes nobody; what has happened, the machine's events say.

use super::park;
use std::task::{Context, Waker};

/// Who waits for an exchange. Nearly every one goes by without anybody waiting, and so there
/// is room for them only once somebody does.
#[derive(Debug, Default)]
pub(super) struct Waits(Option<Box<Parked>>);

#[derive(Debug, Default)]
struct Parked {
    /// Somebody has come since all were taken.
    any: bool,
    /// For body bytes.
    read: Option<Waker>,
    /// For room to send.
    write: Option<Waker>,
    /// For the output to be written.
    flush: Option<Waker>,
    /// For the peer to go.
    cancel: Vec<Waker>,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Body bytes.
    Input,
    /// Room to send.
    Room,
    /// That the output is written.
    Flush,
    /// That the peer goes.
    Cancel,
}

impl Waits {
    /// Whether somebody has come to wait since all were taken.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.0.as_ref().is_some_and(|parked| parked.any)
    }

    /// Whether somebody waits for room to send.
    pub(super) fn for_room(&self) -> bool {
        self.0.as_ref().is_some_and(|parked| parked.write.is_some())
    }

    /// Notes who waits, without a clone if it is known already.
    pub(super) fn park(&mut self, what: For, cx: &Context<'_>) {
        let parked = self.0.get_or_insert_default();
        parked.any = true;
        match what {
            For::Input => park(&mut parked.read, cx),
            For::Room => park(&mut parked.write, cx),
            For::Flush => park(&mut parked.flush, cx),
            For::Cancel => insert(&mut parked.cancel, cx),
        }
    }

    /// Who waits for this; of those who wait for the peer to go there may be several.
    #[inline]
    pub(super) fn take(&mut self, what: For) -> Option<Waker> {
        let parked = self.0.as_mut()?;
        match what {
            For::Input => parked.read.take(),
            For::Room => parked.write.take(),
            For::Flush => parked.flush.take(),
            For::Cancel => None,
        }
    }

    /// Those who wait for the peer to go.
    pub(super) fn take_cancel(&mut self) -> Vec<Waker> {
        self.0.as_mut().map(|parked| std::mem::take(&mut parked.cancel)).unwrap_or_default()
    }

    /// Everybody who waits.
    #[cold]
    pub(super) fn take_all(&mut self) -> Vec<Waker> {
        let Some(parked) = &mut self.0 else { return Vec::new() };
        let Parked { read, write, flush, cancel, .. } = std::mem::take(&mut **parked);
        [read, write, flush].into_iter().flatten().chain(cancel).collect()
    }

    /// Gives the room back if nobody waits.
    pub(super) fn trim(&mut self) {
        self.0.take_if(|parked| !parked.any);
    }
}

/// Adds who waits, once.
pub(super) fn insert(wakers: &mut Vec<Waker>, cx: &Context<'_>) {
    if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
        wakers.push(cx.waker().clone());
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

    #[test]
    fn there_is_room_while_somebody_may_wait_there() {
        let waker = Waker::from(Arc::new(Nobody));
        let cx = Context::from_waker(&waker);
        for what in [For::Input, For::Room, For::Flush, For::Cancel] {
            let mut waits = Waits::default();
            assert!(waits.take(what).is_none() && waits.take_all().is_empty() && waits.0.is_none());
            waits.park(what, &cx);
            waits.park(what, &cx);
            waits.trim();
            assert!(waits.any() && waits.for_room() == (what == For::Room));
            assert_eq!(waits.take_all().len(), 1, "{what:?}");
            assert!(!waits.any() && waits.0.is_some());
            waits.trim();
            assert!(waits.0.is_none());
        }
    }
}
