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

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({})", self.links().count())
    }
}
