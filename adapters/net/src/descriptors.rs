//! How many connections the process can have: its limit of open descriptors, raised as far as allowed.
//! Decides the cap that a server has unless it is told another.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are left to the rest of the program, at least.
const LEAST_SPARE: u64 = 32;

/// Raises the soft limit of open descriptors to the hard one, as Go does, and
/// gives what it is then; `None` if there is none.
pub fn raise_descriptor_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum || current.is_none() {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// How many connections a server should have at a time with this many
/// descriptors: a tenth of them, and at least 32, are left to the rest of the
/// program.
///
/// ```
/// assert_eq!(purlin_net::most_connections(Some(1024)), 922);
/// assert_eq!(purlin_net::most_connections(Some(64)), 32);
/// assert_eq!(purlin_net::most_connections(Some(3)), 1);
/// assert_eq!(purlin_net::most_connections(None), usize::MAX);
/// ```
pub fn most_connections(descriptors: Option<u64>) -> usize {
    let Some(all) = descriptors else {
        return usize::MAX;
    };
    let spare = (all / 10).max(LEAST_SPARE);
    usize::try_from(all.saturating_sub(spare).max(1)).unwrap_or(usize::MAX)
}
