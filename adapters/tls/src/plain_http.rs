//! Plain HTTP that somebody speaks to a TLS port: how to tell, and what to answer.
//! Reads no request; the first bytes are enough.

use purlin_core::imf_fixdate;

/// So many bytes tell; a TLS record's header is as long.
pub(crate) const ENOUGH: usize = 5;

/// Beginnings of request lines. No TLS record begins with a letter.
const BEGINNINGS: [&[u8; ENOUGH]; 12] = [
    b"GET /", b"GET h", b"HEAD ", b"POST ", b"PUT /", b"PUT h", b"DELET", b"OPTIO", b"PATCH",
    b"CONNE", b"TRACE", b"PRI *",
];

/// Whether the first bytes that came begin an HTTP request.
pub(crate) fn is_http(first: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| first.starts_with(*beginning))
}

const TEXT: &str = "Client sent an HTTP request to an HTTPS server.\n";

/// The answer, in Go's words; to HEAD without its content (RFC 9110 §9.3.2).
pub(crate) fn answer(first: &[u8], unix: u64) -> Vec<u8> {
    let date = imf_fixdate(unix);
    let content = if first.starts_with(b"HEAD ") { "" } else { TEXT };
    format!(
        "HTTP/1.1 400 Bad Request\r\nDate: {}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{content}",
        String::from_utf8_lossy(&date),
        TEXT.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_to_head_has_content() {
        let text = |first| String::from_utf8(answer(first, 0)).unwrap();
        assert!(text(b"GET / HTTP/1.1\r\n").ends_with(TEXT));
        assert!(text(b"HEAD / HTTP/1.1\r\n").ends_with("\r\n\r\n"));
        assert!(text(b"HEAD / HTTP/1.1\r\n").contains("\r\nContent-Length: 48\r\n"));
    }

    #[test]
    fn requests_are_told_from_records() {
        let requests: [&[u8]; 5] = [
            b"GET / HTTP/1.1\r\n",
            b"POST /a HTTP/1.1\r\n",
            b"GET http://a/ HTTP/1.1\r\n",
            b"OPTIONS * HTTP/1.1\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ];
        assert!(requests.iter().all(|request| is_http(request)));
        assert!(!is_http(&[22, 3, 1, 0, 200]), "a client hello");
        assert!(!is_http(b"GET") && !is_http(b"SSH-2.0-x"));
    }
}
