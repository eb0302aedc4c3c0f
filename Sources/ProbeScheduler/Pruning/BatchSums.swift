public import Kernels

/// Sums of one consumer's input over the rows of each sample of a batch.
public struct BatchSums: Sendable {
    /// Rows of each sample.
    public let lengths: [Int]
    /// Channels.
    public let width: Int
    /// Samples that begin at the first position.
    public let firstPositionCount: Int
    /// Sum over those samples' first rows, `[width]`.
    public let firstPositionSums: [Float]
    /// `[samples, width]`.
    private let sums: [Float]
    /// `[samples, width]`.
    private let squares: [Float]

    /// Sums over a batch's rows.
    ///
    /// - Parameters:
    ///   - input: `[rows, width]`.
    ///   - layout: Samples of the rows.
    ///   - compute: The kernels.
    public init(_ input: borrowing Activations, layout: BatchLayout, compute: Compute) {
        let width = input.width
        var sums = [Float](repeating: 0, count: layout.samples.count * width)
        var firsts = [Float](repeating: 0, count: width)
        var firstCount = 0
        for (index, sample) in layout.samples.enumerated() {
            let base = index * width
            for row in sample.rows {
                let values = input.row(row)
                for column in 0..<width { sums[base + column] += values[column] }
            }
            guard sample.firstPosition == 0, sample.rowCount > 0 else { continue }
            firstCount += 1
            let values = input.row(sample.firstRow)
            for column in 0..<width { firsts[column] += values[column] }
        }
        var squares = Activations()
        compute.sumOfSquares(
            input,
            groups: layout.sampleOfRow,
            groupCount: layout.samples.count,
            into: &squares
        )
        var flat: [Float] = []
        flat.reserveCapacity(sums.count)
        let span = squares.span
        for index in span.indices { flat.append(span[index]) }
        self.lengths = layout.samples.map(\.rowCount)
        self.width = width
        self.sums = sums
        self.squares = flat
        firstPositionCount = firstCount
        firstPositionSums = firsts
    }

    /// Sum and sum of squares of one channel over one sample.
    func sums(_ sample: Int, _ channel: Int) -> (sum: Double, squares: Double) {
        let index = sample * width + channel
        return (Double(sums[index]), Double(squares[index]))
    }

    /// Sum and sum of squares of one channel over the batch.
    func totals(_ channel: Int) -> (sum: Double, squares: Double) {
        var (sum, square) = (0.0, 0.0)
        for index in stride(from: channel, to: sums.count, by: width) {
            sum += Double(sums[index])
            square += Double(squares[index])
        }
        return (sum, square)
    }
}
