//! Standard output that survives a closed pipe.

use std::io::{self, ErrorKind, Write};

/// A writer that drops all further output once its reader has closed the pipe, as `head` does in
/// `portcullis schema | head`.
///
/// The command still runs to its end, so that its exit code does not depend on the reader.
/// Otherwise, a command that finds errors might seem to have found none.
pub(super) struct Output<'a> {
    inner: &'a mut dyn Write,
    has_reader: bool,
}

impl<'a> Output<'a> {
    pub(super) const fn new(inner: &'a mut dyn Write) -> Self {
        Self {
            inner,
            has_reader: true,
        }
    }

    /// Treats a closed pipe as success and returns `dropped` in that case.
    fn unless_closed<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.has_reader = false;
                Ok(dropped)
            }
            result => result,
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.has_reader {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.unless_closed(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.has_reader {
            return Ok(());
        }
        let result = self.inner.flush();
        self.unless_closed(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that fails every write with this error, and counts the writes.
    struct Failing(ErrorKind, usize);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn drops_what_nobody_reads_and_reports_other_failures() {
        let mut closed = Failing(ErrorKind::BrokenPipe, 0);
        let mut output = Output::new(&mut closed);
        for _ in 0..3 {
            writeln!(output, "a").unwrap();
            output.flush().unwrap();
        }
        assert_eq!(closed.1, 1);
        let mut full = Failing(ErrorKind::StorageFull, 0);
        assert!(writeln!(Output::new(&mut full), "a").is_err());
    }
}
