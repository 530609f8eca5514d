//! SOCKS5 (RFC 1928) with user and password (RFC 1929). Names are looked up by the proxy.

use super::{Destination, DestinationError, Failure, Progress, Refusal};
use crate::error::Fault;
use std::fmt;
use std::net::IpAddr;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xFF;
/// The version of the talk about user and password.
const PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;

/// The talk with the proxy, as far as it has come.
pub(super) struct Dialogue {
    awaits: Awaits,
    /// What tells user and password; empty if there are none.
    login: Vec<u8>,
    /// What asks for the tunnel.
    connect: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    Method,
    Login,
    Reply,
}

/// User and password are not shown.
impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialogue({:?})", self.awaits)
    }
}

impl Dialogue {
    /// The talk, and its first words.
    pub(super) fn new(
        destination: &Destination<'_>,
    ) -> Result<(Dialogue, Vec<u8>), DestinationError> {
        let (login, connect) = (login(destination)?, connect(destination)?);
        let greeting = if login.is_empty() {
            vec![VERSION, 1, NO_AUTHENTICATION]
        } else {
            vec![VERSION, 2, NO_AUTHENTICATION, PASSWORD]
        };
        Ok((Dialogue { awaits: Awaits::Method, login, connect }, greeting))
    }

    pub(super) fn read(&mut self, input: &[u8]) -> Result<Progress, Failure> {
        match self.awaits {
            Awaits::Method => self.method(input),
            Awaits::Login => self.logged_in(input),
            Awaits::Reply => reply(input),
        }
    }

    /// `VER METHOD`
    fn method(&mut self, input: &[u8]) -> Result<Progress, Failure> {
        expect(input, VERSION)?;
        let words = match input.get(1) {
            None => return Ok(Progress::Wait),
            Some(&NO_AUTHENTICATION) => {
                self.awaits = Awaits::Reply;
                std::mem::take(&mut self.connect)
            }
            Some(&PASSWORD) if !self.login.is_empty() => {
                self.awaits = Awaits::Login;
                std::mem::take(&mut self.login)
            }
            Some(&NONE_ACCEPTABLE) => return Err(Refusal::Method.into()),
            Some(_) => return Err(Fault::ProxyProtocol.into()),
        };
        Ok(Progress::Say(2, words))
    }

    /// `VER STATUS`
    fn logged_in(&mut self, input: &[u8]) -> Result<Progress, Failure> {
        expect(input, PASSWORD_VERSION)?;
        match input.get(1) {
            None => Ok(Progress::Wait),
            Some(0) => {
                self.awaits = Awaits::Reply;
                Ok(Progress::Say(2, std::mem::take(&mut self.connect)))
            }
            Some(_) => Err(Refusal::Credentials.into()),
        }
    }
}

/// `VER REP RSV ATYP BND.ADDR BND.PORT`
fn reply(input: &[u8]) -> Result<Progress, Failure> {
    expect(input, VERSION)?;
    match input.get(1) {
        Some(0) | None => {}
        Some(code) => return Err(Refusal::Reply(*code).into()),
    }
    let address = match (input.get(3), input.get(4)) {
        (None, _) | (Some(3), None) => return Ok(Progress::Wait),
        (Some(1), _) => 4,
        (Some(4), _) => 16,
        (Some(3), Some(length)) => 1 + usize::from(*length),
        (Some(_), _) => return Err(Fault::ProxyProtocol.into()),
    };
    let length = 4 + address + 2;
    Ok(if input.len() < length { Progress::Wait } else { Progress::Open(length) })
}

fn expect(input: &[u8], version: u8) -> Result<(), Failure> {
    match input.first() {
        Some(first) if *first != version => Err(Fault::ProxyProtocol.into()),
        _ => Ok(()),
    }
}

/// `VER ULEN UNAME PLEN PASSWD`
fn login(destination: &Destination<'_>) -> Result<Vec<u8>, DestinationError> {
    let user = destination.proxy.url.user().unwrap_or_default();
    if user.is_empty() {
        return Ok(Vec::new());
    }
    let password = destination.proxy.url.password().unwrap_or_default();
    let mut words = vec![PASSWORD_VERSION];
    for text in [user, password] {
        words.push(u8::try_from(text.len()).map_err(|_| DestinationError::Credentials)?);
        words.extend_from_slice(&text);
    }
    Ok(words)
}

/// `VER CMD RSV ATYP DST.ADDR DST.PORT`
fn connect(destination: &Destination<'_>) -> Result<Vec<u8>, DestinationError> {
    let host = destination.bare_host();
    let mut words = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            words.push(1);
            words.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            words.push(4);
            words.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len()).ok().filter(|length| *length > 0);
            words.extend_from_slice(&[3, length.ok_or(DestinationError::Host)?]);
            words.extend_from_slice(host.as_bytes());
        }
    }
    words.extend_from_slice(&destination.port.to_be_bytes());
    Ok(words)
}
