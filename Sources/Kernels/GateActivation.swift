internal import CKernels
import Foundation

/// What a gated unit applies to its gate.
public enum GateActivation: Sendable {
    /// `x · sigmoid(x)`: SwiGLU.
    case silu
    /// GELU in its tanh form: GeGLU.
    case gelu

    var code: kn_activation {
        switch self {
        case .silu: KN_SILU
        case .gelu: KN_GELU
        }
    }

    /// The activation of one gate, as the kernels define it.
    func callAsFunction(_ gate: Float) -> Float {
        switch self {
        case .silu: gate / (1 + exp(-gate))
        // 0.5 · x · (1 + tanh(u)) is x / (1 + exp(−2u)).
        case .gelu: gate / (1 + exp(-1.5957691216 * (gate + 0.044715 * gate * gate * gate)))
        }
    }
}
