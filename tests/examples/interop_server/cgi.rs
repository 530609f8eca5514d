//! A program that answers requests by RFC 3875, such as `git http-backend`.
//! The whole body is there before it runs, and all that it writes is the answer.

use crate::answers::with;
use purlin_core::{RequestHead, Response, Status};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the program `cgi/NAME` of the folder.
pub(crate) fn run<B>(
    folder: &Path,
    name: &str,
    path: &str,
    head: &RequestHead,
    body: Vec<u8>,
) -> io::Result<Response<B>> {
    let fields = head.fields();
    let mut command = Command::new(folder.join("cgi").join(name));
    command
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("SERVER_PROTOCOL", head.version().to_string())
        .env("SERVER_NAME", "127.0.0.1")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", head.method().as_str())
        .env("SCRIPT_NAME", format!("/cgi/{name}"))
        .env("PATH_INFO", format!("/{path}"))
        .env("QUERY_STRING", head.query().unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("CONTENT_TYPE", fields.get("Content-Type").unwrap_or_default());
    for field in fields.iter() {
        let name = field.name.to_uppercase().replace('-', "_");
        command.env(format!("HTTP_{name}"), field.text().unwrap_or_default());
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let input = child.stdin.take();
    let writing = std::thread::spawn(move || {
        // Who does not read it all has its reasons.
        let _ = input.map(|mut input| input.write_all(&body));
    });
    let output = child.wait_with_output()?.stdout;
    drop(writing.join());
    Ok(parse(&output))
}

fn parse<B>(output: &[u8]) -> Response<B> {
    let mut rest = output;
    let mut response = Response::new(Status::OK);
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        rest = &rest[end + 1..];
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("Status") {
            let code = value.trim().get(..3).and_then(|code| code.parse().ok());
            let status = code.and_then(Status::from_code).unwrap_or(Status::BAD_GATEWAY);
            response = response.with_status(status);
        } else if !name.eq_ignore_ascii_case("Content-Length") {
            response = with(response, name, value.trim());
        }
    }
    response.with_content(purlin_core::Content::Full(rest.to_vec().into()))
}
