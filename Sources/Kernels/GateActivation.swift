internal import CKernels

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
}
