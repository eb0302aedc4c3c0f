public import ProbeScheduler
public import Runtime

/// Measures quality and wall time of many methods on the same batches, turn by turn.
///
/// Batch by batch every method runs once, beginning with another one each time, so that a drift of the
/// machine hits all alike. What a state file already has is not measured again; a method whose history
/// moves on runs those batches once more, unrecorded, so that it goes on where it stood.
public struct SweepRunner {
    /// A method that can be run.
    public struct Candidate {
        /// Its name and ratio.
        public let run: SweepRun
        /// Whether a batch changes what later batches keep.
        public let isStateful: Bool
        /// Makes a pruner that has seen no batch of the text.
        public let makePruner: () throws -> any Pruner

        /// A method that can be run.
        public init(
            run: SweepRun,
            isStateful: Bool,
            makePruner: @escaping () throws -> any Pruner
        ) {
            self.run = run
            self.isStateful = isStateful
            self.makePruner = makePruner
        }
    }

    /// The model.
    public let model: CausalLM
    /// Everything measured so far.
    public let state: SweepState

    /// A sweep.
    public init(model: CausalLM, state: SweepState) {
        self.model = model
        self.state = state
    }

    /// Measures one cell.
    ///
    /// - Parameters:
    ///   - cell: Names the text, and says how it is cut.
    ///   - windows: Its windows, whole batches first.
    ///   - candidates: What to compare.
    ///   - progress: Called after each pass with the passes done of this cell.
    /// - Throws: What a candidate's pruner, a pass or the state file throws.
    public func run(
        _ cell: SweepCell,
        windows: [[Int32]],
        candidates: [Candidate],
        progress: (Int) -> Void
    ) throws {
        let evaluator = PerplexityEvaluator(
            model: model,
            contextLength: cell.context,
            batchSize: cell.batch,
            maskScope: .batch
        )
        let batches = stride(from: 0, to: windows.count, by: cell.batch).map {
            Array(windows[$0..<min($0 + cell.batch, windows.count)])
        }
        let last = candidates.map { candidate in
            batches.indices.last { !state.contains(cell, candidate.run, $0) }
        }
        guard last.contains(where: { $0 != nil }), let first = windows.first else { return }
        // Wakes the threads and the weights.
        var dense: any Pruner = DensePruner()
        _ = try evaluator.run([first], pruner: &dense)
        var recorders = try candidates.map {
            MaskRecorder(try $0.makePruner(), shape: model.shape)
        }
        var passes = 0
        for (index, batch) in batches.enumerated() {
            for turn in candidates.indices {
                let place = (turn + index) % candidates.count
                passes += 1
                defer { progress(passes) }
                guard let end = last[place], index <= end else { continue }
                let candidate = candidates[place]
                let isDone = state.contains(cell, candidate.run, index)
                guard !isDone || candidate.isStateful else { continue }
                recorders[place].beginBatch(isFirst: index == 0)
                var pruner: any Pruner = recorders[place]
                let result = try evaluator.run(batch, pruner: &pruner)
                if let recorder = pruner as? MaskRecorder { recorders[place] = recorder }
                guard !isDone else { continue }
                try state.append(record(cell, candidate.run, index, result, recorders[place]))
            }
        }
    }

    private func record(
        _ cell: SweepCell,
        _ run: SweepRun,
        _ index: Int,
        _ result: PerplexityResult,
        _ recorder: MaskRecorder
    ) -> SweepRecord {
        let report = result.report
        return SweepRecord(
            cell: cell,
            run: run,
            index: index,
            windowMeans: result.windowMeans,
            tokens: result.windowMeans.count * cell.context,
            seconds: report.forwardDuration / .seconds(1),
            probeSeconds: report.probeDuration / .seconds(1),
            realisedRatio: report.multiplyAdds.realisedRatio,
            probeRatio: report.multiplyAdds.probeRatio,
            keptShares: recorder.keptShares,
            overlaps: recorder.overlaps
        )
    }
}
