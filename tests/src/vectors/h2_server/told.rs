//! Which protocol is spoken where both are served, told from a client's first bytes.
//! What is then said in HTTP/2 other cases hold.

use purlin_core::config::Protocols;
use purlin_core::server::Connection;
use purlin_core::{
    Body, Event, Machine, Mono, Now, ResponseHead, ServerConfig, ServerMachine, Status,
};
use serde_json::Value;
use std::sync::Arc;

use super::super::json::{hex, items, text};
use super::super::wire::check;
use super::Feed;
use crate::rng::Rng;

/// Whether the server is what the outcome says, and answers so.
pub(super) fn outcome(case: &Value, outcome: &Value, feed: Feed) -> Result<(), String> {
    let now = Now::at(Mono::from_secs(1), 784_111_777);
    let config = ServerConfig { protocols: Protocols::Both, ..ServerConfig::default() };
    let mut machine = Connection::new(Arc::new(config), now);
    let mut rng = Rng::new(7);
    for step in items(case, "steps") {
        let octets = hex(&step["send"])?;
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let most = match feed {
                Feed::Whole => rest.len(),
                Feed::Bytes => 1,
                Feed::Random(_) => 1 + rng.below(20),
            };
            let taken = machine.receive(&rest[..most.min(rest.len())], now);
            check(taken > 0, || format!("takes no more at {rest:?}"))?;
            rest = &rest[taken..];
            while let Some(event) = machine.poll_event(now) {
                if let Event::Request { id, .. } = event {
                    let answered =
                        machine.respond(id, &ResponseHead::new(Status::OK), Body::Empty, now);
                    answered.map_err(|misuse| misuse.to_string())?;
                }
            }
        }
    }
    let mut out = Vec::new();
    machine.transmit(&mut out, usize::MAX, now);
    check(text(outcome, "conn") == "h1" && !machine.carries_many(), || "HTTP/2".to_owned())?;
    let status = out.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    let status: Option<u64> = status.and_then(|digits| digits.parse().ok());
    let is = |name: &str| items(outcome, name).iter().any(|known| known.as_u64() == status);
    check(is("h1_status") && !is("h1_not"), || format!("answered with {status:?}"))
}
