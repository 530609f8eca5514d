//! The cryptography that TLS is spoken with, as a value.
//! Implements none of it: a provider of rustls does.

use crate::error::TlsError;
use rustls::crypto::CryptoProvider;
use rustls::server::ProducesTickets;
use std::fmt;
use std::sync::Arc;

/// A provider of cryptography: cipher suites, key exchange, signatures, random numbers.
///
/// Nobody has to choose one. Without a choice it is `aws-lc-rs` if the feature of
/// that name is on, else `ring`, else what the process has installed as rustls'
/// default. Features only add: two crates that disagree get both, and each may choose.
///
/// ```
/// # #[cfg(all(feature = "ring", feature = "webpki-roots"))] {
/// use purlin_tls::{ClientTls, Crypto, Roots};
/// let tls = ClientTls::with_crypto(Roots::webpki(), &Crypto::ring())?;
/// # let _ = tls;
/// # }
/// # Ok::<(), purlin_tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct Crypto {
    provider: Arc<CryptoProvider>,
    ticketer: Option<MakeTicketer>,
}

type MakeTicketer = fn() -> Result<Arc<dyn ProducesTickets>, rustls::Error>;

impl Crypto {
    /// The cryptography of the crate `ring`.
    #[cfg(feature = "ring")]
    pub fn ring() -> Crypto {
        Crypto {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            ticketer: Some(rustls::crypto::ring::Ticketer::new),
        }
    }

    /// The cryptography of the crate `aws-lc-rs`. Its first choice of a key
    /// exchange is the hybrid X25519MLKEM768 (RFC 10024), which an attacker who
    /// records today cannot undo with a quantum computer later.
    #[cfg(feature = "aws-lc-rs")]
    pub fn aws_lc_rs() -> Crypto {
        Crypto {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            ticketer: Some(rustls::crypto::aws_lc_rs::Ticketer::new),
        }
    }

    /// A provider of rustls 0.23, perhaps with other suites or another order of
    /// key exchanges. A server with it keeps sessions itself, rather than in tickets.
    pub fn from_rustls(provider: Arc<CryptoProvider>) -> Crypto {
        Crypto { provider, ticketer: None }
    }

    /// The one that is used where none is chosen.
    ///
    /// # Errors
    /// [`TlsError`] if neither feature is on and the process has installed none.
    pub fn preferred() -> Result<Crypto, TlsError> {
        let built_in: [Option<fn() -> Crypto>; 2] = [
            #[cfg(feature = "aws-lc-rs")]
            Some(Crypto::aws_lc_rs),
            #[cfg(not(feature = "aws-lc-rs"))]
            None,
            #[cfg(feature = "ring")]
            Some(Crypto::ring),
            #[cfg(not(feature = "ring"))]
            None,
        ];
        if let Some(make) = built_in.into_iter().flatten().next() {
            return Ok(make());
        }
        let installed = CryptoProvider::get_default().cloned().map(Crypto::from_rustls);
        installed.ok_or_else(|| {
            TlsError::setup(
                "there is no cryptography: turn on the feature `ring` or `aws-lc-rs`, or give a `Crypto`",
            )
        })
    }

    /// The names of the key exchanges that it offers, the preferred first, as IANA has them.
    ///
    /// ```
    /// # #[cfg(feature = "ring")] {
    /// assert_eq!(purlin_tls::Crypto::ring().key_exchanges()[0], "X25519");
    /// # }
    /// ```
    pub fn key_exchanges(&self) -> Vec<&'static str> {
        self.provider.kx_groups.iter().map(|group| name_of(group.name())).collect()
    }

    pub(crate) fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// What makes a server's session tickets, under a key that changes.
    pub(crate) fn ticketer(&self) -> Result<Option<Arc<dyn ProducesTickets>>, TlsError> {
        Ok(self.ticketer.map(|make| make()).transpose()?)
    }
}

/// A group by its IANA name; `""` for one that has none here.
pub(crate) fn name_of(group: rustls::NamedGroup) -> &'static str {
    use rustls::NamedGroup as Group;
    match group {
        Group::secp256r1 => "secp256r1",
        Group::secp384r1 => "secp384r1",
        Group::secp521r1 => "secp521r1",
        Group::X25519 => "X25519",
        Group::X448 => "X448",
        Group::X25519MLKEM768 => "X25519MLKEM768",
        Group::secp256r1MLKEM768 => "SecP256r1MLKEM768",
        Group::MLKEM512 => "MLKEM512",
        Group::MLKEM768 => "MLKEM768",
        Group::MLKEM1024 => "MLKEM1024",
        Group::FFDHE2048 => "ffdhe2048",
        Group::FFDHE3072 => "ffdhe3072",
        Group::FFDHE4096 => "ffdhe4096",
        Group::FFDHE6144 => "ffdhe6144",
        Group::FFDHE8192 => "ffdhe8192",
        _ => "",
    }
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crypto({})", self.key_exchanges().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn what_resists_quantum_computers_comes_first_and_is_preferred() {
        for crypto in [Crypto::aws_lc_rs(), Crypto::preferred().unwrap()] {
            assert_eq!(crypto.key_exchanges()[0], "X25519MLKEM768");
        }
    }

    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    #[test]
    fn ring_is_used_where_it_is_alone() {
        assert_eq!(Crypto::preferred().unwrap().key_exchanges()[0], "X25519");
    }

    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    #[test]
    fn a_provider_of_ones_own_brings_its_own_order() {
        let mut provider = CryptoProvider::clone(Crypto::preferred().unwrap().provider());
        provider.kx_groups.retain(|group| group.name() == rustls::NamedGroup::secp384r1);
        let crypto = Crypto::from_rustls(Arc::new(provider));
        assert_eq!(crypto.key_exchanges(), ["secp384r1"]);
        assert!(crypto.ticketer().unwrap().is_none());
    }
}
