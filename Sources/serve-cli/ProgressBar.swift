import Foundation
import Synchronization

/// A bar on standard error, drawn only where a person watches.
final class ProgressBar: Sendable {
    private struct State {
        var drawnPercent = -1
        var lastDrawn = ContinuousClock.now
    }

    private let title: String
    private let unit: Unit
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// What is counted.
    enum Unit {
        case bytes
        case items(String)
    }

    init(_ title: String, unit: Unit) {
        self.title = title
        self.unit = unit
    }

    /// Shows that `done` of `total` are done; draws at most ten times a second.
    func update(_ done: Int, of total: Int) {
        guard Console.isInteractive, total > 0 else { return }
        state.withLock { state in
            let percent = min(100, 100 * done / total)
            let now = ContinuousClock.now
            guard percent != state.drawnPercent else { return }
            guard percent == 100 || now - state.lastDrawn > .milliseconds(100) else { return }
            (state.drawnPercent, state.lastDrawn) = (percent, now)
            draw(done, total, percent, elapsed: (now - start) / .seconds(1))
        }
    }

    /// Takes the bar away.
    func finish() {
        guard Console.isInteractive else { return }
        Console.draw("\r\u{1B}[K")
    }

    private func draw(_ done: Int, _ total: Int, _ percent: Int, elapsed: Double) {
        let filled = percent * 30 / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        let left = done > 0 ? elapsed * Double(total - done) / Double(done) : 0
        let amount =
            switch unit {
            case .bytes: "\(done / 1_000_000) of \(total / 1_000_000) MB"
            case .items(let name): "\(done) of \(total) \(name)"
            }
        let text =
            "\r\u{1B}[K\(title) \(bar) \(percent) % · \(amount) · \(Int(left.rounded())) s left"
        Console.draw(text)
    }
}
