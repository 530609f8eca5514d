use super::*;
use crate::Listener;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A folder of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("purlin-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Why nobody can listen there.
fn refused(path: &Path) -> ErrorKind {
    bind(path).unwrap_err().kind()
}

#[test]
fn only_a_socket_that_nobody_listens_on_is_replaced() {
    let folder = Folder::new();
    let at = |name| folder.at(name);
    fs::write(at("file"), "mine").unwrap();
    fs::create_dir(at("directory")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::RWXU).unwrap();
    drop(UnixListener::bind(at("dead")).unwrap());
    symlink(at("file"), at("link")).unwrap();
    symlink(at("dead"), at("link to a dead one")).unwrap();
    symlink(at("nothing"), at("link to nothing")).unwrap();
    let _datagrams = UnixDatagram::bind(at("datagrams")).unwrap();
    let _alive = UnixListener::bind(at("alive")).unwrap();
    let before = folder.names();
    for name in before.iter().filter(|name| *name != "dead") {
        assert_eq!(refused(&at(name)), ErrorKind::AddrInUse, "{name}");
    }
    assert_eq!(folder.names(), before);
    assert_eq!(fs::read_to_string(at("link")).unwrap(), "mine");
    assert!(UnixStream::connect(at("alive")).is_ok());
    let replaced = bind(&at("dead")).unwrap();
    assert!(UnixStream::connect(at("dead")).is_ok());
    assert_eq!(folder.names(), before, "nothing is left over");
    drop(replaced);
}

#[test]
fn a_listener_whose_queue_is_full_lives() {
    let folder = Folder::new();
    let path = folder.at("busy");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    socket.listen(0).unwrap();
    let _waits = UnixStream::connect(&path).unwrap();
    assert_eq!(refused(&path), ErrorKind::AddrInUse);
}

#[test]
fn the_file_goes_with_its_listener_wherever_the_process_is_by_then() {
    let folder = Folder::new();
    let (path, other) = (folder.at("own"), folder.at("other"));
    let listener = Listener::bind_unix(&path).unwrap();
    let _stays = UnixListener::bind(&other).unwrap();
    let error = Listener::bind_unix(&path).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    drop(listener);
    assert_eq!(folder.names(), ["other"]);
    let (_listener, made) = bind(&path).unwrap();
    assert!(made.as_ref().unwrap().path.is_absolute());
    assert_eq!(made.unwrap().identity, Identity::of_socket(&path).unwrap());
}

#[test]
fn what_has_come_to_lie_at_the_path_of_a_listener_stays() {
    let folder = Folder::new();
    let (path, new) = (folder.at("s"), folder.at("s.new"));
    let old = Listener::bind_unix(&path).unwrap();
    let next = Listener::bind_unix(&new).unwrap();
    fs::rename(&new, &path).unwrap();
    drop(old);
    assert!(UnixStream::connect(&path).is_ok(), "the new one's");
    drop(next);
    assert_eq!(folder.names(), ["s"], "whose name it was not");

    let third = Listener::bind_unix(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    drop(third);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn what_came_between_the_look_and_the_removal_is_moved_back() {
    let folder = Folder::new();
    let path = folder.at("s");
    let first = UnixListener::bind(&path).unwrap();
    let seen = Identity::of_socket(&path).unwrap();
    fs::rename(&path, folder.at("moved")).unwrap();
    let second = UnixListener::bind(&path).unwrap();
    assert!(!take_away(&path, seen).unwrap());
    assert!(!move_away(&path, seen).unwrap());
    assert!(UnixStream::connect(&path).is_ok());
    drop((first, second));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(!move_away(&path, seen).unwrap());
    assert!(path.is_dir());
    assert!(take_away(&folder.at("moved"), seen).unwrap());
    assert_eq!(folder.names(), ["s"]);
}
