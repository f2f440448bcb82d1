//! Standard output that remembers whether all of it arrived.

use std::io::{self, Write};

/// Standard output. What cannot be written is told once, at the end; that nobody reads any more is no mistake.
#[derive(Debug)]
pub struct Output<W> {
    inner: W,
    failed: Option<io::Error>,
}

impl<W: Write> Output<W> {
    /// What is written goes there.
    pub fn new(inner: W) -> Self {
        Self { inner, failed: None }
    }

    /// Writes what is left, and says whether everything arrived.
    ///
    /// # Errors
    /// The first that was met, but for a closed pipe.
    pub fn finish(mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        let _ = self.noted(flushed);
        self.failed.map_or(Ok(()), Err)
    }

    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::BrokenPipe && self.failed.is_none() {
                self.failed = Some(io::Error::new(kind, error.to_string()));
            }
        })
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.noted(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails in a way.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_and_a_reader_that_went_away_is_not() {
        let end = |kind| {
            let mut output = Output::new(Failing(kind));
            let _ = writeln!(output, "line");
            let _ = writeln!(output, "another");
            output.finish()
        };
        assert_eq!(end(io::ErrorKind::StorageFull).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(end(io::ErrorKind::BrokenPipe).is_ok());
        assert!(Output::new(Vec::new()).finish().is_ok());
    }
}
