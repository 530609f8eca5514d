//! A cookie jar that requests side by side share.

use purlin_core::Now;
use purlin_core::exchange::CookieStore;
use purlin_core::policy::jar::Jar;
use purlin_core::url::Url;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A cookie jar in memory, shared by all requests of a client.
///
/// ```
/// use purlin_engine::SharedJar;
/// let jar = SharedJar::default();
/// assert!(jar.lock().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct SharedJar(Mutex<Jar>);

impl SharedJar {
    /// Shares this jar.
    pub fn new(jar: Jar) -> SharedJar {
        SharedJar(Mutex::new(jar))
    }

    /// The jar, to look into it or to change it. Requests wait meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, Jar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CookieStore for SharedJar {
    fn cookies(&self, url: &Url, now: Now) -> Option<String> {
        self.lock().cookies(url, now.unix)
    }

    fn store(&self, url: &Url, lines: &mut dyn Iterator<Item = &[u8]>, now: Now) {
        self.lock().set(url, lines, now.unix);
    }
}
