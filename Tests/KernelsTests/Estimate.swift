import Foundation

@testable import Kernels

/// A value in double precision, with how far a result in single precision may lie from it.
struct Estimate {
    /// The value.
    var value: Double
    /// Largest deviation allowed.
    var bound: Double

    /// Σ a·b: off by at most (8 + n) · 2⁻²⁴ of the sum of the products' magnitudes.
    ///
    /// Where the left side is rounded, each of its entries may also be off by half a step of those that
    /// share its scale, and a little for its own rounding.
    static func dot(
        _ left: some Collection<Float>,
        _ right: some Collection<Float>,
        rounding: Rounding? = nil
    ) -> Estimate {
        if case .bf16 = rounding { return exactDot(left.map(\.asBF16), right) }
        var estimate = exactDot(left, right)
        guard case .whole(let largestNumber, let inPairs) = rounding else { return estimate }
        let (entries, weights) = (Array(left), Array(right))
        for first in stride(from: 0, to: entries.count, by: 32) {
            let group = first..<min(first + 32, entries.count)
            let largest = inPairs ? reach(entries[group]) : entries[group].map(abs).max() ?? 0
            let weight = group.reduce(0.0) { $0 + Double(abs(weights[$1])) }
            estimate.bound += weight * Double(largest) / Double(2 * largestNumber) * 1.001
        }
        return estimate
    }

    /// What the largest number stands for where products are added up in 16 bits: an entry, the sum of it
    /// and the one 16 further on, or half of what four such pairs' magnitudes add up to.
    private static func reach(_ group: some Collection<Float>) -> Float {
        let entries = Array(group) + Array(repeating: 0, count: 32 - group.count)
        let pairs = (0..<16).map { (entries[$0], entries[$0 + 16]) }
        let lanes = [0, 1, 8, 9].map { first in
            stride(from: first, to: first + 8, by: 2)
                .reduce(0) { $0 + abs(pairs[$1].0) + abs(pairs[$1].1) }
        }
        return (entries.map(abs) + pairs.map { abs($0.0 + $0.1) } + lanes.map { $0 / 2 }).max() ?? 0
    }

    /// How products round their input.
    enum Rounding {
        /// To bf16.
        case bf16
        /// To whole numbers, of which 32 share a scale: the largest, and whether they are multiplied in
        /// pairs whose sums have 16 bits.
        case whole(largest: Int, inPairs: Bool = false)

        /// Nil for a format whose products do not; `outputsAreColumns` where the product is `selectIn`.
        init?(_ format: WeightFormat, _ set: InstructionSet, outputsAreColumns: Bool = false) {
            switch format {
            case .bf16 where set.roundsToBF16: self = .bf16
            case .f32, .bf16: return nil
            case .int8: self = .whole(largest: 127, inPairs: set == .avx2)
            case .int4: self = .whole(largest: outputsAreColumns ? 255 : 127)
            }
        }
    }

    /// Adds a term that comes last.
    mutating func add(_ term: Float) {
        value += Double(term)
        bound += abs(Double(term)) * 16 * 0x1p-24
    }

    private static func exactDot(
        _ left: some Sequence<Float>,
        _ right: some Sequence<Float>
    ) -> Estimate {
        var (value, magnitude, count) = (0.0, 0.0, 8.0)
        for (a, b) in zip(left, right) {
            value += Double(a) * Double(b)
            magnitude += abs(Double(a) * Double(b))
            count += 1
        }
        return Estimate(value: value, bound: magnitude * count * 0x1p-24 + 1e-37)
    }

    /// `silu(gate) · up`, with |silu′| < 1.1.
    static func gated(_ gate: Estimate, _ up: Estimate) -> Estimate {
        let silu = gate.value / (1 + exp(-gate.value))
        let value = silu * up.value
        let bound =
            1.1 * gate.bound * (abs(up.value) + up.bound) + abs(silu) * up.bound
            + 16 * abs(value) * 0x1p-24 + 1e-30
        return Estimate(value: value, bound: bound)
    }

    /// How far a result lies beyond the bound, relative to it; not positive when it is near enough.
    func excess(of result: Float) -> Double {
        let deviation = abs(Double(result) - value)
        return deviation.isNaN ? .infinity : deviation / bound - 1
    }
}

extension [Estimate] {
    /// Whether there is one result an estimate, each within its bound.
    func agree(with results: [Float]) -> Bool {
        count == results.count && zip(self, results).allSatisfy { $0.excess(of: $1) <= 0 }
    }
}

extension Float {
    /// The nearest value that has the upper half of the bits alone.
    var asBF16: Float { Float(bitPattern: UInt32(roundedToBF16) << 16) }
}
