//! The file of a Unix socket: made, taken over from a server that has died, and
//! removed at the end.
//! Touches no file that is not known to be such a socket, whatever lies at its path.
//!
//! Between a look at a path and its removal another file may come to lie there. So
//! what is to be removed is first moved aside, which is one step, and looked at
//! there; if it is another one after all, it is moved back.

use std::fs::{self, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf, absolute};
use std::thread;
use std::time::Duration;

/// How often a socket is asked before it counts as dead, and the pause between:
/// one that was bound just now does not listen yet.
const ASKED: (usize, Duration) = (3, Duration::from_millis(10));

/// A file that was made for a socket; nothing else is removed with it.
#[derive(Debug)]
pub(crate) struct SocketFile {
    /// From the root: the working directory may be another at the end.
    path: PathBuf,
    identity: Identity,
}

/// Which file it is, whatever its name. No other file has the same numbers while the
/// socket that it was made for is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// Listens at this path. A socket that lies there and that nobody listens on is replaced.
///
/// # Errors
/// [`ErrorKind::AddrInUse`] if anything else is there, and what the system says.
pub(crate) fn bind(path: &Path) -> io::Result<(UnixListener, Option<SocketFile>)> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            match dead_socket(path) {
                Some(dead) if take_away(path, dead)? => {}
                _ => return Err(error),
            }
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    // Without a name there is nothing to remove.
    let made = absolute(path).ok().zip(Identity::of_socket(path));
    Ok((listener, made.map(|(path, identity)| SocketFile { path, identity })))
}

/// The socket at this path, if it is one that nobody listens on.
///
/// That nobody answers proves nothing by itself: a regular file, or a link to one, gives
/// the same error as a socket whose server has died.
fn dead_socket(path: &Path) -> Option<Identity> {
    let dead = Identity::of_socket(path)?;
    for attempt in 0..ASKED.0 {
        if attempt > 0 {
            thread::sleep(ASKED.1);
        }
        if !refuses(path) {
            return None;
        }
    }
    Some(dead)
}

/// Whether the socket at this path refuses connections. It is not waited for one that
/// has no room left for more: somebody has it.
fn refuses(path: &Path) -> bool {
    let ask = || {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&socket2::SockAddr::unix(path)?)
    };
    ask().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// Removes the file at this path if it is that one; says whether it was.
///
/// # Errors
/// It may not be removed, or moved.
fn take_away(path: &Path, identity: Identity) -> io::Result<bool> {
    Ok(Identity::of_socket(path) == Some(identity) && move_away(path, identity)?)
}

/// The same for what looked like it a moment ago.
fn move_away(path: &Path, identity: Identity) -> io::Result<bool> {
    let aside = path.with_file_name(format!(".purlin-{:016x}", RandomState::new().hash_one(())));
    fs::rename(path, &aside)?;
    if Identity::of_socket(&aside) == Some(identity) {
        fs::remove_file(&aside)?;
        return Ok(true);
    }
    match fs::hard_link(&aside, path) {
        Ok(()) => fs::remove_file(&aside)?,
        // A third one lies there by now, and this one keeps its new name.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        // What cannot have two names, such as a directory.
        Err(_) => fs::rename(&aside, path)?,
    }
    Ok(false)
}

impl Identity {
    fn of(file: &Metadata) -> Identity {
        Identity { device: file.dev(), inode: file.ino() }
    }

    /// That of the socket at this path; a link to a socket is none.
    fn of_socket(path: &Path) -> Option<Identity> {
        let file = fs::symlink_metadata(path).ok()?;
        file.file_type().is_socket().then(|| Identity::of(&file))
    }
}

impl Drop for SocketFile {
    /// To be dropped before the socket is closed.
    fn drop(&mut self) {
        // One that cannot be removed is replaced by whoever listens there next.
        let _ = take_away(&self.path, self.identity);
    }
}

#[cfg(test)]
mod tests;
