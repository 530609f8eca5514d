//! What a stream is that threads share: read by one while another writes.
//! Moves nothing itself.

/// Gives a stream [`Read`](std::io::Read) and [`Write`](std::io::Write), also by reference as a
/// `TcpStream` has them; it has `read_some`, `write_some` and `flush_all`.
macro_rules! duplex {
    ($stream:ident) => {
        impl ::std::io::Read for &$stream {
            fn read(&mut self, room: &mut [u8]) -> ::std::io::Result<usize> {
                self.read_some(room)
            }
        }

        impl ::std::io::Write for &$stream {
            fn write(&mut self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.write_some(bytes)
            }

            fn flush(&mut self) -> ::std::io::Result<()> {
                self.flush_all()
            }
        }

        impl ::std::io::Read for $stream {
            fn read(&mut self, room: &mut [u8]) -> ::std::io::Result<usize> {
                self.read_some(room)
            }
        }

        impl ::std::io::Write for $stream {
            fn write(&mut self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.write_some(bytes)
            }

            fn flush(&mut self) -> ::std::io::Result<()> {
                self.flush_all()
            }
        }

        impl ::std::fmt::Debug for $stream {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(stringify!($stream))
            }
        }
    };
}

pub(crate) use duplex;
