use super::*;
use rustls::{InvalidMessage, PeerMisbehaved};
use std::sync::Arc;

fn bad(why: CertificateError) -> String {
    of(&Error::InvalidCertificate(why))
}

#[test]
fn alerts_are_told_by_their_names_with_what_they_mean() {
    for (code, start) in [
        (0x28, "handshake_failure: it takes none"),
        (0x2d, "certificate_expired: our certificate"),
        (0x30, "unknown_ca: the issuer"),
        (0x46, "protocol_version: it does not speak"),
        (0x70, "unrecognized_name: it does not know"),
        (0x74, "certificate_required: it wants"),
        (0x78, "no_application_protocol: it speaks"),
        (0x14, "bad_record_mac: it could not"),
        (0xaa, "number 170"),
    ] {
        let text = of(&Error::AlertReceived(AlertDescription::from(code)));
        let start = format!("the peer ended TLS with the alert {start}");
        assert!(text.starts_with(&start), "{text}");
    }
}

#[test]
fn a_few_names_are_shown_escaped_and_cut() {
    let refused = |presented: Vec<String>| {
        let expected = rustls::pki_types::ServerName::try_from("a.test").unwrap();
        bad(CertificateError::NotValidForNameContext { expected, presented })
    };
    let start = "the certificate is not for a.test, but for ";
    let many = (0..3000).map(|at| format!("DnsName(\"n{at}.test\")")).collect();
    let few = "n0.test, n1.test, n2.test, n3.test, n4.test and 2995 more";
    assert_eq!(refused(many), format!("{start}{few}"));
    assert_eq!(refused(Vec::new()), format!("{start}no name"));
    let evil = "DnsName(\"\n\u{1b}[31mFAKE\u{202e}\u{fc}\")".to_owned();
    let escaped = "\\n\\u{1b}[31mFAKE\\u{202e}\\u{fc}";
    assert_eq!(refused(vec![evil, "IpAddress(::1)".into()]), format!("{start}{escaped}, ::1"));
    let long = format!("{start}{}...", "x".repeat(64));
    assert_eq!(refused(vec![format!("DnsName(\"{}\")", "x".repeat(5000))]), long);
}

#[test]
fn what_a_certificate_is_refused_for_is_told_in_words() {
    let sha1 = vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0];
    let context = CertificateError::UnsupportedSignatureAlgorithmContext {
        signature_algorithm_id: sha1,
        supported_algorithms: Vec::new(),
    };
    assert!(bad(context).ends_with("is signed with SHA-1, which is broken"));
    let other =
        |why: webpki::Error| bad(CertificateError::Other(rustls::OtherError(Arc::new(why))));
    assert!(other(webpki::Error::NameConstraintViolation).contains("(name constraints)"));
    assert!(other(webpki::Error::CaUsedAsEndEntity).contains("CA:TRUE"));
    assert_eq!(
        other(webpki::Error::UnsupportedNameType),
        "the certificate cannot be used: unsupported name type"
    );
    let short = CertificateError::Other(rustls::OtherError(Arc::new(ShortKey(1024))));
    assert!(bad(short).contains("an RSA key of 1024 bits"));
}

#[test]
fn nothing_has_a_debug_form_or_is_long() {
    let text = "\r\n".repeat(10_000);
    for error in [
        Error::PeerMisbehaved(PeerMisbehaved::InvalidCertCompression),
        Error::InvalidMessage(InvalidMessage::UnexpectedMessage("x")),
        Error::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(None)),
        Error::PeerIncompatible(PeerIncompatible::Tls13RequiredForQuic),
        Error::General(text.clone()),
        Error::Other(rustls::OtherError(Arc::new(std::io::Error::other(text)))),
        Error::NoApplicationProtocol,
        Error::InvalidCertificate(CertificateError::BadEncoding),
    ] {
        let told = of(&error);
        let debug = told.contains(['{', '(', '"']) && !told.contains("(ALPN)");
        let capitals = told.split(' ').any(|word| {
            word.chars().skip(1).any(char::is_lowercase)
                && word.chars().skip(1).any(char::is_uppercase)
        });
        assert!(!debug && !capitals && told.len() < 900 && !told.contains('\n'), "{told}");
    }
}
