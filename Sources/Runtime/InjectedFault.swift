import Foundation
import Kernels
import ProbeScheduler

/// A failure that a test asks for by name, to see that it ends in one failed request or a clean exit.
public enum InjectedFault: String, Sendable, CaseIterable {
    /// Memory for a step is refused.
    case allocation
    /// A probe's scores are not numbers.
    case nanInProbe = "nan-in-probe"
    /// A step cannot start its workers.
    case workerThrows = "worker-throws"
    /// A step takes far longer than it should.
    case stall

    /// Every so many steps one fails, so that others show that the engine goes on.
    private static let interval = 8
    /// How long a stalled step takes.
    private static let stallSeconds = 12.0

    /// Strikes, if it is this step's turn.
    func strike(step: Int, tokenCount: Int, isPruned: Bool) throws(RuntimeError) {
        guard step.isMultiple(of: Self.interval) else { return }
        if self == .stall { Thread.sleep(forTimeInterval: Self.stallSeconds) }
        if self == .nanInProbe, !isPruned { return }
        if let error = error(tokenCount: tokenCount) { throw error }
    }

    /// What the fault makes a step throw; nil: it fails in another way.
    private func error(tokenCount: Int) -> RuntimeError? {
        switch self {
        case .allocation: .kernel(.outOfMemory(byteCount: tokenCount))
        case .nanInProbe: .mask(.nonFiniteScore(channel: 0), layer: 0)
        case .workerThrows: .kernel(.threadCreationFailed(code: 11))
        case .stall: nil
        }
    }
}
