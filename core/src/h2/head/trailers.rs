//! Trailers of HTTP/2 (RFC 9113 §8.1): fields behind the content.
//! Decides which are malformed, and leaves out what may not stand there (RFC 9110 §6.5.1).

use super::{Malformed, check, outgoing};
use crate::body::chunked;
use crate::h2::hpack::List;
use crate::head::Fields;

/// Makes trailers of a list of fields. Fields that say how a message is read, or who asks,
/// come too late behind it, and are left out as in HTTP/1.
///
/// # Errors
/// They are malformed: a pseudo-field is among them (RFC 9113 §8.1), or a field is.
pub fn read(list: &List) -> Result<Fields, Malformed> {
    let mut trailers = Fields::new();
    for item in list.iter() {
        if item.name.starts_with(b":") {
            return Err(Malformed::Unknown);
        }
        let name = check(item.name, item.value)?;
        if !chunked::is_forbidden_trailer(name) {
            trailers.push(name, item.value);
        }
    }
    Ok(trailers)
}

/// The fields of a block of trailers.
pub fn write(trailers: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> {
    outgoing(trailers)
}
