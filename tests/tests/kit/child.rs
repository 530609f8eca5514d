//! This test again, as a process of its own: with other descriptors, or fewer.
//! Starts it and talks to it; what it does there, the test says.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Set in the process that is a child.
const MARK: &str = "PURLIN_TEST_CHILD";

/// Whether this process is the child.
pub(crate) fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// A child, ended when dropped.
pub(crate) struct Again {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Again {
    /// Runs this test again behind some shell, with these as its input and its errors.
    pub(crate) fn start(
        test: &str,
        shell: &str,
        input: impl Into<Stdio>,
        errors: impl Into<Stdio>,
    ) -> Again {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell} exec \"$0\" \"$@\"")]);
        command.arg(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(MARK, "1");
        command.stdin(input).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Again { child, output }
    }

    /// Its number, as the system knows it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What follows this word in the next line that has it.
    pub(crate) fn said(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it ended without {word}");
            if let Some((_, said)) = line.split_once(word) {
                return said.trim().to_owned();
            }
        }
    }

    pub(crate) fn address(&mut self) -> SocketAddr {
        self.said("address ").parse().unwrap()
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
