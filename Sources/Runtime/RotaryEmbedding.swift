import Foundation
import Kernels

/// Rotary position embedding over adjacent pairs, as GGUF stores LLaMA's query and key rows.
struct RotaryEmbedding: Sendable {
    /// Width of one head.
    let headDimension: Int
    /// One angular frequency a pair, `θ^(−2i/d)`; shape `[headDimension / 2]`.
    let inverseFrequencies: [Float]

    /// - Parameters:
    ///   - headDimension: Width of one head.
    ///   - rotatedDimension: How many leading entries of a head are rotated; the rest stay as they are.
    ///   - theta: Base of the geometric series of wavelengths.
    init(headDimension: Int, rotatedDimension: Int, theta: Double) {
        self.headDimension = headDimension
        inverseFrequencies = (0..<headDimension / 2).map { pair in
            guard 2 * pair < rotatedDimension else { return 0 }
            return Float(pow(theta, -2 * Double(pair) / Double(rotatedDimension)))
        }
    }

    /// Rotates every head of every row by the row's position.
    func callAsFunction(_ heads: inout Activations, positions: [Int32], compute: Compute) {
        compute.rotate(
            &heads,
            headDimension: headDimension,
            positions: positions,
            inverseFrequencies: inverseFrequencies
        )
    }
}
