import Foundation
import Synchronization

/// How much a command says on standard error besides its progress.
enum LogLevel: String, CaseIterable {
    /// What is going on, and what follows.
    case info
    /// What the user should know though the command goes on.
    case warning
    /// Nothing but why a command ends.
    case error
}

/// Standard output, and standard error one line at a time.
enum Console {
    /// Whether a person watches standard error.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// Columns of the terminal; 100 where there is none.
    static var width: Int {
        var size = winsize()
        // SAFETY: `ioctl` fills the struct that it is given.
        if unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            return Int(size.ws_col)
        }
        return ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init) ?? 100
    }

    private static let level = Mutex(LogLevel.info)

    /// Leaves out what is less important than `level`.
    static func setLevel(_ level: LogLevel) {
        Self.level.withLock { $0 = level }
    }

    /// Writes a result to standard output; a full disk or a closed pipe there ends the command.
    static func output(_ data: Data) throws {
        try FileHandle.standardOutput.write(contentsOf: data)
    }

    /// Draws on standard error, for a person who watches it.
    static func draw(_ text: String) {
        // A full disk behind standard error is no reason to end; the plain `write` would trap.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Why a command ends.
    static func error(_ message: String) {
        line("sonde: error: " + message)
    }

    /// What the user should know though the command goes on.
    static func warn(_ message: String) {
        guard level.withLock({ $0 }) != .error else { return }
        line("sonde: warning: " + message)
    }

    /// What is going on.
    static func note(_ message: String) {
        guard level.withLock({ $0 }) == .info else { return }
        line("sonde: " + message)
    }

    private static func line(_ text: String) {
        let oneLine = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        draw(oneLine + "\n")
    }
}
