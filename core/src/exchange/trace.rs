//! When what happened to one request, as data; its `Display` draws a waterfall.
//! Measures nothing: the exchange is told the time and writes it down.

use crate::time::Mono;
use std::fmt;
use std::time::Duration;

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When it began.
    pub from: Mono,
    /// When it ended.
    pub to: Mono,
}

impl Stretch {
    /// How long it was.
    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }
}

/// The times of what happened to one sending of a request: what Go's `httptrace` tells
/// by hooks, as data. A redirect and a retry are sendings of their own.
///
/// ```
/// use purlin_core::exchange::{Stretch, Trace};
/// use purlin_core::Mono;
///
/// let ms = |n: u64| Mono::from_nanos(n * 1_000_000);
/// let mut trace = Trace::default();
/// trace.began = ms(0);
/// trace.dns = Some(Stretch { from: ms(0), to: ms(2) });
/// trace.connect = Some(Stretch { from: ms(2), to: ms(12) });
/// trace.connected = Some(ms(12));
/// (trace.sent, trace.head, trace.end) = (Some(ms(13)), Some(ms(40)), Some(ms(50)));
/// let drawn = trace.to_string();
/// assert!(drawn.contains("connect") && drawn.contains("10.0 ms"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// When the request was given.
    pub began: Mono,
    /// The look-up of the name.
    pub dns: Option<Stretch>,
    /// Connecting, to the one address that answered.
    pub connect: Option<Stretch>,
    /// Asking a proxy for a tunnel.
    pub tunnel: Option<Stretch>,
    /// TLS: with the server, or else with a proxy that forwards.
    pub setup: Option<Stretch>,
    /// How the keys of the connection's TLS were agreed on, as in
    /// [`TlsInfo::key_exchange`](crate::TlsInfo::key_exchange); empty without TLS.
    pub key_exchange: &'static str,
    /// When there was a connection to send on.
    pub connected: Option<Mono>,
    /// Whether that was one which had served before.
    pub reused: bool,
    /// How long it had been idle, if it was.
    pub idle: Duration,
    /// When the last byte of the request was written.
    pub sent: Option<Mono>,
    /// When the response's head had come.
    pub head: Option<Mono>,
    /// When its body had been read to the end.
    pub end: Option<Mono>,
}

/// How wide the drawing's bars may be.
const WIDTH: usize = 40;

impl Trace {
    /// The stretches there are, in order, with their names.
    pub fn stretches(&self) -> impl Iterator<Item = (&'static str, Stretch)> {
        let stretch = |from: Option<Mono>, to: Option<Mono>| {
            from.zip(to).map(|(from, to)| Stretch { from, to: to.max(from) })
        };
        let fetched = self.connected.filter(|_| self.connect.is_none());
        [
            ("pool", stretch(Some(self.began), fetched)),
            ("dns", self.dns),
            ("connect", self.connect),
            ("tunnel", self.tunnel),
            ("setup", self.setup),
            ("send", stretch(self.connected, self.sent)),
            ("wait", stretch(self.sent.or(self.connected), self.head)),
            ("receive", stretch(self.head, self.end)),
        ]
        .into_iter()
        .filter_map(|(name, stretch)| Some((name, stretch?)))
    }
}

/// A waterfall: one line for each stretch.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reused {
            write!(f, "on a kept connection, idle for {:.1} ms", millis(self.idle))?;
        } else {
            f.write_str("on a new connection")?;
        }
        if !self.key_exchange.is_empty() {
            write!(f, ", its keys by {}", self.key_exchange)?;
        }
        writeln!(f)?;
        let last = self.stretches().map(|(_, stretch)| stretch.to).max().unwrap_or(self.began);
        let whole = last.since(self.began).as_nanos().max(1);
        let column = |at: Mono| {
            let share = at.since(self.began).as_nanos() * WIDTH as u128 / whole;
            usize::try_from(share).unwrap_or(WIDTH).min(WIDTH)
        };
        for (name, stretch) in self.stretches() {
            let (from, to) = (column(stretch.from), column(stretch.to));
            let bar = (to - from).max(1);
            let start = from.min(WIDTH - 1);
            writeln!(
                f,
                "{name:<8} {:start$}{:#<bar$}{:rest$} {:>9.1} ms",
                "",
                "",
                "",
                millis(stretch.length()),
                rest = WIDTH - start - bar,
            )?;
        }
        write!(f, "{:<8} {:WIDTH$} {:>9.1} ms", "total", "", millis(last.since(self.began)))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Mono {
        Mono::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_waterfall_falls() {
        let trace = Trace {
            began: at(100),
            dns: Some(Stretch { from: at(100), to: at(110) }),
            connect: Some(Stretch { from: at(110), to: at(120) }),
            connected: Some(at(120)),
            sent: Some(at(120)),
            head: Some(at(130)),
            end: Some(at(140)),
            ..Trace::default()
        };
        let secret = Trace { key_exchange: "X25519MLKEM768", ..trace }.to_string();
        assert!(secret.starts_with("on a new connection, its keys by X25519MLKEM768\n"));
        let drawn = trace.to_string();
        assert!(drawn.starts_with("on a new connection\n"));
        let starts: Vec<_> = drawn.lines().skip(1).filter_map(|line| line.find('#')).collect();
        assert!(starts.is_sorted(), "{drawn}");
        assert_eq!(starts.len(), 5, "{drawn}");
        assert!(drawn.ends_with("40.0 ms"), "{drawn}");
        let widths: Vec<_> = drawn.lines().skip(1).map(str::len).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{drawn}");
    }

    #[test]
    fn a_trace_of_nothing_is_drawn_too() {
        assert!(Trace::default().to_string().contains("total"));
    }
}
