@testable import Kernels

/// A seeded generator, so that a failure can be repeated.
struct RandomNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // The upper bits are the better ones.
        return (state >> 32) | (state << 32)
    }

    /// Numbers in `range`.
    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    /// A matrix of numbers in −1...1.
    mutating func weight(
        _ rows: Int,
        _ columns: Int,
        _ format: WeightFormat,
        outputsAreColumns: Bool = false,
        compute: Compute? = nil
    ) -> WeightMatrix {
        WeightMatrix(
            floats(rows * columns),
            format: format,
            columnCount: columns,
            outputsAreColumns: outputsAreColumns,
            compute: compute
        )
    }
}
