//! What one side of TLS shows, and what it trusts: certificates, keys, roots.
//! Reads PEM; files are read for those who want that.

use crate::crypto::Crypto;
use crate::error::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A certificate with its chain and its private key.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<CertifiedKey>);

impl Identity {
    /// Reads a chain of certificates, one's own first, and its key, in PEM.
    /// Keys may be PKCS#8, PKCS#1 (RSA) or SEC1 (EC).
    ///
    /// # Errors
    /// [`TlsError`] says which part is wrong, or that the key is another certificate's.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Identity, TlsError> {
        Identity::from_pem_with(chain, key, &Crypto::preferred()?)
    }

    /// Reads the same, for a key that signs with this cryptography.
    ///
    /// # Errors
    /// As [`Identity::from_pem`].
    pub fn from_pem_with(chain: &[u8], key: &[u8], crypto: &Crypto) -> Result<Identity, TlsError> {
        let chain = certificates(chain, "chain")?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|cause| TlsError::pem("private key", "key", cause))?;
        let identity = CertifiedKey::from_der(chain, key, crypto.provider());
        let identity = identity.map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::setup("the private key does not belong to the certificate")
            }
            cause => TlsError::setup("the certificate or its key cannot be used").because(cause),
        })?;
        Ok(Identity(Arc::new(identity)))
    }

    /// Reads the same from two files.
    ///
    /// # Errors
    /// [`TlsError`] says which file cannot be read, or what is wrong in it.
    pub fn from_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Identity, TlsError> {
        Identity::from_pem(&read(chain.as_ref())?, &read(key.as_ref())?)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates)", self.0.cert.len())
    }
}

/// The trusted certificates: their word is taken for others'.
#[derive(Clone, Debug)]
pub struct Roots(pub(crate) RootCertStore);

impl Roots {
    /// Mozilla's roots, compiled in. They need nothing of the system, and grow
    /// old with the program.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki() -> Roots {
        Roots(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    /// The certificates in this PEM, and no others.
    ///
    /// # Errors
    /// [`TlsError`] if there are none, or if one cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Roots, TlsError> {
        Roots(RootCertStore::empty()).and_pem(pem)
    }

    /// These roots, and the certificates in this PEM.
    ///
    /// # Errors
    /// As [`Roots::from_pem`].
    pub fn and_pem(mut self, pem: &[u8]) -> Result<Roots, TlsError> {
        for root in certificates(pem, "roots")? {
            let added = self.0.add(root);
            added.map_err(|cause| TlsError::setup("a root cannot be read").because(cause))?;
        }
        Ok(self)
    }

    /// The certificates in this file, and no others.
    ///
    /// # Errors
    /// As [`Roots::from_pem`], or if the file cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Roots, TlsError> {
        Roots::from_pem(&read(path.as_ref())?)
    }
}

fn certificates(pem: &[u8], part: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|cause| TlsError::pem("certificate", part, cause))?;
    if all.is_empty() {
        return Err(TlsError::setup(format!("there is no certificate in the {part}'s PEM")));
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path)
        .map_err(|cause| TlsError::setup(format!("cannot read {}", path.display())).because(cause))
}
