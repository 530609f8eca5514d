//! Which certificate answers a client hello: the one for the name that was asked for.
//! Reads names out of certificates; what they are worth, nobody here judges.

use crate::error::TlsError;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

thread_local! {
    /// The name that the client hello asked for which is being answered just
    /// now: rustls 0.23 tells it to whoever chooses the certificate, and to
    /// nobody else.
    static ASKED: Cell<Option<String>> = const { Cell::new(None) };
}

/// The name that was asked for since this was last called on this thread.
pub(crate) fn take_asked() -> Option<String> {
    ASKED.take()
}

fn note_asked(hello: &ClientHello<'_>) {
    ASKED.set(hello.server_name().map(str::to_ascii_lowercase));
}

/// Chooses by name: exactly, by a wildcard for one label, or the first one.
#[derive(Debug)]
pub(crate) struct ByName {
    keys: Vec<Arc<CertifiedKey>>,
    /// In lower case; `*.example.com` stands for one label.
    names: HashMap<String, Vec<usize>>,
}

impl ByName {
    pub(crate) fn new(keys: Vec<Arc<CertifiedKey>>) -> Result<ByName, TlsError> {
        let mut names = HashMap::<String, Vec<usize>>::new();
        for (at, key) in keys.iter().enumerate() {
            for name in names_of(key)? {
                names.entry(name).or_default().push(at);
            }
        }
        Ok(ByName { keys, names })
    }

    fn choose(&self, hello: &ClientHello<'_>) -> Option<&Arc<CertifiedKey>> {
        let asked = hello.server_name().map(str::to_ascii_lowercase).unwrap_or_default();
        let wildcard = asked.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        let exact = self.names.get(&asked);
        let fits = exact.or_else(|| self.names.get(&wildcard?));
        let fits = fits.into_iter().flatten().map(|at| &self.keys[*at]);
        // Of several, the first with whose key the client can do something.
        let suits =
            |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        fits.clone().find(suits).or_else(|| fits.clone().next()).or(self.keys.first())
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        note_asked(&hello);
        self.choose(&hello).cloned()
    }
}

/// Somebody else's choice, with the name noted.
#[derive(Debug)]
pub(crate) struct Noting(pub(crate) Arc<dyn ResolvesServerCert>);

impl ResolvesServerCert for Noting {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        note_asked(&hello);
        self.0.resolve(hello)
    }
}

/// The DNS names that a certificate is for, in lower case.
fn names_of(key: &CertifiedKey) -> Result<Vec<String>, TlsError> {
    let unreadable = |cause| TlsError::setup("the certificate cannot be read").because(cause);
    let leaf = key.end_entity_cert().map_err(TlsError::from)?;
    let leaf = webpki::EndEntityCert::try_from(leaf).map_err(unreadable)?;
    Ok(leaf.valid_dns_names().map(str::to_ascii_lowercase).collect())
}
