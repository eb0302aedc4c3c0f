import Foundation

/// What ^C and SIGTERM do: one line, exit code 1.
///
/// Whatever is written is written by renaming, so nothing is
/// half-written; a download's partial file stays for the next attempt.
enum Interruption {
    /// Takes over both signals.
    static func install() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                let line: StaticString = "\nsonde: interrupted\n"
                // SAFETY: only calls that a signal handler may make.
                unsafe write(STDERR_FILENO, line.utf8Start, line.utf8CodeUnitCount)
                _exit(1)
            }
        }
    }
}
