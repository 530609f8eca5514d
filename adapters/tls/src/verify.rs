//! The verifiers of rustls, with a reason where they have none: a key that is too short.
//! They decide; this only says why.

use crate::words::ShortKey;
use crate::x509;
use rustls::SignatureScheme;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError};
use std::sync::Arc;

/// The fewest bits of an RSA key whose signatures are taken.
const LEAST_BITS: usize = 2048;

/// A verifier that says why.
#[derive(Debug)]
pub(crate) struct Explaining<V: ?Sized>(pub(crate) Arc<V>);

/// A wrong signature is most often one of a key that is too short to be trusted.
fn explain<'a, 'c: 'a>(
    error: Error,
    mut chain: impl Iterator<Item = &'a CertificateDer<'c>>,
) -> Error {
    if error != Error::InvalidCertificate(CertificateError::BadSignature) {
        return error;
    }
    let bits = |one: &CertificateDer<'_>| x509::facts(one).and_then(|facts| facts.rsa_bits);
    match chain.find_map(|one| bits(one).filter(|bits| *bits < LEAST_BITS)) {
        Some(bits) => CertificateError::Other(OtherError(Arc::new(ShortKey(bits)))).into(),
        None => error,
    }
}

/// What both kinds of verifiers say of signatures, in the same words.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            leaf: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let done = self.0.verify_tls12_signature(message, leaf, signed);
            done.map_err(|error| explain(error, std::iter::once(leaf)))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            leaf: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let done = self.0.verify_tls13_signature(message, leaf, signed);
            done.map_err(|error| explain(error, std::iter::once(leaf)))
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.supported_verify_schemes()
        }

        fn requires_raw_public_keys(&self) -> bool {
            self.0.requires_raw_public_keys()
        }
    };
}

impl ServerCertVerifier for Explaining<dyn ServerCertVerifier> {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let done = self.0.verify_server_cert(leaf, others, name, ocsp, now);
        done.map_err(|error| explain(error, std::iter::once(leaf).chain(others)))
    }

    signatures!();

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.0.root_hint_subjects()
    }
}

impl ClientCertVerifier for Explaining<dyn ClientCertVerifier> {
    fn offer_client_auth(&self) -> bool {
        self.0.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let done = self.0.verify_client_cert(leaf, others, now);
        done.map_err(|error| explain(error, std::iter::once(leaf).chain(others)))
    }

    signatures!();
}
