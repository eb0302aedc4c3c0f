import Kernels
import TestSupport

@testable import ProbeScheduler

/// A ragged batch of random numbers through one block, and what must come of it.
struct PrunerFixture {
    let shape = ModelShape.tiny(heads: 4, headDimension: 3, channels: 10)
    let policy = RatioPolicy(nominalRatio: 0.4, channelMultiple: 2)
    let positionCount = 4
    let lengths: [Int]
    let layout: BatchLayout
    let residual: [Float]
    let states: [PrunableBlock: [Float]]
    let norms: [PrunableBlock: ConsumerNorms]
    var history: ProbeHistory

    init(seed: UInt64, lengths: [Int] = [5, 3, 6]) {
        var generator = SeededGenerator(seed: seed)
        self.lengths = lengths
        layout = BatchLayout(lengths: lengths)
        let (shape, rows) = (shape, layout.rowCount)
        residual = generator.floats(rows * shape.hiddenSize)
        history = ProbeHistory(shape: shape, positionCount: positionCount, policy: policy)
        var states: [PrunableBlock: [Float]] = [:]
        var norms: [PrunableBlock: ConsumerNorms] = [:]
        for block in shape.blocks {
            let width = shape.consumerWidth(block.kind)
            states[block] = generator.floats(rows * width)
            norms[block] = ConsumerNorms(
                weights: generator.floats(shape.hiddenSize * width),
                inputs: width
            )
            history.replace(
                block,
                with: generator.floats(positionCount * width).map { $0 * $0 }
            )
        }
        self.states = states
        self.norms = norms
    }

    func pruner(
        _ configuration: ProbeConfiguration = .init(tokenRatio: 0.5, sampleRatio: 0.6),
        history: ProbeHistory? = nil
    ) -> ProbePruner {
        ProbePruner(
            shape: shape,
            norms: norms,
            policy: policy,
            configuration: configuration,
            history: history
        )
    }

    func squaredNorms() -> [Float] {
        stride(from: 0, to: residual.count, by: shape.hiddenSize).map { first in
            residual[first..<first + shape.hiddenSize].reduce(0) { $0 + $1 * $1 }
        }
    }

    /// `A[k]` of the specification, in f64, from a choice of rows.
    func activations(
        _ block: PrunableBlock,
        _ selection: ProbeSelection,
        history: ProbeHistory?
    ) -> [Float] {
        let width = shape.consumerWidth(block.kind)
        let states = states[block] ?? []
        return (0..<width).map { channel in
            var total = 0.0
            for position in selection.positions {
                let values = selection.samples.compactMap { sample -> Double? in
                    guard position < lengths[sample] else { return nil }
                    let row = lengths[..<sample].reduce(0, +) + position
                    return Double(states[row * width + channel])
                }
                let sum = values.reduce(0) { $0 + $1 * $1 }
                let own = values.isEmpty ? 0 : sum / Double(values.count)
                guard let history else {
                    total += own
                    continue
                }
                let column = stride(from: channel, to: positionCount * width, by: width)
                    .map { Double(history[block][$0]) }
                let past =
                    position < positionCount
                    ? column[position] : column.reduce(0, +) / Double(positionCount)
                let share = own / (own + past + 1e-6)
                total += (1 - share) * past + share * own
            }
            return Float(total)
        }
    }

    /// Runs the pruner's probe of one block, handing it the fixture's states.
    func mask(
        _ pruner: ProbePruner,
        _ block: PrunableBlock,
        compute: Compute,
        poison: Float? = nil
    ) throws -> ChannelMask? {
        let width = shape.consumerWidth(block.kind)
        return try pruner.mask(
            for: block,
            squaredNorms: squaredNorms(),
            normedSquaredNorms: { squaredNorms() },
            layout: layout,
            compute: compute
        ) { selection, probe in
            var values = selection.rows.flatMap { row in
                let first = Int(row) * width
                return Array((states[block] ?? [])[first..<first + width])
            }
            if let poison { values[1] = poison }
            probe.assign(values, width: width)
        }
    }

    /// The columns of a block's states that a mask keeps.
    func kept(_ block: PrunableBlock, _ columns: [Int32]) -> [Float] {
        let width = shape.consumerWidth(block.kind)
        return (0..<layout.rowCount).flatMap { row in
            columns.map { (states[block] ?? [])[row * width + Int($0)] }
        }
    }
}
