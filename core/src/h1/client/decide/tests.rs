//! What a response is, case by case.

use super::*;
use Answer::{Final, Interim, Upgrade};

const GET: Asked = Asked { sent: Sent::None, ..Asked::NOTHING };
const HEAD: Asked = Asked { head: true, ..GET };
const CONNECT: Asked = Asked { connect: true, ..GET };
const UPGRADES: Asked = Asked { upgrade: true, ..GET };

fn decide(asked: &Asked, version: Version, code: u16, fields: &str) -> Result<Answer, Fault> {
    let mut head =
        ResponseHead::from_wire(Status::from_code(code).unwrap(), version, b"", Default::default());
    for (name, value) in fields.split('|').filter_map(|line| line.split_once(": ")) {
        head.fields_mut().append(name, value).unwrap();
    }
    response(asked, &head, true)
}

#[test]
fn every_row_holds() {
    use Version::{Http10, Http11};
    let length = "Content-Length: 5";
    let both = "Content-Length: 5|Transfer-Encoding: chunked";
    let closes = |reason| Err(reason);
    for (asked, version, code, fields, answer) in [
        (GET, Http11, 200, length, Ok(Final(Framing::Length(5), Ok(())))),
        (GET, Http11, 700, length, Ok(Final(Framing::Length(5), Ok(())))),
        (GET, Http11, 205, length, Ok(Final(Framing::Length(5), Ok(())))),
        (GET, Http11, 200, "", Ok(Final(Framing::UntilClose, closes(CloseReason::CloseDelimited)))),
        (GET, Http11, 200, both, Err(Fault::BothLengths)),
        (GET, Http11, 204, length, Ok(Final(Framing::None, Ok(())))),
        (
            GET,
            Http11,
            304,
            both,
            Ok(Final(Framing::None, closes(CloseReason::Fault(Fault::BothLengths)))),
        ),
        (GET, Http11, 204, "Content-Length: x", Err(Fault::BadContentLength)),
        (HEAD, Http11, 200, "", Ok(Final(Framing::None, Ok(())))),
        (HEAD, Http11, 200, "Content-Length: 5|Content-Length: 6", Err(Fault::ManyContentLengths)),
        (HEAD, Http10, 200, "", Ok(Final(Framing::None, closes(CloseReason::Http10)))),
        (
            HEAD,
            Http11,
            200,
            "Connection: close",
            Ok(Final(Framing::None, closes(CloseReason::PeerAsked))),
        ),
        (
            GET,
            Http10,
            200,
            "Content-Length: 5|Connection: keep-alive",
            Ok(Final(Framing::Length(5), Ok(()))),
        ),
        (CONNECT, Http11, 200, both, Ok(Upgrade)),
        (CONNECT, Http10, 200, "", Ok(Upgrade)),
        (CONNECT, Http11, 407, length, Ok(Final(Framing::Length(5), Ok(())))),
        (GET, Http11, 100, "", Ok(Interim)),
        (GET, Http11, 103, "Content-Length: 0", Ok(Interim)),
        (GET, Http11, 103, length, Err(Fault::InterimContent)),
        (GET, Http11, 100, "Transfer-Encoding: chunked", Err(Fault::InterimContent)),
        (GET, Http11, 101, "", Err(Fault::UnaskedUpgrade)),
        (UPGRADES, Http11, 101, "Upgrade: raw", Ok(Upgrade)),
        (UPGRADES, Http10, 101, "Upgrade: raw", Err(Fault::UnaskedUpgrade)),
        (UPGRADES, Http11, 101, length, Err(Fault::InterimContent)),
        (UPGRADES, Http11, 200, length, Ok(Final(Framing::Length(5), Ok(())))),
    ] {
        assert_eq!(decide(&asked, version, code, fields), answer, "{version} {code} {fields}");
    }
}
