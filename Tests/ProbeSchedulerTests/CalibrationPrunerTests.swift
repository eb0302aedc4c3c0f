import Kernels
import Testing

@testable import ProbeScheduler

@Suite("CalibrationPruner")
struct CalibrationPrunerTests {
    private let shape = ModelShape.tiny(heads: 1, headDimension: 2, channels: 2)
    private let policy = RatioPolicy(nominalRatio: 0.4)
    private let compute: Compute

    init() throws {
        compute = try Compute(threadCount: 1)
    }

    /// Lets a dense batch of the same numbers pass through both blocks.
    private func run(
        _ pruner: inout CalibrationPruner,
        _ values: [Float],
        _ layout: BatchLayout
    ) {
        let input = Activations(values, width: 2)
        for block in shape.blocks {
            let mask = pruner.mask(
                for: block,
                squaredNorms: [],
                normedSquaredNorms: { [] },
                layout: layout,
                compute: compute
            ) { _, _ in Issue.record("calibration must not probe") }
            #expect(mask == nil)
            pruner.observe(
                block,
                intermediate: input,
                mask: nil,
                layout: layout,
                compute: compute
            )
        }
        pruner.finishBatch()
    }

    @Test("the history is the mean square over all samples so far, position by position")
    func runningMean() {
        var pruner = CalibrationPruner(shape: shape, positionCount: 2, policy: policy)
        run(&pruner, [1, 2, 3, 4, 3, 0], BatchLayout(lengths: [2, 1]))
        #expect(pruner.history.sampleCounts == [2, 1])
        for block in shape.blocks {
            #expect(agree(pruner.history[block], [5, 2, 9, 16]))
        }
        run(&pruner, [2, 1, 1, 2, 9, 9], BatchLayout(lengths: [3]))
        #expect(pruner.history.sampleCounts == [3, 2])
        for block in shape.blocks {
            #expect(agree(pruner.history[block], [14.0 / 3, 5.0 / 3, 5, 10]))
        }
    }

    @Test("the order of batches does not matter beyond rounding")
    func order() {
        var generator = SeededGenerator(seed: 4)
        let batches = [[4, 2], [1], [3, 3, 3]].map { lengths in
            (lengths, generator.floats(2 * lengths.reduce(0, +)))
        }
        let histories = [batches, batches.reversed()].map { batches in
            var pruner = CalibrationPruner(shape: shape, positionCount: 4, policy: policy)
            for (lengths, values) in batches {
                run(&pruner, values, BatchLayout(lengths: lengths))
            }
            return pruner.history
        }
        #expect(histories[0].sampleCounts == [6, 5, 4, 1])
        for block in shape.blocks {
            #expect(agree(histories[0][block], histories[1][block]))
        }
    }

    @Test("layers that are never pruned keep nothing, and a batch of only those counts nothing")
    func uncovered() {
        let shape = ModelShape.tiny(layers: 4, heads: 1, headDimension: 2, channels: 2)
        var pruner = CalibrationPruner(shape: shape, positionCount: 1, policy: policy)
        pruner.observe(
            .mlp(layer: 2),
            intermediate: Activations([1, 2], width: 2),
            mask: nil,
            layout: BatchLayout(lengths: [1]),
            compute: compute
        )
        pruner.finishBatch()
        #expect(pruner.history[.mlp(layer: 2)].isEmpty)
        #expect(pruner.history.sampleCounts == [0])
    }
}
