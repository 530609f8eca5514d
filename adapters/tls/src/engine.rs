//! The one place that drives rustls: records in, plaintext out, and back.
//! Knows nothing of the machine inside, nor of time.
//!
//! It uses the unbuffered interface of rustls 0.23, because then all buffers
//! are ours: an idle connection gives them back, and bytes that came are
//! decrypted where they lie.

use crate::crypto;
use crate::names;
use crate::room::Room;
use purlin_core::TlsInfo;
use rustls::client::UnbufferedClientConnection;
use rustls::crypto::SupportedKxGroup;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{CommonState, Error, HandshakeKind, ProtocolVersion};

/// The most plaintext of one record (RFC 8446 §5.1).
pub(crate) const RECORD: usize = 16 * 1024;
/// The most that a record has beside its plaintext: header, padding byte, tag, nonce.
const OVERHEAD: usize = 64;

/// The most ciphertext that is held: a record (RFC 5246 §6.2.3), behind the
/// longest handshake message that is taken.
pub(crate) const MOST_INPUT: usize = 64 * 1024 + 18 * 1024 + 5;
/// So much is read at a time at the least.
const LEAST_READ: usize = 4096;

enum Side {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

/// One side of TLS with its buffers.
pub(crate) struct Engine {
    side: Side,
    /// Ciphertext that came and is not decrypted yet.
    pub(crate) input: Room,
    /// Ciphertext to go out.
    pub(crate) output: Room,
    /// Plaintext that came and was not taken yet.
    pub(crate) plain: Room,
    /// There may be more to decrypt than was.
    fresh: bool,
    /// The last read filled all there was: more is probably waiting.
    filled_up: bool,
    peer_closed: bool,
    server_name: Option<String>,
    failed: Option<Error>,
}

/// What a step came to.
enum Step {
    Again,
    Plain,
    /// More input is needed.
    Blocked,
    /// Data may be sent, and more input is needed.
    Open,
    PeerClosed,
    Failed(Error),
}

/// What can be done once data may be sent.
#[derive(Clone, Copy)]
enum Act<'a> {
    Nothing,
    Seal(&'a [u8]),
    SayGoodbye,
    ChangeKeys,
}

/// What came of reading on.
pub(crate) enum Ran {
    /// There is plaintext.
    Plain,
    /// There is nothing more to read.
    Blocked,
    /// The peer has ended its side (RFC 8446 §6.1).
    PeerClosed,
    /// It cannot go on; an alert may be in the output.
    Failed(Error),
}

impl Engine {
    pub(crate) fn client(side: UnbufferedClientConnection) -> Engine {
        // The client speaks first.
        Engine { fresh: true, ..Engine::of(Side::Client(side)) }
    }

    pub(crate) fn server(side: UnbufferedServerConnection) -> Engine {
        Engine::of(Side::Server(side))
    }

    fn of(side: Side) -> Engine {
        Engine {
            side,
            input: Room::default(),
            output: Room::default(),
            plain: Room::default(),
            fresh: false,
            filled_up: false,
            peer_closed: false,
            server_name: None,
            failed: None,
        }
    }

    fn state(&self) -> &CommonState {
        match &self.side {
            Side::Client(side) => side,
            Side::Server(side) => side,
        }
    }

    pub(crate) fn is_client(&self) -> bool {
        matches!(self.side, Side::Client(_))
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.state().is_handshaking()
    }

    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.state().alpn_protocol()
    }

    /// What the handshake has settled.
    pub(crate) fn info(&self) -> TlsInfo {
        let state = self.state();
        let certificates = state.peer_certificates().unwrap_or_default();
        let mut info = TlsInfo::default();
        info.version = match state.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        if let Some(suite) = state.negotiated_cipher_suite() {
            info.cipher = suite_name(&format!("{:?}", suite.suite()));
        }
        let group = state.negotiated_key_exchange_group().map(SupportedKxGroup::name);
        info.key_exchange = group.map(crypto::name_of).unwrap_or_default();
        info.alpn = self.alpn().map(<[u8]>::to_vec);
        info.server_name = self.server_name.clone();
        info.peer_certificates = certificates.iter().map(|one| one.to_vec()).collect();
        let kind = state.handshake_kind();
        info.resumed = kind == Some(HandshakeKind::Resumed);
        info.hello_retried = kind == Some(HandshakeKind::FullWithHelloRetryRequest);
        info
    }

    /// The name that this client asks for.
    pub(crate) fn asks_for(&mut self, name: Option<String>) {
        self.server_name = name;
    }

    /// Whether reading on may find something.
    pub(crate) fn has_backlog(&self) -> bool {
        self.fresh || !self.plain.is_empty()
    }

    /// Whether reading on tells something, whoever takes plaintext.
    pub(crate) fn has_news(&self) -> bool {
        self.failed.is_some() || self.peer_closed
    }

    pub(crate) fn has_room(&self) -> bool {
        self.plain.is_empty() && self.input.len() + LEAST_READ <= MOST_INPUT
    }

    /// Room for ciphertext: more than the least if the last read filled that.
    pub(crate) fn read_buf(&mut self) -> &mut [u8] {
        if !self.has_room() {
            return &mut [];
        }
        let most = MOST_INPUT - self.input.len();
        let wanted = if self.filled_up { self.input.size() * 2 } else { LEAST_READ };
        self.input.spare(wanted.clamp(LEAST_READ, most.min(2 * RECORD)))
    }

    /// So many bytes of the room hold ciphertext now.
    pub(crate) fn filled(&mut self, count: usize) {
        self.filled_up = count > 0 && count >= self.input.spare(0).len();
        self.input.filled(count);
        self.fresh |= count > 0;
    }

    /// Takes ciphertext by value, and says how much.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(MOST_INPUT.saturating_sub(self.input.len()));
        self.input.push(&bytes[..count]);
        self.fresh |= count > 0;
        count
    }

    /// Decrypts what there is, until there is plaintext or a reason to stop.
    pub(crate) fn run(&mut self) -> Ran {
        loop {
            if !self.plain.is_empty() {
                return Ran::Plain;
            }
            if std::mem::take(&mut self.peer_closed) {
                return Ran::PeerClosed;
            }
            if let Some(error) = &self.failed {
                self.fresh = false;
                return Ran::Failed(error.clone());
            }
            if !self.fresh {
                return Ran::Blocked;
            }
            match self.step(Act::Nothing) {
                Step::Blocked | Step::Open => {
                    self.fresh = false;
                    return Ran::Blocked;
                }
                // Most often a record comes alone.
                Step::Plain => self.fresh = !self.input.is_empty() || self.state().wants_write(),
                step => self.note(step),
            }
        }
    }

    /// Encrypts data of at most a record; says whether it could.
    pub(crate) fn seal(&mut self, data: &[u8]) -> bool {
        self.act(Act::Seal(data))
    }

    /// Tells the peer that nothing more is sent (RFC 8446 §6.1).
    pub(crate) fn say_goodbye(&mut self) {
        // What cannot be said any more need not be.
        let _ = self.act(Act::SayGoodbye);
    }

    /// Changes the keys of what is sent, and asks the peer to do so (RFC 8446 §4.6.3).
    pub(crate) fn change_keys(&mut self) -> bool {
        let changed = self.act(Act::ChangeKeys);
        self.fresh |= changed;
        changed
    }

    fn act(&mut self, act: Act<'_>) -> bool {
        loop {
            if self.failed.is_some() {
                return false;
            }
            match self.step(act) {
                Step::Open => return true,
                Step::Blocked => return false,
                step => self.note(step),
            }
        }
    }

    /// Keeps what a step found that its caller did not ask for.
    fn note(&mut self, step: Step) {
        match step {
            Step::PeerClosed => {
                self.peer_closed = true;
                self.fresh = true;
            }
            Step::Failed(error) => {
                // The alert waits to be told; a step beyond it would read on.
                while self.state().wants_write() {
                    self.step(Act::Nothing);
                }
                self.failed = Some(error);
                self.fresh = true;
            }
            Step::Again | Step::Plain | Step::Blocked | Step::Open => {}
        }
    }

    fn step(&mut self, act: Act<'_>) -> Step {
        let Engine { side, input, output, plain, .. } = self;
        let (used, step) = match side {
            Side::Client(side) => {
                settle(side.process_tls_records(input.bytes_mut()), output, plain, act)
            }
            Side::Server(side) => {
                let done = settle(side.process_tls_records(input.bytes_mut()), output, plain, act);
                if let Some(name) = names::take_asked() {
                    self.server_name = Some(name);
                }
                done
            }
        };
        self.input.consume(used);
        step
    }

    /// Gives back buffers that hold nothing.
    pub(crate) fn trim(&mut self) {
        self.input.trim();
        self.output.trim();
        self.plain.trim();
        self.filled_up = false;
    }

    /// Bytes of memory held in buffers.
    pub(crate) fn held(&self) -> usize {
        self.input.held() + self.output.held() + self.plain.held()
    }
}

/// Does what this state asks for; says how much input is used up, and what came of it.
fn settle<D>(
    status: UnbufferedStatus<'_, '_, D>,
    output: &mut Room,
    plain: &mut Room,
    act: Act<'_>,
) -> (usize, Step) {
    let UnbufferedStatus { mut discard, state } = status;
    let step = match state {
        Err(error) => Step::Failed(error),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => {
            let mut step = Step::Plain;
            while let Some(record) = traffic.next_record() {
                match record {
                    Ok(record) => {
                        plain.push(record.payload);
                        discard += record.discard;
                    }
                    Err(error) => step = Step::Failed(error),
                }
            }
            step
        }
        Ok(ConnectionState::EncodeTlsData(mut data)) => {
            let mut size = 0;
            loop {
                match data.encode(output.spare(size)) {
                    Ok(count) => output.filled(count),
                    Err(EncodeError::InsufficientSize(more)) => {
                        size = more.required_size;
                        continue;
                    }
                    Err(EncodeError::AlreadyEncoded) => {}
                }
                break Step::Again;
            }
        }
        Ok(ConnectionState::TransmitTlsData(data)) => {
            // It stands in the output, and leaves from there.
            data.done();
            Step::Again
        }
        Ok(ConnectionState::WriteTraffic(mut traffic)) => match act {
            Act::Nothing => Step::Open,
            Act::Seal(data) => {
                encrypt(output, data.len() + OVERHEAD, |room| traffic.encrypt(data, room))
            }
            Act::SayGoodbye => encrypt(output, OVERHEAD, |room| traffic.queue_close_notify(room)),
            Act::ChangeKeys => match traffic.refresh_traffic_keys() {
                Ok(()) => Step::Open,
                Err(_) => Step::Blocked, // TLS 1.2 has no such thing
            },
        },
        Ok(ConnectionState::PeerClosed) => Step::PeerClosed,
        // No early data is ever accepted, and nothing follows the end.
        Ok(_) => Step::Blocked,
    };
    (discard, step)
}

/// Encrypts into the output; what waits there for the same record goes first.
fn encrypt(
    output: &mut Room,
    mut size: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
) -> Step {
    loop {
        match write(output.spare(size)) {
            Ok(count) => {
                output.filled(count);
                return Step::Open;
            }
            Err(EncryptError::InsufficientSize(more)) => size = more.required_size,
            Err(EncryptError::EncryptExhausted) => return Step::Failed(Error::EncryptError),
        }
    }
}

/// `TLS13_AES_128_GCM_SHA256`, as rustls calls it, under its IANA name.
fn suite_name(name: &str) -> String {
    name.replacen("TLS13_", "TLS_", 1)
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.is_handshaking() { "handshaking" } else { "open" };
        let side = if self.is_client() { "client" } else { "server" };
        write!(f, "Engine({side}, {state})")
    }
}
