//! Cargo, called by a program that cargo itself has started.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// A cargo that knows nothing of the one which runs this program: what that one says of
/// its package would have build scripts run again, and all built again that stands on them.
pub fn inner(cargo: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}
