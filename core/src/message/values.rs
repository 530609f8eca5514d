//! Values that travel with a connection and its requests, found by their type.
//! Holds them; who puts what in is the application's.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Values found by type: those of the server, of the connection, of the request.
///
/// Adding one gives a new set and leaves the old one as it was, so that a
/// connection's set is shared by its requests without copying. Of several
/// values of one type the one added last is found.
///
/// ```
/// use purlin_core::Values;
///
/// struct Tenant(&'static str);
/// let server = Values::default().with(Tenant("all")).with(7_u32);
/// let connection = server.with(Tenant("acme"));
/// assert_eq!(connection.get::<Tenant>().unwrap().0, "acme");
/// assert_eq!(connection.get::<u32>(), Some(&7));
/// assert_eq!(server.get::<Tenant>().unwrap().0, "all");
/// ```
#[derive(Clone, Default)]
pub struct Values(Option<Arc<Link<Value>>>);

type Value = dyn Any + Send + Sync;

/// A value and those before it, in one allocation.
struct Link<T: ?Sized> {
    rest: Values,
    value: T,
}

impl Values {
    /// These values and one more.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(&self, value: T) -> Values {
        Values(Some(Arc::new(Link { rest: self.clone(), value })))
    }

    /// The value of this type that was added last.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.links().find_map(|link| link.value.downcast_ref())
    }

    /// The values, the one added last first.
    fn links(&self) -> impl Iterator<Item = &Link<Value>> {
        std::iter::successors(self.0.as_deref(), |link| link.rest.0.as_deref())
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for Values {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.unlink();
        }
    }
}

impl Values {
    /// Drops one after the other: a chain may be longer than a stack is deep.
    fn unlink(&mut self) {
        let mut last = self.0.take();
        while let Some(mut link) = last {
            // Who still holds it lets go of the rest.
            last = match Arc::get_mut(&mut link) {
                Some(link) => link.rest.0.take(),
                None => None,
            };
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({})", self.links().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// More than would fit on a test's stack if each called the next.
    const MANY: usize = 200_000;

    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_long_chain_is_dropped_one_after_the_other_and_no_link_that_is_held() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let more = |values: &Values, count| {
            (0..count).fold(values.clone(), |all, _| all.with(Counted(dropped.clone())))
        };
        let shared = more(&Values::default(), MANY);
        let (one, other) = (more(&shared, MANY), more(&shared, 1));
        drop(shared);
        drop(one);
        assert_eq!(dropped.load(Ordering::Relaxed), MANY);
        assert_eq!(other.links().count(), MANY + 1);
        drop(other);
        assert_eq!(dropped.load(Ordering::Relaxed), 2 * MANY + 1);
    }

    #[test]
    fn threads_that_let_go_at_once_leave_nothing_behind() {
        let dropped = Arc::new(AtomicUsize::new(0));
        for _ in 0..200 {
            let values =
                (0..20).fold(Values::default(), |all, _| all.with(Counted(dropped.clone())));
            let holders = [values.clone(), values.with(1), values.with(2), values];
            std::thread::scope(|scope| {
                for holder in holders {
                    scope.spawn(move || drop(holder));
                }
            });
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 200 * 20);
    }
}
