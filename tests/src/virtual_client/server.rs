//! The server's ear: what the client wrote, read by the oracle that shares no
//! code with the core. What a server says, the script says.

use super::said::Said;
use crate::peer::request::{BodyEnd, End, Request, read_placed};

/// The field that names a request.
pub(super) const ID: &str = "x-id";

/// What one connection's server has heard.
#[derive(Debug)]
pub(super) struct Server {
    conn: usize,
    input: Vec<u8>,
    /// How many heads, and how many bodies, have been told.
    heads: usize,
    bodies: usize,
}

impl Server {
    pub(super) fn new(conn: usize) -> Server {
        Server { conn, input: Vec::new(), heads: 0, bodies: 0 }
    }

    /// The client wrote this.
    pub(super) fn hear(&mut self, bytes: &[u8], said: &mut Vec<Said>) {
        self.input.extend_from_slice(bytes);
        let conn = self.conn;
        let (requests, places, end) = read_placed(&self.input);
        for request in requests.iter().skip(self.heads) {
            let (method, target) = (request.method.clone(), request.target.clone());
            said.push(Said::Request { conn, id: id(request), method, target });
        }
        self.heads = requests.len();
        for request in requests.iter().skip(self.bodies).filter(|r| r.end == BodyEnd::Whole) {
            self.bodies += 1;
            if has_body(request) {
                let body = request.body.clone();
                said.push(Said::RequestBody { conn, id: id(request), body, cut: false });
            }
        }
        match end {
            End::Refused => said.push(Said::Malformed { conn }),
            // What follows is for whom the tunnel leads to.
            End::Tunnel => {
                let used = places.last().map_or(0, |place| place.to);
                (self.heads, self.bodies) = (0, 0);
                let rest = self.input.split_off(used);
                self.input.clear();
                if !rest.is_empty() {
                    self.hear(&rest, said);
                }
            }
            _ => {}
        }
    }

    /// The client went away.
    pub(super) fn lose(&mut self, said: &mut Vec<Said>) {
        let (requests, ..) = read_placed(&self.input);
        if let Some(request) = requests.get(self.bodies) {
            self.bodies += 1;
            let (id, body) = (id(request), request.body.clone());
            said.push(Said::RequestBody { conn: self.conn, id, body, cut: true });
        }
    }
}

fn field<'r>(request: &'r Request, name: &str) -> Option<&'r [u8]> {
    request.fields.iter().find(|(found, _)| found == name).map(|(_, value)| &value[..])
}

fn id(request: &Request) -> String {
    String::from_utf8_lossy(field(request, ID).unwrap_or_default()).into_owned()
}

fn has_body(request: &Request) -> bool {
    let length = field(request, "content-length");
    field(request, "transfer-encoding").is_some() || length.is_some_and(|length| length != b"0")
}
