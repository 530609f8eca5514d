//! HPACK (RFC 7541): fields as octets that refer to fields before them.
//! Holds the codec; what a field means, and which may stand in a message, it does not know.
//!
//! | module | holds |
//! |---|---|
//! | [`integer`] | numbers, and how long one may be |
//! | [`huffman`] | strings in fewer bits |
//! | [`table`] | the static and the dynamic table |
//! | [`decode`] | a block to a list of fields |
//! | [`encode`] | fields to a block |

pub mod decode;
pub mod encode;
pub mod huffman;
pub mod integer;
pub mod table;

pub use decode::{Decoded, Decoder, Limits, List};
pub use encode::Encoder;

/// What is wrong with a field block. All but one are a connection error of type
/// COMPRESSION_ERROR (RFC 9113 §4.3), since the tables of the two sides differ from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The block ends within a field.
    Truncated,
    /// An integer is longer than 5 octets, or does not fit in 32 bits (RFC 7541 §5.1).
    Integer,
    /// There is no field at an index, or it is 0 (RFC 7541 §2.3.3, §6.1).
    Index,
    /// A Huffman code ends in something else than fewer than eight ones (RFC 7541 §5.2).
    Padding,
    /// EOS is in a Huffman code (RFC 7541 §5.2).
    Eos,
    /// A table size update is beyond what was allowed (RFC 7541 §6.3).
    SizeUpdate,
    /// A table size update stands behind a field (RFC 7541 §4.2).
    LateSizeUpdate,
    /// The table had to be made smaller, and the block does not begin with that
    /// (RFC 7541 §4.2, RFC 9113 §4.3.1).
    MissingSizeUpdate,
    /// The fields are more than [`Limits::decoded`]: no error of coding, but work without end.
    TooMuch,
}

#[cfg(test)]
mod tests;
