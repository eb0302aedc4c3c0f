import Evaluation
import Foundation
import Kernels
import Runtime

/// One test under one method: the JSON of `bench`, in snake_case.
struct SpeedRow: Encodable {
    var test: String
    var batch: Int
    var tokensPerSecond: Double
    var tokensPerSecondStddev: Double
    var tokensPerSecondMedian: Double
    var seconds: [Double]
    var method: String
    var pruneRatio: Double
    var weights: String
    var threads: Int
    var isa: String
    /// `off` also where there is but one node.
    var numa: String
    var peakRssBytes: Int

    init(
        _ test: SpeedTest,
        _ samples: [SpeedSample],
        _ pruning: PruningOptions,
        _ model: LoadedModel
    ) {
        let speeds = samples.map(\.tokensPerSecond).sorted()
        let mean = speeds.reduce(0, +) / Double(max(1, speeds.count))
        let squares = speeds.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.test = test.name
        batch = test.sequenceCount
        tokensPerSecond = mean
        tokensPerSecondStddev = (squares / Double(max(1, speeds.count - 1))).squareRoot()
        let middle = speeds.count / 2
        tokensPerSecondMedian =
            speeds.count.isMultiple(of: 2)
            ? (speeds[middle - 1] + speeds[middle]) / 2 : speeds[middle]
        seconds = samples.map(\.seconds)
        method = pruning.chosen.rawValue
        pruneRatio = pruning.pruneRatio
        weights = model.weights.rawValue
        threads = model.network.compute.threadCount
        isa = model.network.compute.instructionSet.rawValue
        let nodes = model.network.compute.nodes
        numa = (nodes.isSpread ? nodes.mode : .off).rawValue
        peakRssBytes = ProcessMemory.peakByteCount
    }
}

/// The rows of a bench as text, each pruned row with its ratio to the dense one.
struct SpeedTable {
    let rows: [SpeedRow]

    var text: String {
        var lines = [
            "test      batch  method      ratio  tokens/s (mean ± s.d.)   median   ÷ dense"
        ]
        for row in rows {
            let speed = String(
                format: "%.1f ± %.1f",
                row.tokensPerSecond,
                row.tokensPerSecondStddev
            )
            let cells = [
                (row.test, 10), ("\(row.batch)", 7), (row.method, 12),
                (String(format: "%.2f", row.pruneRatio), 7), (speed, 25),
                (String(format: "%.1f", row.tokensPerSecondMedian), 9),
            ]
            lines.append(cells.map { pad($0.0, $0.1) }.joined() + quotient(row))
        }
        if let row = rows.last {
            lines.append(
                String(
                    format: "weights %@, threads %d, %@; peak memory %.1f MB",
                    row.weights,
                    row.threads,
                    row.isa,
                    Double(row.peakRssBytes) / 1e6
                )
            )
        }
        return lines.joined(separator: "\n")
    }

    /// Speed relative to dense in the same test; nothing for dense itself.
    private func quotient(_ row: SpeedRow) -> String {
        guard row.method != "dense",
            let dense = rows.first(where: { $0.test == row.test && $0.method == "dense" })
        else { return "" }
        return String(format: "× %.2f", row.tokensPerSecondMedian / dense.tokensPerSecondMedian)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
}
