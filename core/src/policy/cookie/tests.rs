//! Tables of cases; the vectors of the kind `cookies_parse` hold the rest.

use super::*;

#[test]
fn dates_are_read_as_rfc_6265_says() {
    const NOV: i64 = 2_015_190_760;
    for (text, unix) in [
        ("Wed, 09 Nov 2033 23:12:40 GMT", Some(NOV)),
        ("Wednesday, 09-Nov-33 23:12:40 GMT", Some(NOV)),
        ("Wed Nov  9 23:12:40 2033", Some(NOV)),
        ("wed, 9 nov 2033 23:12:40 +0100", Some(NOV)),
        ("2033 November 09 23:12:40", Some(NOV)),
        ("09 2033 November 23:12:40", Some(NOV)),
        ("23:12:40x 9th NOVELTY 2033y", Some(NOV)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("01 Jan 70 0:0:0", Some(0)),
        ("31 Dec 69 23:59:59", Some(3_155_759_999)),
        ("Mon, 01 Jan 1601 00:00:00 GMT", Some(-11_644_473_600)),
        ("31 Dec 1600 23:59:59", None),
        ("29 Feb 2032 00:00:00", Some(1_961_625_600)),
        ("29 Feb 2033 00:00:00", None),
        ("31 Feb 2033 23:12:40", None),
        ("00 Nov 2033 23:12:40", None),
        ("09 Nov 2033 24:00:00", None),
        ("09 Nov 2033 23:60:00", None),
        ("09 Nov 2033 23:00:60", None),
        ("09 Nov 2033 23:12", None),
        ("09 Nov 20333 23:12:40", None),
        ("09 Now 2033 23:12:40", None),
        ("", None),
    ] {
        assert_eq!(date::parse(text.as_bytes()), unix, "{text}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let all = Cookie::new("n", "a b")
        .with_path("/x")
        .with_domain("a.test")
        .with_expires(-1)
        .with_max_age(Duration::ZERO)
        .with_secure()
        .with_http_only()
        .with_same_site(SameSite::Strict)
        .with_partitioned();
    assert_eq!(all.check(), Ok(()));
    let line = all.to_line().unwrap();
    let date = "Wed, 31 Dec 1969 23:59:59 GMT";
    assert_eq!(
        line,
        format!(
            "n=\"a b\"; Path=/x; Domain=a.test; Expires={date}; Max-Age=0; HttpOnly; Secure; \
             SameSite=Strict; Partitioned"
        )
    );
    let read = Cookie { quoted: true, raw_expires: Some(date.to_owned()), ..all };
    assert_eq!(Cookie::parse(line), Ok(read));
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(Cookie::parse("a").unwrap_err().to_string(), "a cookie has no `=`");
    let wrong = Cookie::new("a b", "").check().unwrap_err();
    assert_eq!(wrong.to_string(), "a cookie's name is not a token");
}
