//! What benchmarks share: the clock, and a way to print.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

/// The processor time of this thread, which other programs do not add to.
#[cfg(target_os = "linux")]
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread has computed for no less than nothing")
}

/// Elsewhere the clock on the wall, since some instant.
#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_time() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// Prints a line; who stopped listening wants no more.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
