//! How a world is set up, how much it does as Go does, and what it may get wrong on purpose.

use purlin_core::exchange::ClientPolicy;
use purlin_core::policy::pool::PoolConfig;
use purlin_core::{ClientConfig, Mono};
use std::sync::Arc;
use std::time::Duration;

/// How a world is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// How requests are gone about.
    pub policy: Arc<ClientPolicy>,
    /// How a connection behaves.
    pub machine: Arc<ClientConfig>,
    /// How connections are kept.
    pub pool: PoolConfig,
    /// Dials wait for [`World::dialled`](super::World::dialled); else they succeed at once.
    pub manual_dial: bool,
    /// Where it does as Go does, and not as Purlin.
    pub ways: Vec<Way>,
    /// What it gets wrong.
    pub broken: Option<Broken>,
}

/// A way of Go's that is not Purlin's. A world that plays it takes one decision
/// otherwise; so what differs can be told from what is only wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// PUT and DELETE are not sent again when a kept connection was lost. They
    /// are idempotent (RFC 9110 §9.2.2), so they are here.
    PutOnce,
    /// Of which no byte was written is not sent again, if the connection was
    /// new. The server has not seen it, so it is here.
    FreshOnce,
    /// What was cut while it was written is not sent again. A kept connection was
    /// lost like any other, so what is idempotent is here.
    CutOnce,
    /// Who waits is given a connection that comes back without a look at it. If
    /// its server had closed it meanwhile, the request fails unless it is
    /// idempotent; here it goes to another connection.
    LendsUnseen,
    /// Of a kept connection that was lost nothing is learnt: the next one is tried,
    /// and is used for what cannot be sent again, too. Here those that have been
    /// idle for longer are given up, and the next try is made on none that was idle
    /// by then; and what cannot be sent again is not sent on those of a server
    /// that ends them behind its answers.
    LearnsNothing,
    /// What begins as no status line is an answer that is broken, on a kept
    /// connection too. Here it is what the answer before left behind, so what is
    /// idempotent goes to another connection.
    LeftIsAnswer,
    /// `http://A/` and `http://a/` have connections of their own. Hosts have no
    /// case (RFC 3986 §3.2.2), so they share them here.
    HostCase,
}

/// What a world gets wrong, to prove that it would be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// There are as many connections as are asked for.
    NoMaxPerHost,
    /// A connection is kept and used again whatever its machine says.
    UsesWhatEnded,
    /// What is idle for too long is not closed.
    NeverExpires,
    /// A connection that ended is not told the pool.
    ForgetsEnded,
    /// What a caller closes is not read to its end to save the connection.
    LeavesBodies,
    /// What failed is never sent again.
    SendsOnce,
    /// What failed is always sent again.
    SendsAgain,
}

impl Broken {
    /// All of them.
    pub const ALL: &'static [Broken] = &[
        Broken::NoMaxPerHost,
        Broken::UsesWhatEnded,
        Broken::NeverExpires,
        Broken::ForgetsEnded,
        Broken::LeavesBodies,
        Broken::SendsOnce,
        Broken::SendsAgain,
    ];
}

/// When every world begins.
pub(super) const BEGIN: Mono = Mono::from_secs(1_000);

/// How long what is left of a body that nobody reads may take, as in the adapters.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
