#![allow(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use super::{connect_unix, try_connect_unix};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

/// A socket that nobody accepts from, with room for one or two; removed at the end.
struct Busy {
    path: PathBuf,
    socket: Socket,
}

impl Busy {
    fn new(name: &str) -> Busy {
        let path = format!("purlin-{}-{name}.sock", std::process::id());
        let path = std::env::temp_dir().join(path);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        socket.listen(1).unwrap();
        Busy { path, socket }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

#[test]
fn a_full_backlog_is_told_and_waited_for() {
    let busy = Busy::new("backlog");
    let mut waiting = Vec::new();
    while let Some(stream) = try_connect_unix(&busy.path).unwrap() {
        waiting.push(stream);
    }
    assert!(!waiting.is_empty());
    let limit = Duration::from_millis(20);
    let error = connect_unix(&busy.path, Some(limit)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let error = connect_unix(&busy.path, Some(Duration::ZERO)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let path = busy.path.clone();
    let late = std::thread::spawn(move || connect_unix(&path, None));
    busy.socket.accept().unwrap();
    assert_eq!(late.join().unwrap().unwrap().write_timeout().unwrap(), None);
}

#[test]
fn a_socket_that_nobody_has_is_refused() {
    let path = std::env::temp_dir().join(format!("purlin-{}-nobody.sock", std::process::id()));
    for error in [connect_unix(&path, None).unwrap_err(), try_connect_unix(&path).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
