//! The head of a request as it goes out: the caller's fields, and what the client adds.
//! Framing and Connection are the machine's.

use super::{ClientPolicy, Error, RequestParts, Route};
use crate::head::{Fields, Method, RequestHead, names};
use crate::policy::auth;
use crate::target::Parts;
use crate::url::Url;
use std::borrow::Cow;

/// What goes along beside the caller's fields.
pub(super) struct Add {
    /// What a jar has for this URL.
    pub(super) cookies: Option<String>,
    /// Whether gzip is asked for.
    pub(super) coding: bool,
    /// Whether a Proxy-Authorization of the caller's goes to whom it is meant for.
    pub(super) to_proxy: bool,
}

/// Builds the head.
///
/// # Errors
/// The target is none that HTTP has (RFC 9112 §3.2), or a field would break the wire.
pub(super) fn build(
    parts: &RequestParts,
    policy: &ClientPolicy,
    route: &Route,
    add: Add,
) -> Result<RequestHead, Error> {
    let url = &parts.url;
    let given = &parts.fields;
    let host = given.get_bytes(names::HOST).filter(|host| !host.is_empty());
    let (target, spans) = target(&parts.method, url, route, host);
    let length: usize = given.raw().map(|(name, value)| name.len() + value.len()).sum();
    let (fields, bytes) = (given.len() + 6, length + 160);
    let method = parts.method.clone();
    let head = match spans {
        Some(spans) => RequestHead::of_parts(method, &target, spans, fields, bytes),
        None => RequestHead::with_room(method, &target, fields, bytes),
    };
    let mut head = head.map_err(|fault| Error::new(super::Cause::Target(fault)))?;
    let fields = head.fields_mut();
    // A URL's own is well formed.
    let mut plain = host.is_none();
    // RFC 9110 §7.2: Host comes first.
    match host {
        Some(host) => fields.append_known(names::HOST, host)?,
        None => fields.push(names::HOST, url.authority().as_bytes()),
    }
    let agent = given.get_bytes(names::USER_AGENT).unwrap_or(policy.user_agent.as_bytes());
    if !agent.is_empty() {
        fields.append_known(names::USER_AGENT, agent)?;
    }
    let mut jar = add.cookies;
    for field in given.iter() {
        if field.is(names::HOST) || field.is(names::USER_AGENT) {
            continue;
        }
        plain &= !names::controls(field.name);
        if !add.to_proxy && field.is(names::PROXY_AUTHORIZATION) {
            continue;
        }
        match jar.take_if(|_| field.is(names::COOKIE)) {
            // RFC 6265 §5.4: there is one Cookie field.
            Some(more) => {
                fields.append(field.name, [field.value, b"; ", more.as_bytes()].concat())?;
            }
            None => fields.append(field.name, field.value)?,
        }
    }
    if let Some(cookies) = jar {
        fields.append(names::COOKIE, cookies)?;
    }
    if add.coding {
        fields.push(names::ACCEPT_ENCODING, b"gzip");
    }
    authorize(fields, url, route)?;
    if plain {
        head.set_plain();
    }
    Ok(head)
}

/// What the URLs of the server and of a proxy that forwards say of users (RFC 7617).
fn authorize(fields: &mut Fields, url: &Url, route: &Route) -> Result<(), Error> {
    if let Some(value) = auth::of_url(url) {
        if !fields.contains(names::AUTHORIZATION) {
            fields.append(names::AUTHORIZATION, value)?;
        }
    }
    if let Some(proxy) = route.proxy().filter(|_| route.is_forwarded()) {
        if !fields.contains(names::PROXY_AUTHORIZATION) {
            if let Some(value) = auth::of_url(&proxy.url) {
                fields.append(names::PROXY_AUTHORIZATION, value)?;
            }
        }
    }
    Ok(())
}

/// The target in the form that method and way ask for (RFC 9112 §3.2), and its
/// parts where they are the URL's own.
fn target<'a>(
    method: &Method,
    url: &'a Url,
    route: &Route,
    host: Option<&[u8]>,
) -> (Cow<'a, str>, Option<Parts>) {
    if *method == Method::CONNECT {
        let authority = url.authority();
        let place = match url.port() {
            Some(_) => authority,
            None => Cow::Owned(format!("{authority}:{}", url.port_or_default())),
        };
        return (place, None);
    }
    let target = url.target();
    if route.is_forwarded() {
        // RFC 9112 §3.2: Host says what the target says; a proxy goes by the target alone.
        let host = host.and_then(|host| std::str::from_utf8(host).ok());
        let authority = host.map_or_else(|| url.authority(), Cow::Borrowed);
        let absolute = format!("{}://{authority}{target}", url.scheme());
        return (Cow::Owned(absolute), None);
    }
    let parts = Parts::of_origin(url.path().len().max(1), url.query().map(str::len));
    (target, Some(parts))
}
