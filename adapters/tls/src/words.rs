//! What rustls says, in words for people: short, and with nothing in them that
//! the peer chose but a few names, cut and escaped.
//! Decides no kinds: see `error`.

use purlin_core::imf_fixdate;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, ExtendedKeyPurpose, PeerIncompatible};
use std::fmt;

/// So many of a peer's names are shown.
const NAMES: usize = 5;
/// So many characters of each, and of a text that somebody else made.
const LETTERS: (usize, usize) = (64, 200);

/// A key of RSA with too few bits; ring says of it only that the signature is wrong.
#[derive(Debug)]
pub(crate) struct ShortKey(pub(crate) usize);

impl fmt::Display for ShortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an RSA key of {} bits, where 2048 are the least that is trusted", self.0)
    }
}

impl std::error::Error for ShortKey {}

/// Why TLS failed.
pub(crate) fn of(cause: &Error) -> String {
    match cause {
        Error::InvalidCertificate(why) => certificate(why),
        Error::NoCertificatesPresented => "the peer has sent no certificate".into(),
        Error::AlertReceived(alert) => alert_received(*alert),
        Error::PeerIncompatible(why) => incompatible(why),
        Error::PeerMisbehaved(why) => {
            format!("the peer broke the rules of TLS: {}", apart(&format!("{why:?}")))
        }
        Error::InvalidMessage(why) => {
            format!("what the peer sent is not TLS, or broken: {}", apart(&format!("{why:?}")))
        }
        Error::InappropriateMessage { got_type, .. } => {
            let got = apart(&format!("{got_type:?}"));
            format!("the peer broke the rules of TLS: a message out of place ({got})")
        }
        Error::InappropriateHandshakeMessage { got_type, .. } => {
            let got = apart(&format!("{got_type:?}"));
            format!("the peer broke the rules of TLS: a message out of place ({got})")
        }
        Error::NoApplicationProtocol => {
            "the two sides have no protocol in common to speak inside TLS (ALPN)".into()
        }
        Error::DecryptError => "what the peer sent cannot be decrypted".into(),
        Error::EncryptError => "nothing more can be encrypted with these keys".into(),
        Error::PeerSentOversizedRecord => "the peer sent a record that is too long".into(),
        Error::UnsupportedNameType => "a server cannot be asked for by that kind of name".into(),
        Error::FailedToGetCurrentTime => "the system does not tell the time".into(),
        Error::FailedToGetRandomBytes => "the system gives no random bytes".into(),
        Error::InvalidCertRevocationList(why) => {
            format!("a list of revoked certificates cannot be used: {}", apart(&format!("{why:?}")))
        }
        Error::InvalidEncryptedClientHello(why) => {
            format!("the encrypted client hello failed: {}", apart(&format!("{why:?}")))
        }
        Error::InconsistentKeys(why) => {
            format!("the certificate and the key do not fit: {}", apart(&format!("{why:?}")))
        }
        cause => shown(&cause.to_string(), LETTERS.1),
    }
}

/// RFC 8446 §6: what the peer says is wrong, by the alert's name in the RFCs, and
/// what that means for whoever reads it.
fn alert_received(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let hint = match alert {
        A::CloseNotify => "it has closed in order",
        A::HandshakeFailure => "it takes none of the versions, ciphers and keys that are offered",
        A::BadCertificate => "our certificate, or its signature, is broken",
        A::UnsupportedCertificate => "our certificate is of a kind that it does not take",
        A::CertificateRevoked => "our certificate has been revoked",
        A::CertificateExpired => "our certificate has expired",
        A::CertificateUnknown => "it does not take our certificate",
        A::UnknownCA => "the issuer of our certificate is not among its roots",
        A::AccessDenied => "our certificate is good, and has no access",
        A::ProtocolVersion => "it does not speak our versions of TLS, 1.2 and 1.3",
        A::InsufficientSecurity => "it wants stronger ciphers than are offered",
        A::InternalError => "something failed on its side",
        A::UserCanceled => "its user has given up",
        A::UnrecognisedName => "it does not know the name that was asked for",
        A::CertificateRequired => "it wants a certificate of ours",
        A::NoApplicationProtocol => "it speaks none of the protocols that are offered (ALPN)",
        A::EncryptedClientHelloRequired => "it wants an encrypted client hello",
        A::UnexpectedMessage
        | A::BadRecordMac
        | A::DecryptionFailed
        | A::RecordOverflow
        | A::DecompressionFailure
        | A::IllegalParameter
        | A::DecodeError
        | A::DecryptError
        | A::MissingExtension
        | A::UnsupportedExtension => "it could not make sense of what was sent",
        _ => "",
    };
    let name = match alert {
        A::UnknownCA => "unknown_ca".to_owned(),
        A::UnrecognisedName => "unrecognized_name".to_owned(),
        A::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        A::EncryptedClientHelloRequired => "ech_required".to_owned(),
        A::Unknown(code) => format!("number {code}"),
        alert => apart(&format!("{alert:?}")).replace(' ', "_"),
    };
    let colon = if hint.is_empty() { "" } else { ": " };
    format!("the peer ended TLS with the alert {name}{colon}{hint}")
}

fn incompatible(why: &PeerIncompatible) -> String {
    use PeerIncompatible as P;
    let text = match why {
        P::NoCipherSuitesInCommon => "the two sides have no cipher suite in common",
        P::NoKxGroupsInCommon => "the two sides have no key exchange in common",
        P::NoSignatureSchemesInCommon | P::NoCertificateRequestSignatureSchemesInCommon => {
            "the peer takes none of the signatures that the key of our certificate can make"
        }
        P::EcPointsExtensionRequired
        | P::NoEcPointFormatsInCommon
        | P::UncompressedEcPointsRequired => {
            "the two sides have no way in common to write points of elliptic curves"
        }
        P::ExtendedMasterSecretExtensionRequired => {
            "the peer does not offer the extended master secret of TLS 1.2 (RFC 7627)"
        }
        P::KeyShareExtensionRequired
        | P::NamedGroupsExtensionRequired
        | P::SignatureAlgorithmsExtensionRequired
        | P::SupportedVersionsExtensionRequired => {
            "the peer left out an extension that TLS 1.3 needs"
        }
        P::ServerDoesNotSupportTls12Or13 => "the server speaks neither TLS 1.2 nor 1.3",
        P::Tls12NotOffered | P::Tls12NotOfferedOrEnabled => {
            "the client offers no version of TLS that is spoken here: 1.2 and 1.3"
        }
        P::ServerTlsVersionIsDisabledByOurConfig => {
            "the server speaks a version of TLS that is turned off here"
        }
        P::ServerRejectedEncryptedClientHello(_) => {
            "the server does not take the encrypted client hello"
        }
        P::NullCompressionRequired => "the client wants to compress inside TLS",
        why => {
            let why = apart(&format!("{why:?}"));
            return format!("the two sides cannot speak TLS with each other: {why}");
        }
    };
    text.into()
}

fn certificate(why: &CertificateError) -> String {
    use CertificateError as C;
    let text = match why {
        C::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            return format!("the certificate is not for {expected}, but for {}", names(presented));
        }
        C::ExpiredContext { not_after, .. } => return expired(not_after.as_secs()),
        C::NotValidYetContext { not_before, .. } => {
            return format!("the certificate is not valid before {}", date(*not_before));
        }
        C::ExpiredRevocationListContext { next_update, .. } => {
            let date = date(*next_update);
            return format!("the list of revoked certificates ended on {date}");
        }
        C::UnsupportedSignatureAlgorithmContext { signature_algorithm_id: id, .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: id, ..
        } => return signed_with(id),
        C::InvalidPurposeContext { required, .. } => match required {
            ExtendedKeyPurpose::ServerAuth => {
                "the certificate is not meant for servers (extended key usage)"
            }
            ExtendedKeyPurpose::ClientAuth => {
                "the certificate is not meant for clients (extended key usage)"
            }
            _ => "the certificate is meant for something else (extended key usage)",
        },
        C::Other(other) => match other.0.downcast_ref::<webpki::Error>() {
            Some(why) => return by_path(why),
            None => {
                return format!(
                    "the certificate cannot be used: {}",
                    shown(&other.to_string(), LETTERS.1)
                );
            }
        },
        C::BadEncoding => "the certificate is not encoded as certificates are",
        C::Expired => "the certificate has expired",
        C::NotValidYet => "the certificate is not valid yet",
        C::Revoked => "the certificate has been revoked",
        C::UnknownIssuer => "the certificate's issuer is not among the roots that are trusted",
        C::BadSignature => {
            "the certificate cannot be used: a signature on it, or made with its key, is wrong"
        }
        C::NotValidForName => "the certificate is for another name",
        C::InvalidPurpose => "the certificate is meant for something else (extended key usage)",
        C::UnknownRevocationStatus => "whether the certificate was revoked cannot be found out",
        C::ExpiredRevocationList => "the list of revoked certificates has ended",
        C::UnhandledCriticalExtension => {
            "the certificate has a critical extension that is not known"
        }
        C::InvalidOcspResponse => {
            "the word of the certificate's issuer that came with it (OCSP) is wrong"
        }
        C::ApplicationVerificationFailure => {
            "the certificate is good, and was refused all the same"
        }
        why => return format!("the certificate cannot be used: {}", apart(&format!("{why:?}"))),
    };
    text.into()
}

/// What webpki finds, and rustls has no name for.
fn by_path(why: &webpki::Error) -> String {
    use webpki::Error as W;
    let text = match why {
        W::CaUsedAsEndEntity => {
            "the certificate is an authority's (CA:TRUE), which cannot be a server's own"
        }
        W::EndEntityUsedAsCa => "the certificate's issuer is no authority (CA:FALSE)",
        W::NameConstraintViolation => {
            "the certificate is for a name that its authority may not vouch for (name constraints)"
        }
        W::PathLenConstraintViolated => {
            "the certificate has more authorities above it than the first of them allows"
        }
        W::CertDistrusted => "the certificate's authority is no longer trusted",
        W::SignatureAlgorithmMismatch => {
            "the certificate says in two places how it is signed, and they differ"
        }
        W::UnsupportedCertVersion => "the certificate is not one of X.509 version 3",
        W::UnsupportedCriticalExtension => {
            "the certificate has a critical extension that is not known"
        }
        W::MaximumNameConstraintComparisonsExceeded
        | W::MaximumPathBuildCallsExceeded
        | W::MaximumPathDepthExceeded
        | W::MaximumSignatureChecksExceeded => {
            "the certificate has so many authorities or names that it is not looked at further"
        }
        why => return format!("the certificate cannot be used: {}", apart(&format!("{why:?}"))),
    };
    text.into()
}

/// An algorithm that is not trusted, or not known, by its identifier in DER.
fn signed_with(id: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 8] = [
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], "SHA-1, which is broken"),
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], "SHA-1, which is broken"),
        (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], "SHA-1, which is broken"),
        (&[0x2b, 0x0e, 0x03, 0x02, 0x1d], "SHA-1, which is broken"),
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], "MD5, which is broken"),
        (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02], "MD2, which is broken"),
        (&[0x2b, 0x65, 0x71], "Ed448, which is not supported"),
        (&[0x2b, 0x65, 0x70], "Ed25519, which is not supported here"),
    ];
    let known = KNOWN.iter().find(|(oid, _)| id.windows(oid.len()).any(|part| part == *oid));
    let how = known.map_or("an algorithm that is not supported", |(_, how)| how);
    format!("the certificate, or one above it, is signed with {how}")
}

/// For whom a certificate is, by its own words: a few of them.
fn names(presented: &[String]) -> String {
    let bare = |name: &str| {
        // rustls gives webpki's debug form: `DnsName("a.test")`, `IpAddress(::1)`.
        let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        let inside = inside.unwrap_or(name);
        let quoted = inside.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        shown(quoted.unwrap_or(inside), LETTERS.0)
    };
    let few: Vec<String> = presented.iter().take(NAMES).map(|name| bare(name)).collect();
    match presented.len().saturating_sub(NAMES) {
        _ if few.is_empty() => "no name".into(),
        0 => few.join(", "),
        more => format!("{} and {more} more", few.join(", ")),
    }
}

/// A text of somebody else's: on one line, in ASCII, and not for long.
fn shown(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let kept: String = letters.by_ref().take(most).collect();
    let dots = if letters.next().is_some() { "..." } else { "" };
    let escaped: String = kept
        .chars()
        .map(|letter| match letter {
            ' '..='~' => letter.to_string(),
            _ => letter.escape_default().to_string(),
        })
        .collect();
    escaped + dots
}

/// `NoSuchThing(..)` as `no such thing`.
fn apart(name: &str) -> String {
    let name = name.split(['(', ' ', '{']).next().unwrap_or_default();
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// A certificate that ended at this time.
pub(crate) fn expired(not_after: u64) -> String {
    format!(
        "the certificate expired on {}",
        date(UnixTime::since_unix_epoch(std::time::Duration::from_secs(not_after)))
    )
}

fn date(time: UnixTime) -> String {
    String::from_utf8_lossy(&imf_fixdate(time.as_secs())).into_owned()
}

#[cfg(test)]
mod tests;
