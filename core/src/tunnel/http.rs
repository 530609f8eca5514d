//! CONNECT and its answer (RFC 9110 §9.3.6).

use super::{Destination, DestinationError, Failure, Progress, Refusal};
use crate::config::Limits;
use crate::error::Fault;
use crate::h1::response::HeadScan;
use crate::head::{Method, RequestHead, Status, names};
use crate::policy::auth;

/// What is taken of a proxy.
pub(super) const LIMITS: Limits = Limits::CLIENT;

/// The request for a tunnel.
pub(super) fn connect(destination: &Destination<'_>) -> Result<Vec<u8>, DestinationError> {
    let (host, port) = (destination.bare_host(), destination.port);
    let target =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    RequestHead::new(Method::CONNECT, &target).map_err(|_| DestinationError::Host)?;
    let mut out = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    let mut field = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    };
    // RFC 9110 §9.3.6: CONNECT has no content, so nothing frames any.
    let ours = [names::HOST, names::CONTENT_LENGTH, names::TRANSFER_ENCODING];
    for given in destination.fields.iter().filter(|given| !ours.iter().any(|name| given.is(name))) {
        field(given.name, given.value);
    }
    if !destination.fields.contains(names::PROXY_AUTHORIZATION) {
        if let Some(basic) = auth::of_url(&destination.proxy.url) {
            field(names::PROXY_AUTHORIZATION, basic.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// The answer, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Reply {
    scan: HeadScan,
    /// Bytes of interim responses so far. The whole has its time, so none come back.
    interims: usize,
}

impl Reply {
    pub(super) fn read(&mut self, input: &[u8]) -> Result<Progress, Failure> {
        let Some((head, length)) = self.scan.read(input, &LIMITS)? else {
            return Ok(Progress::Wait);
        };
        let status = head.status();
        if status.is_success() {
            // RFC 9110 §9.3.6: whatever its fields say, the tunnel begins behind the head.
            return Ok(Progress::Open(length));
        }
        if !status.is_informational() || status == Status::SWITCHING_PROTOCOLS {
            return Err(Failure { head: Some(Box::new(head)), ..Refusal::Status(status).into() });
        }
        self.interims += length;
        if self.interims > LIMITS.interim_bytes {
            return Err(Fault::TooManyInterims.into());
        }
        Ok(Progress::Say(length, Vec::new()))
    }
}
