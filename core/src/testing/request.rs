//! Requests that come from no peer.
//! Builds them; a mistake in one is the test's, and panics.

use crate::error::Fault;
use crate::head::{Fields, Method, RequestHead, names};
use crate::in_memory::InMemory;
use crate::machine::BodyLength;
use crate::message::{Request, Values};
use crate::observe::{Address, Peer};
use bytes::Bytes;
use std::any::Any;
use std::net::SocketAddr;

/// Who a request is for unless its target or its fields say so, as in Go's `httptest`.
const HOST: &str = "example.com";

/// A request for a handler under test.
///
/// It is as the handler would get it from a connection: of HTTP/1.1, with a
/// Host, and with a field that tells of its body. Its peer is
/// [`Address::Memory`] at both ends until [`TestRequest::remote`] says otherwise.
///
/// ```
/// use purlin_core::Method;
/// use purlin_core::testing::TestRequest;
///
/// let request = TestRequest::new(Method::PUT, "/items/7")
///     .field("Content-Type", "application/json")
///     .body(r#"{"a":1}"#)
///     .value(42_u32);
/// assert_eq!(request.head().fields().get("host"), Some("example.com"));
/// ```
#[must_use = "a request does nothing until a handler answers it"]
#[derive(Clone, Debug)]
pub struct TestRequest {
    head: RequestHead,
    body: Vec<Bytes>,
    length: BodyLength,
    trailers: Option<Fields>,
    cut: bool,
    peer: Peer,
    values: Values,
}

/// `GET` for this target.
///
/// # Panics
/// As [`TestRequest::new`].
///
/// ```
/// let request = purlin_core::testing::get("/hello?name=Ada");
/// assert_eq!(request.head().path(), "/hello");
/// ```
#[track_caller]
pub fn get(target: &str) -> TestRequest {
    TestRequest::new(Method::GET, target)
}

/// `POST` to this target, with this body.
///
/// # Panics
/// As [`TestRequest::new`].
///
/// ```
/// let request = purlin_core::testing::post("/items", "three");
/// # let _ = request;
/// ```
#[track_caller]
pub fn post(target: &str, body: impl Into<Bytes>) -> TestRequest {
    TestRequest::new(Method::POST, target).body(body)
}

impl TestRequest {
    /// A request without a body.
    ///
    /// # Panics
    /// The target has none of the forms that the method takes (RFC 9112 §3.2).
    ///
    /// ```
    /// use purlin_core::{Method, testing::TestRequest};
    /// let request = TestRequest::new(Method::DELETE, "http://a.test/items/7");
    /// assert_eq!(request.head().authority(), Some("a.test"));
    /// ```
    #[track_caller]
    pub fn new(method: Method, target: &str) -> TestRequest {
        let mut head = match RequestHead::new(method, target) {
            Ok(head) => head,
            Err(fault) => panic!("`{target}`: {fault}"),
        };
        let host = head.target_authority().unwrap_or(HOST).to_owned();
        head.fields_mut().push(names::HOST, host.as_bytes());
        TestRequest::of(head, Vec::new(), BodyLength::Empty, None)
    }

    pub(super) fn of(
        head: RequestHead,
        body: Vec<Bytes>,
        length: BodyLength,
        trailers: Option<Fields>,
    ) -> TestRequest {
        let peer = Peer { number: 1, remote: Address::Memory, local: Address::Memory };
        let values = Values::default();
        TestRequest { head, body, length, trailers, cut: false, peer, values }
    }

    /// The head.
    pub fn head(&self) -> &RequestHead {
        &self.head
    }

    /// The head, to change it.
    pub fn head_mut(&mut self) -> &mut RequestHead {
        &mut self.head
    }

    /// This request with one field more; a Host replaces the one there is.
    ///
    /// # Panics
    /// The field would break the wire.
    #[track_caller]
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> TestRequest {
        if name.eq_ignore_ascii_case(names::HOST) {
            self.head.fields_mut().remove(names::HOST);
        }
        if let Err(invalid) = self.head.fields_mut().append(name, value) {
            panic!("{name}: {invalid}");
        }
        self
    }

    /// This request with this body, its length told.
    pub fn body(mut self, body: impl Into<Bytes>) -> TestRequest {
        let body = body.into();
        self.length = match body.len() {
            0 => BodyLength::Empty,
            bytes => BodyLength::Known(bytes as u64),
        };
        self.body = vec![body];
        self
    }

    /// This request with a body in these pieces, its length not told.
    ///
    /// ```
    /// use purlin_core::{Method, testing::TestRequest};
    /// let request = TestRequest::new(Method::POST, "/log").pieces(["one\n", "two\n"]);
    /// # let _ = request;
    /// ```
    pub fn pieces(mut self, pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> TestRequest {
        self.length = BodyLength::Unknown;
        self.body = pieces.into_iter().map(Into::into).collect();
        self
    }

    /// This request with these trailers; its body's length is not told then.
    pub fn trailers(mut self, trailers: Fields) -> TestRequest {
        self.length = BodyLength::Unknown;
        self.trailers = Some(trailers);
        self
    }

    /// This request with a body that does not come to its end: reading on behind
    /// what there is of it fails with [`Fault::Truncated`].
    pub fn cut(mut self) -> TestRequest {
        if self.length == BodyLength::Empty {
            self.length = BodyLength::Unknown;
        }
        self.cut = true;
        self
    }

    /// This request from this address.
    pub fn remote(mut self, address: SocketAddr) -> TestRequest {
        self.peer.remote = Address::Tcp(address);
        self
    }

    /// This request from this peer.
    pub fn peer(mut self, peer: Peer) -> TestRequest {
        self.peer = peer;
        self
    }

    /// This request with a value that the handler finds by its type.
    pub fn value<T: Any + Send + Sync>(mut self, value: T) -> TestRequest {
        self.values = self.values.with(value);
        self
    }

    /// The exchange of this request and the values it comes with: what an
    /// adapter has its handler answer. Its whole body is there, and there is
    /// room for any answer.
    pub fn begin(mut self) -> (InMemory, Values) {
        self.tell_length();
        let values = self.values.with(self.peer);
        let mut direct = InMemory::new(self.head, self.length).with_unlimited_room();
        self.body.into_iter().for_each(|piece| direct.supply(piece));
        match self.cut {
            true => direct.cut(Fault::Truncated),
            false => direct.supply_end(self.trailers),
        }
        (direct, values)
    }

    /// The request as a value, for what takes one without being a handler; `body`
    /// makes a body of its bytes and trailers.
    pub fn into_request<B>(mut self, body: impl FnOnce(Bytes, Option<Fields>) -> B) -> Request<B> {
        self.tell_length();
        let bytes = Bytes::from(self.body.concat());
        let values = self.values.with(self.peer);
        Request::new(self.head, self.length, body(bytes, self.trailers)).with_values(values)
    }

    /// Has the head tell of the body what a peer's would.
    fn tell_length(&mut self) {
        let fields = self.head.fields_mut();
        if fields.contains(names::CONTENT_LENGTH) || fields.contains(names::TRANSFER_ENCODING) {
            return;
        }
        match self.length {
            BodyLength::Empty => {}
            BodyLength::Known(length) => {
                fields.push(names::CONTENT_LENGTH, length.to_string().as_bytes());
            }
            BodyLength::Unknown => fields.push(names::TRANSFER_ENCODING, b"chunked"),
        }
    }
}
