internal import CKernels

/// A set of vector instructions that the kernels are written for, weakest first.
public enum InstructionSet: String, CaseIterable, Comparable, Sendable {
    /// Plain C; the specification of every kernel.
    case scalar
    /// AVX2 with FMA.
    case avx2
    /// AVX-512 F, BW, VL, DQ and VNNI; and BF16 where the CPU is fast at it.
    case avx512

    /// The best one that this CPU and its operating system support.
    public static var native: InstructionSet { available.last ?? .scalar }

    /// Those that this CPU supports, weakest first.
    public static var available: [InstructionSet] {
        allCases.filter { unsafe kn_kernels_for($0.code) != nil }
    }

    /// Weaker before stronger.
    public static func < (left: Self, right: Self) -> Bool {
        left.code.rawValue < right.code.rawValue
    }

    /// Whether products with bf16 weights, and attention over a bf16 cache, round their input to bf16 too.
    var roundsToBF16: Bool {
        unsafe kn_kernels_for(code).map { unsafe $0.pointee.rounds_to_bf16 != 0 } ?? false
    }

    var code: kn_isa {
        switch self {
        case .scalar: KN_ISA_SCALAR
        case .avx2: KN_ISA_AVX2
        case .avx512: KN_ISA_AVX512
        }
    }
}
