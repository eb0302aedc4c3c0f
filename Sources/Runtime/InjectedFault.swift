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
    static let interval = 8
    /// How long a stalled step takes.
    static let stallSeconds = 12.0

    /// What the fault makes a step throw; nil: it fails in another way.
    func error(tokenCount: Int) -> RuntimeError? {
        switch self {
        case .allocation: .kernel(.outOfMemory(byteCount: tokenCount))
        case .nanInProbe: .mask(.nonFiniteScore(channel: 0), layer: 0)
        case .workerThrows: .kernel(.threadCreationFailed(code: 11))
        case .stall: nil
        }
    }
}
