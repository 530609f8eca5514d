//! Every rule and limit that a peer can break: its status, where it stands, and its text.
//! Holds them as one table; who finds one broken knows what it means for the connection.

use crate::status::Status;
use std::fmt;
use std::io::ErrorKind;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $status:expr, $rule:literal, $text:literal;)*) => {
        /// The kinds of fault a peer can commit, each with its status and its rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])* $name,)*
            /// A byte in a target that may not stand there, such as `"`; of the others
            /// `%` stands for an escape that is none.
            ByteInTarget(u8),
        }

        impl Fault {
            /// Every fault, for tables and tests.
            pub const ALL: &'static [Fault] = &[$(Fault::$name,)* Fault::ByteInTarget(b'"')];

            /// The status a server answers with; `None` where no answer can be read.
            pub const fn status(self) -> Option<Status> {
                let code: u16 = match self {
                    $(Fault::$name => $status,)*
                    Fault::ByteInTarget(_) => 400,
                };
                if code == 0 { None } else { Some(Status::literal(code)) }
            }

            /// The section that was broken, or the limit of ours that was met.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Fault::$name => $rule,)*
                    Fault::ByteInTarget(_) => "RFC 9112 §3.2",
                }
            }

            /// Whether something took too long.
            pub const fn is_timeout(self) -> bool {
                matches!(
                    self,
                    Fault::HeadTimeout
                        | Fault::BodyTimeout
                        | Fault::WriteTimeout
                        | Fault::DrainTimeout
                        | Fault::HalfClosedTimeout
                        | Fault::FirstByteTimeout
                        | Fault::TlsTimeout
                        | Fault::ProxyTimeout
                )
            }

            /// What kind of an [`std::io::Error`] it is to who reads or writes a stream.
            pub const fn io_kind(self) -> ErrorKind {
                match self {
                    Fault::Reset => ErrorKind::ConnectionReset,
                    Fault::Truncated | Fault::NoResponse => ErrorKind::UnexpectedEof,
                    _ if self.is_timeout() => ErrorKind::TimedOut,
                    _ => ErrorKind::InvalidData,
                }
            }

            /// One line of fixed text: no byte of the peer is in it.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Fault::$name => $text,)*
                    Fault::ByteInTarget(byte) => byte_in_target(byte),
                }
            }
        }
    };
}

/// Names the byte, in fixed text: an answer repeats nothing that a peer wrote.
const fn byte_in_target(byte: u8) -> &'static str {
    match byte {
        b'"' => "the request target holds a raw \", which is written %22",
        b'<' => "the request target holds a raw <, which is written %3C",
        b'>' => "the request target holds a raw >, which is written %3E",
        b'\\' => "the path of the request target holds a raw \\, which is written %5C",
        b'`' => "the path of the request target holds a raw `, which is written %60",
        b'%' => "the path of the request target holds a % without two hexadecimal digits",
        b'#' => "the request target holds a #: a fragment is not sent",
        b'\t' => "the request target holds a tab",
        0x80.. => "the request target holds a byte above 0x7F, which is written as %XX",
        _ => "the request target holds a control character",
    }
}

faults! {
    /// Empty lines before a request beyond the few that are skipped.
    TooManyEmptyLines = 400, "RFC 9112 §2.2", "too many empty lines before the request line";
    /// A line ended by LF alone.
    BareLf = 400, "RFC 9112 §2.2", "a line ends in LF without CR";
    /// A CR that no LF follows.
    BareCr = 400, "RFC 9112 §2.2", "a CR stands without its LF";
    /// Not `method SP target SP version`.
    BadRequestLine = 400, "RFC 9112 §3", "the request line is not method, target and version with single spaces";
    /// The method is not a token.
    BadMethod = 400, "RFC 9110 §9.1", "the method is not a token";
    /// The method is longer than any that is implemented.
    MethodTooLong = 501, "RFC 9112 §3", "the method is longer than any that is implemented";
    /// `PRI` is kept for the HTTP/2 preface.
    ReservedMethod = 400, "RFC 9113 §3.4", "the method PRI is reserved for the HTTP/2 preface";
    /// The target is none of the four forms, or not the form its method needs.
    BadTarget = 400, "RFC 9112 §3.2", "the request target has none of the four forms";
    /// An absolute target with a user name in front of its host.
    UserinfoInTarget = 400, "RFC 9110 §4.2.4", "the request target names a user in front of its host";
    /// The target is longer than the limit.
    TargetTooLong = 414, "limit: target", "the request target is longer than the limit";
    /// An absolute target of a scheme that is not served here.
    WrongScheme = 421, "RFC 9110 §7.4", "this server does not serve that scheme";
    /// Text that is not `HTTP/` digit `.` digit.
    BadVersion = 400, "RFC 9112 §2.3", "the protocol version is malformed";
    /// A major version other than 1.
    UnsupportedVersion = 505, "RFC 9110 §15.6.6", "this version of HTTP is not spoken here";
    /// A name that is not a token, or no colon.
    BadFieldName = 400, "RFC 9112 §5", "a field name is not a token followed by a colon";
    /// White space between name and colon.
    SpaceBeforeColon = 400, "RFC 9112 §5.1", "white space stands between a field name and its colon";
    /// A control character in a value.
    BadFieldValue = 400, "RFC 9110 §5.5", "a field value holds a control character";
    /// A field value continued on the next line.
    ObsFold = 400, "RFC 9112 §5.2", "a field value is folded onto a second line";
    /// Head longer than the limit.
    HeadTooLarge = 431, "limit: head", "the head is longer than the limit";
    /// More fields than the limit.
    TooManyFields = 431, "limit: fields", "there are more fields than the limit";
    /// HTTP/1.1 without Host.
    MissingHost = 400, "RFC 9112 §3.2", "an HTTP/1.1 request needs a Host field";
    /// More than one Host.
    ManyHosts = 400, "RFC 9112 §3.2", "there is more than one Host field";
    /// Host is not `uri-host [ \":\" port ]`.
    BadHost = 400, "RFC 9112 §3.2", "the Host field is not a host and an optional port";
    /// Content-Length is not a number that fits.
    BadContentLength = 400, "RFC 9112 §6.3", "Content-Length is not one decimal number";
    /// Several Content-Length values.
    ManyContentLengths = 400, "RFC 9112 §6.3", "there is more than one Content-Length";
    /// Content-Length and Transfer-Encoding together.
    BothLengths = 400, "RFC 9112 §6.1", "Content-Length and Transfer-Encoding stand together";
    /// Transfer-Encoding that does not end in a single `chunked`.
    BadTransferEncoding = 400, "RFC 9112 §6.3", "Transfer-Encoding does not end in exactly one chunked";
    /// A transfer coding that is not implemented.
    UnknownTransferCoding = 501, "RFC 9112 §6.1", "that transfer coding is not implemented";
    /// Transfer-Encoding in HTTP/1.0.
    TransferEncodingInHttp10 = 400, "RFC 9112 §6.1", "HTTP/1.0 has no Transfer-Encoding";
    /// Content with TRACE or CONNECT.
    ContentNotAllowed = 400, "RFC 9110 §9.3", "this method takes no content";
    /// An Expect that is not 100-continue.
    UnknownExpectation = 417, "RFC 9110 §10.1.1", "the expectation is not 100-continue";
    /// Body longer than the limit.
    BodyTooLarge = 413, "limit: body", "the body is longer than the limit";
    /// Chunk size is not 1 to 16 hexadecimal digits.
    BadChunkSize = 400, "RFC 9112 §7.1", "a chunk size is not 1 to 16 hexadecimal digits";
    /// Chunk extension outside the grammar.
    BadChunkExtension = 400, "RFC 9112 §7.1.1", "a chunk extension is malformed";
    /// Chunk line longer than the limit, or too much overhead in all.
    ChunkOverhead = 400, "limit: chunk overhead", "there is too much chunk overhead for so little data";
    /// Chunk data is not followed by CRLF.
    BadChunkEnd = 400, "RFC 9112 §7.1", "chunk data is not followed by CRLF";
    /// Trailer section longer than the limit.
    TrailersTooLarge = 431, "limit: head", "the trailer section is longer than the limit";
    /// The head did not arrive in time.
    HeadTimeout = 408, "limit: head timeout", "the head did not arrive in time";
    /// The body came slower than the minimum rate.
    BodyTimeout = 408, "limit: body rate", "the rest of the body does not come, or comes slower than the minimum rate";
    /// The peer took bytes slower than the minimum rate.
    WriteTimeout = 0, "limit: write rate", "the peer takes bytes slower than the minimum rate";
    /// The input ended inside a message.
    Truncated = 400, "RFC 9112 §8", "the connection ended inside a message";
    /// The connection was reset.
    Reset = 0, "RFC 9112 §9.5", "the connection was reset";
    /// A rule of HTTP/2's frames, streams or messages.
    Http2Violation = 0, "RFC 9113 §5.4", "a rule of HTTP/2 was broken";
    /// More of something that costs us than HTTP/2's limits have room for.
    TooMuchAsked = 0, "limit: HTTP/2", "more was asked for over HTTP/2 than the limits allow";
    /// Exchanges did not end within the drain time of a shutdown.
    DrainTimeout = 0, "limit: drain", "the exchange did not end within the drain time";
    /// The client sends nothing more, and for long nothing went out to it either.
    HalfClosedTimeout = 0, "limit: half closed", "the client has ended its half, and no answer went out in time";
    /// Not `version SP status [SP reason]`.
    BadStatusLine = 0, "RFC 9112 §4", "the status line is not version, three digits and a reason";
    /// Framing fields of a body in an interim response.
    InterimContent = 0, "RFC 9110 §15.2", "an interim response announces a body";
    /// More interim responses, or bytes of them, than the limit.
    TooManyInterims = 0, "limit: interim responses", "there are more interim responses than the limit";
    /// 101 to a request that was not whole, or that did not ask for it.
    UnaskedUpgrade = 0, "RFC 9110 §7.8", "the server switches protocols without being asked";
    /// 101 to another protocol than the request asks for.
    UnaskedProtocol = 0, "RFC 9110 §7.8", "the server switches to a protocol that was not asked for";
    /// Bytes where no response is due.
    UnaskedBytes = 0, "RFC 9112 §9.2", "the server sent bytes that no request asked for";
    /// The connection ended before a response began.
    NoResponse = 0, "RFC 9112 §9.3.1", "the connection ended before a response came";
    /// The response did not begin in time.
    FirstByteTimeout = 0, "limit: first byte timeout", "the response did not begin in time";
    /// Plain HTTP where TLS is spoken.
    PlainHttp = 400, "RFC 9110 §4.2.2", "plain HTTP was sent where TLS is spoken";
    /// TLS where plain HTTP is spoken.
    TlsSpoken = 400, "RFC 9110 §4.2.1", "TLS was sent where plain HTTP is spoken";
    /// The TLS handshake failed, or ended before its time.
    TlsHandshake = 0, "RFC 8446 §4", "the TLS handshake failed";
    /// The TLS handshake took too long.
    TlsTimeout = 0, "limit: TLS handshake", "the TLS handshake did not end in time";
    /// What came after the handshake is not what TLS allows.
    TlsRecord = 0, "RFC 8446 §5", "what came is not what TLS allows";
    /// The peer ended TLS with an alert that tells of an error.
    TlsAlert = 0, "RFC 8446 §6.2", "the peer ended TLS with an alert";
    /// A proxy refuses to make a tunnel; `Tunnel::refusal` tells with which status or code.
    ProxyRefused = 0, "RFC 9110 §9.3.6, RFC 1928 §6", "the proxy refuses to make a tunnel";
    /// What a proxy says is not SOCKS5, or comes before it was asked.
    ProxyProtocol = 0, "RFC 1928 §3", "the proxy does not speak the protocol it should";
    /// A proxy did not make its tunnel in time.
    ProxyTimeout = 0, "limit: proxy handshake", "the proxy did not make a tunnel in time";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
