//! Requests of HTTP/2 (RFC 9113 §8.3.1, §8.5, RFC 8441): pseudo-fields to a head, and back.
//! Decides as strictly as HTTP/1 does, with its grammar of targets and hosts; answers nothing.

use super::{Gathered, Malformed, Refusal, fields, once, outgoing, pseudo_fields};
use crate::body::framing;
use crate::error::Fault;
use crate::h1::control::{ControlFields, Expects};
use crate::h2::hpack::List;
use crate::head::{Method, RequestHead, Version, names};
use crate::target::{Form, Parts, Strictness};
use crate::wire::Authority;
use crate::wire::token;
use std::borrow::Cow;

/// What a server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Requests for `http`.
    pub http: bool,
    /// Requests for `https`.
    pub https: bool,
    /// Extended CONNECT, since SETTINGS_ENABLE_CONNECT_PROTOCOL was told.
    pub extended_connect: bool,
    /// Octets of a method.
    pub method_bytes: usize,
    /// Octets of a path and query.
    pub target_bytes: usize,
}

/// A request, and what its head says of the exchange.
#[derive(Clone, Debug)]
pub struct Request {
    /// The head, with the authority as its Host field and one Cookie field at the most.
    pub head: RequestHead,
    /// How long the content is to be, if that is told.
    pub content_length: Option<u64>,
    /// The peer waits for 100 (Continue), if it sends content.
    pub expects_continue: bool,
}

/// The pseudo-fields of a request.
#[derive(Default)]
struct Pseudo<'a> {
    method: Option<&'a [u8]>,
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    protocol: Option<&'a [u8]>,
}

impl<'a> Pseudo<'a> {
    fn of(list: &'a List) -> Result<Pseudo<'a>, Malformed> {
        let mut pseudo = Pseudo::default();
        for (name, value) in pseudo_fields(list) {
            let place = match name {
                b"method" => &mut pseudo.method,
                b"scheme" => &mut pseudo.scheme,
                b"authority" => &mut pseudo.authority,
                b"path" => &mut pseudo.path,
                b"protocol" => &mut pseudo.protocol,
                _ => return Err(Malformed::Unknown),
            };
            once(place, value)?;
        }
        Ok(pseudo)
    }
}

/// What the pseudo-fields ask for.
struct Asked<'a> {
    method: Method,
    target: &'a [u8],
    parts: Parts,
    /// The port that a host of its scheme has without saying so.
    port: &'static [u8],
    protocol: Option<&'a str>,
}

/// Makes a request of a list of fields.
///
/// # Errors
/// [`Refusal`]: it is malformed, or the server does not take it.
pub fn read(list: &List, rules: Rules) -> Result<Request, Refusal> {
    let pseudo = Pseudo::of(list)?;
    let asked = asked(&pseudo, rules)?;
    if pseudo.authority.is_some_and(|authority| !is_authority(authority)) {
        return Err(Malformed::Authority.into());
    }
    // As HTTP/1 writes it, each field takes four octets more, and there may be a Host.
    let octets = list.octets() + 4 * (list.len() + 2);
    let room = octets.saturating_sub(asked.target.len());
    let text = match asked.protocol {
        None => Cow::Borrowed(asked.target),
        Some(protocol) => Cow::Owned([protocol.as_bytes(), asked.target].concat()),
    };
    let mut gathered = Gathered::behind(&text, list.len(), room);
    let is_connect = asked.parts.form == Form::Authority;
    // The target of a CONNECT is its authority, and HTTP/1 says it once more in Host.
    if let Some(authority) = pseudo.authority {
        gathered.push(names::HOST, authority)?;
    }
    let mut host = None;
    for field in fields(list) {
        match field? {
            ("host", value) => {
                once(&mut host, value).map_err(|_| Malformed::Host)?;
                match pseudo.authority {
                    Some(authority) if !is_same(authority, value, asked.port) => {
                        return Err(Malformed::Host.into());
                    }
                    Some(_) => {}
                    None if !is_authority(value) => return Err(Malformed::Authority.into()),
                    None => gathered.push(names::HOST, value)?,
                }
            }
            (name, value) => gathered.push(name, value)?,
        }
    }
    if pseudo.authority.or(host).is_none() {
        return Err(Malformed::Missing.into());
    }
    finish(asked, gathered, is_connect)
}

/// Reads what the fields say of the exchange, and makes the head.
fn finish(asked: Asked<'_>, gathered: Gathered, is_connect: bool) -> Result<Request, Refusal> {
    let fields = gathered.finish();
    let control = ControlFields::of(&fields);
    let content_length = match control.lengths.content_length {
        None => None,
        Some(_) if control.lengths.content_lengths > 1 => {
            return Err(Malformed::ContentLength.into());
        }
        // RFC 9110 §9.3.6: CONNECT has no content; §9.3.8: nor has TRACE.
        Some(_) if is_connect || asked.method == Method::TRACE => {
            return Err(Malformed::ContentLength.into());
        }
        Some(value) => Some(framing::content_length(value).map_err(|_| Malformed::ContentLength)?),
    };
    let expects_continue = match control.expects {
        Expects::Nothing => false,
        Expects::Continue => content_length != Some(0),
        Expects::Other => return Err(Refusal::Answer(Fault::UnknownExpectation)),
    };
    let start = asked.protocol.map_or(0, str::len);
    let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let target = (clip(start), clip(start + asked.target.len()));
    let head = RequestHead::from_wire(asked.method, Version::Http2, asked.parts, target, fields);
    Ok(Request { head, content_length, expects_continue })
}

/// What the pseudo-fields ask for, if they are those of one of the three kinds of requests.
fn asked<'a>(pseudo: &Pseudo<'a>, rules: Rules) -> Result<Asked<'a>, Refusal> {
    let method = pseudo.method.ok_or(Malformed::Missing)?;
    let connect = method == b"CONNECT";
    if pseudo.protocol.is_some() && !(connect && rules.extended_connect) {
        return Err(Malformed::NotHere.into());
    }
    let method = Method::from_bytes(method).map_err(|_| Malformed::Method)?;
    if method.as_str().len() > rules.method_bytes {
        return Err(Refusal::Answer(Fault::MethodTooLong));
    }
    if connect && pseudo.protocol.is_none() {
        return tunnel(method, pseudo);
    }
    let protocol = match pseudo.protocol {
        Some(_) if pseudo.authority.is_none() => return Err(Malformed::Missing.into()),
        Some(protocol) => Some(token::as_token(protocol).ok_or(Malformed::Protocol)?),
        None => None,
    };
    let port = scheme(pseudo.scheme.ok_or(Malformed::Missing)?, rules)?;
    let target = pseudo.path.ok_or(Malformed::Missing)?;
    if target.len() > rules.target_bytes {
        return Err(Refusal::Answer(Fault::TargetTooLong));
    }
    // The method says only whether `*` is a target, and that of a tunnel has a path here.
    let of = if connect { &Method::GET } else { &method };
    let parts = Parts::parse(of, target, Strictness::BUILD).map_err(|_| Malformed::Path)?;
    match parts.form {
        Form::Asterisk if connect => Err(Malformed::Path.into()),
        Form::Origin | Form::Asterisk => Ok(Asked { method, target, parts, port, protocol }),
        Form::Absolute | Form::Authority => Err(Malformed::Path.into()),
    }
}

/// A CONNECT: its authority is its target, and neither scheme nor path is there (§8.5).
fn tunnel<'a>(method: Method, pseudo: &Pseudo<'a>) -> Result<Asked<'a>, Refusal> {
    if pseudo.scheme.is_some() || pseudo.path.is_some() {
        return Err(Malformed::NotHere.into());
    }
    let target = pseudo.authority.ok_or(Malformed::Missing)?;
    let parts =
        Parts::parse(&method, target, Strictness::BUILD).map_err(|_| Malformed::Authority)?;
    let port = Authority::parse(target).and_then(|authority| authority.port).unwrap_or_default();
    if port.iter().all(|digit| *digit == b'0') {
        return Err(Malformed::Authority.into());
    }
    Ok(Asked { method, target, parts, port: b"", protocol: None })
}

/// The port that a scheme has, if the server serves it.
fn scheme(scheme: &[u8], rules: Rules) -> Result<&'static [u8], Refusal> {
    let known = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    match scheme {
        _ if rules.http && known("http") => Ok(b"80"),
        _ if rules.https && known("https") => Ok(b"443"),
        [b'a'..=b'z' | b'A'..=b'Z', rest @ ..]
            if rest.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)) =>
        {
            Err(Refusal::Answer(Fault::WrongScheme))
        }
        _ => Err(Malformed::Scheme.into()),
    }
}

/// Whether this is a host that has a name, and perhaps a port.
fn is_authority(text: &[u8]) -> bool {
    Authority::parse(text)
        .is_some_and(|authority| !authority.host.is_empty() && authority.is_named())
}

/// Whether two authorities are one, whatever is said of the port that goes without saying.
fn is_same(one: &[u8], other: &[u8], default: &[u8]) -> bool {
    let port = |authority: &Authority<'_>| match authority.port {
        None | Some(b"") => default.to_vec(),
        Some(port) => port.to_vec(),
    };
    match (Authority::parse(one), Authority::parse(other)) {
        (Some(one), Some(other)) => {
            one.host.eq_ignore_ascii_case(other.host) && port(&one) == port(&other)
        }
        _ => false,
    }
}

/// The fields of a request's block, pseudo-fields first, for a URL of this scheme.
///
/// # Errors
/// It has no authority, neither in its target nor in a Host field.
pub fn write<'a>(
    head: &'a RequestHead,
    scheme: &'a str,
) -> Result<impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)>, Malformed> {
    let authority = head.authority_bytes().ok_or(Malformed::Missing)?;
    let tunnel = head.form() == Form::Authority;
    let path = (!tunnel).then(|| path_and_query(head));
    let scheme = (!tunnel).then_some(Cow::Borrowed(scheme.as_bytes()));
    let pseudo = [
        (&b":method"[..], Some(Cow::Borrowed(head.method().as_str().as_bytes()))),
        (b":scheme", scheme),
        (b":authority", Some(Cow::Borrowed(authority))),
        (b":path", path),
        (b":protocol", head.protocol().map(|protocol| Cow::Borrowed(protocol.as_bytes()))),
    ];
    let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
    let fields = outgoing(head.fields()).filter(|(name, _)| !name.eq_ignore_ascii_case(b"host"));
    Ok(pseudo.chain(fields.map(|(name, value)| (name.into(), value.into()))))
}

/// `:path` of a head: its path and query in one.
fn path_and_query(head: &RequestHead) -> Cow<'_, [u8]> {
    if matches!(head.form(), Form::Origin | Form::Asterisk) {
        return Cow::Borrowed(head.target_bytes());
    }
    let mut path = head.path_bytes().to_vec();
    if let Some(query) = head.query_bytes() {
        path.push(b'?');
        path.extend_from_slice(query);
    }
    Cow::Owned(path)
}
