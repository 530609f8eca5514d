//! The protocols that a request asks to be switched to, and whether a 101 keeps to
//! them (RFC 9110 §7.8). Whether a request asks at all is decided in `decide`.

use crate::error::Misuse;
use crate::head::{Fields, names};
use crate::wire::token;

/// The protocols that a request names in its Upgrade fields, in order.
///
/// Names have no case and versions do (RFC 9110 §7.8). A name without a version is
/// that protocol in whatever version, on either side: nothing says that it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Protocols(Option<Box<[u8]>>);

/// What a 101 says it switches to, beside what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// Nothing.
    Nothing,
    /// One or more protocols that were all asked for.
    Asked,
    /// One that was not.
    Unasked,
}

impl Protocols {
    /// Remembers those of a request, if it `asks` for any.
    pub(crate) fn of(fields: &Fields, asks: bool) -> Protocols {
        if !asks {
            return Protocols(None);
        }
        let members: Vec<&[u8]> = fields.list(names::UPGRADE).collect();
        Protocols((!members.is_empty()).then(|| members.join(&b","[..]).into()))
    }

    fn named(&self, answer: &Fields) -> Named {
        let asked = self.0.as_deref().unwrap_or_default();
        let mut named = Named::Nothing;
        for protocol in answer.list(names::UPGRADE) {
            if !token::list(asked).any(|asked| is_same(asked, protocol)) {
                return Named::Unasked;
            }
            named = Named::Asked;
        }
        named
    }

    /// Whether a server may switch with a 101 of these fields: it names what it
    /// switches to, and nothing else than what was asked for.
    ///
    /// # Errors
    /// [`Misuse::NotUpgradable`] and [`Misuse::UnaskedProtocol`].
    pub(crate) fn check(&self, answer: &Fields) -> Result<(), Misuse> {
        match self.named(answer) {
            Named::Nothing => Err(Misuse::NotUpgradable),
            Named::Asked => Ok(()),
            Named::Unasked => Err(Misuse::UnaskedProtocol),
        }
    }

    /// Whether a client takes a 101 of these fields. One that names nothing is
    /// taken: it switches to nothing else.
    pub(crate) fn admit(&self, answer: &Fields) -> bool {
        self.named(answer) != Named::Unasked
    }
}

fn is_same(one: &[u8], other: &[u8]) -> bool {
    let ((one, version), (other, other_version)) = (parted(one), parted(other));
    let same_version = match (version, other_version) {
        (Some(version), Some(other)) => version == other,
        _ => true,
    };
    one.eq_ignore_ascii_case(other) && same_version
}

/// A protocol's name and its version, if it has one.
fn parted(protocol: &[u8]) -> (&[u8], Option<&[u8]>) {
    match protocol.iter().position(|byte| *byte == b'/') {
        Some(slash) => (&protocol[..slash], Some(&protocol[slash + 1..])),
        None => (protocol, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade(lines: &[&str]) -> Fields {
        let mut fields = Fields::new();
        for line in lines {
            fields.append("Upgrade", line).unwrap();
        }
        fields
    }

    #[test]
    fn a_switch_is_to_what_was_asked_for() {
        use Named::{Asked, Nothing, Unasked};
        let tls = "TLS/1.2,TLS/1.1,TLS/1.0";
        let cases: &[(&[&str], &[&str], Named)] = &[
            (&["websocket"], &["websocket"], Asked),
            (&["websocket"], &["WebSocket"], Asked),
            (&["h2c, websocket"], &["websocket"], Asked),
            (&["h2c", "websocket"], &["websocket"], Asked),
            (&["HTTP/2.0, SHTTP/1.3 , IRC/6.9"], &["IRC/6.9"], Asked),
            // Layers of protocols are all switched to, and so all asked for.
            (&[tls], &[tls], Asked),
            (&[tls], &["TLS/1.0, HTTP/1.1"], Unasked),
            (&[tls], &["tls/1.1"], Asked),
            (&[tls], &["TLS/1.3"], Unasked),
            (&["x/A"], &["X/a"], Unasked),
            (&["TLS"], &["TLS/1.3"], Asked),
            (&["TLS/1.3"], &["TLS"], Asked),
            (&["h2c"], &["websocket"], Unasked),
            (&["web"], &["websocket"], Unasked),
            (&["websocket"], &["web"], Unasked),
            (&["h2c, websocket"], &["websocket, raw"], Unasked),
            (&["h2c, websocket"], &["websocket", "raw"], Unasked),
            (&["x"], &[], Nothing),
            (&["x"], &["", ","], Nothing),
            (&[], &["x"], Unasked),
            (&[","], &["x"], Unasked),
            (&[], &[], Nothing),
        ];
        for (asked, answer, named) in cases {
            let protocols = Protocols::of(&upgrade(asked), true);
            assert_eq!(protocols.named(&upgrade(answer)), *named, "{asked:?} {answer:?}");
        }
        // Nothing is asked for in vain, such as in HTTP/1.0.
        let vain = Protocols::of(&upgrade(&["x"]), false);
        assert_eq!(vain.named(&upgrade(&["x"])), Unasked);
    }

    #[test]
    fn servers_name_what_they_switch_to_and_clients_need_not_be_told() {
        let protocols = Protocols::of(&upgrade(&["x"]), true);
        for (answer, checked, admitted) in [
            (&["x"][..], Ok(()), true),
            (&["y"], Err(Misuse::UnaskedProtocol), false),
            (&[], Err(Misuse::NotUpgradable), true),
        ] {
            let answer = upgrade(answer);
            assert_eq!((protocols.check(&answer), protocols.admit(&answer)), (checked, admitted));
        }
    }
}
