import Foundation

/// What this process has taken of the machine's memory.
enum ProcessMemory {
    /// Largest resident size so far, in bytes; 0 where the system does not tell.
    ///
    /// `/proc` rather than `getrusage`, which also counts what this process replaced with `exec`.
    static var peakByteCount: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
        else { return 0 }
        return (Int(kibibytes) ?? 0) * 1024
    }
}
