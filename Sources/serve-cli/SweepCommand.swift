import ArgumentParser
import Evaluation
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import StaticPruning
import Tokenizers

/// `sonde sweep`.
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Methods × ratios on the same batches: degradation against wall time.",
        discussion: """
            Every method runs on every batch, turn by turn, so that a drift of the machine hits all alike. \
            What has been measured lies in sweep.jsonl in the output folder: after an interruption the same \
            command goes on. A method is the name of --method, or NAME:PRESET for a static one.
            """
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var pruning: PruningOptions

    @Option(help: "A text, or JSONL with a text a line; may be given more than once.")
    var text: [String]

    @Option(help: "Methods, separated by commas.")
    var methods = "dense,full-batch,pp,wanda-sp,flap"

    @Option(help: "Ratios, separated by commas.")
    var ratios = "0.2,0.4"

    @Option(help: "Tokens a window; may be given more than once. (default: 256)")
    var context: [Int] = []

    @Option(help: "Windows a batch; may be given more than once. (default: 20)")
    var batch: [Int] = []

    @Option(help: "Most batches of each text.")
    var maxBatches = 4

    @Option(name: [.short, .long], help: "Folder for the results.")
    var output: String

    mutating func validate() throws {
        guard pruning.method == nil, pruning.pruneRatio == 0 else {
            throw ValidationError("a sweep takes --methods and --ratios")
        }
        guard pruning.maskScope == .batch else {
            throw ValidationError("a sweep measures the mask scope batch")
        }
        if context.isEmpty { context = [256] }
        if batch.isEmpty { batch = [20] }
        guard context.allSatisfy({ $0 >= 2 }), batch.allSatisfy({ $0 >= 1 }), maxBatches >= 1 else {
            throw ValidationError("--context is at least 2, --batch and --max-batches at least 1")
        }
        guard Set(text.map(Self.name)).count == text.count else {
            throw ValidationError("two texts have one file name; results could not be told apart")
        }
        _ = try runs()
    }

    func run() async throws {
        let folder = try makeFolder()
        let contents = try text.map { try TextFile.read($0) }
        let model = try await options.load()
        for length in context where length > model.config.contextLength {
            throw BadInput(
                "--context \(length): the model's context is \(model.config.contextLength) tokens"
            )
        }
        let tokens = contents.map { model.tokenizer.encode($0) }
        let cells = try makeCells(tokens, model)
        let history = try pruning.loadHistory(model)
        let runs = try runs()
        let candidates = try runs.map { try candidate($0, model, history) }
        let state = try SweepState(
            url: folder.appending(path: "sweep.jsonl"),
            header: header(model, tokens, history)
        )
        if !state.records.isEmpty {
            Console.note("going on after \(state.records.count) measurements in \(folder.path)")
        }
        let runner = SweepRunner(model: model.network, state: state)
        let bar = ProgressBar("sweeping", unit: .items("passes"))
        defer { bar.finish() }
        let passes = cells.map { candidates.count * (($0.windows.count - 1) / $0.cell.batch + 1) }
        for (index, (cell, windows)) in cells.enumerated() {
            let before = passes[..<index].reduce(0, +)
            try runner.run(cell, windows: windows, candidates: candidates) {
                bar.update(before + $0, of: passes.reduce(0, +))
            }
        }
        bar.finish()
        let rows = SweepRow.rows(state.records, cells: cells.map(\.cell), runs: runs.map(\.run))
        try write(SweepReport(rows: rows), to: folder)
    }

    // MARK: - What to run

    private struct Run {
        var run: SweepRun
        var method: PruningMethod
        var preset: StaticPreset?
    }

    private func runs() throws -> [Run] {
        let ratios = try list(ratios).map { text -> Double in
            guard let ratio = Double(text), ratio > 0, ratio < 1 else {
                throw ValidationError("--ratios \(text): expected 0 < R < 1")
            }
            return ratio
        }
        let runs = try list(methods).flatMap { name -> [Run] in
            let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
            let preset = parts.count == 2 ? StaticPreset(rawValue: parts[1]) : nil
            guard let method = PruningMethod(rawValue: parts[0]),
                parts.count == 1 || (preset != nil && method.staticMethod != nil)
            else {
                let known = PruningMethod.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--methods \(name): expected some of \(known)")
            }
            guard method != .dense else {
                return [Run(run: SweepRun(method: name, ratio: 0), method: method)]
            }
            return ratios.map {
                Run(run: SweepRun(method: name, ratio: $0), method: method, preset: preset)
            }
        }
        guard Set(runs.map(\.run)).count == runs.count else {
            throw ValidationError("--methods and --ratios name something twice")
        }
        return runs
    }

    private func list(_ text: String) throws -> [String] {
        let items = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard !items.isEmpty, items.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("\"\(text)\": expected a list separated by commas")
        }
        return items
    }

    private func candidate(
        _ run: Run,
        _ model: LoadedModel,
        _ history: ProbeHistory?
    ) throws -> SweepRunner.Candidate {
        var options = pruning
        options.method = run.method
        options.pruneRatio = run.run.ratio
        if let preset = run.preset { options.preset = preset }
        // Fails now rather than after an hour.
        _ = try options.pruner(model, history: history)
        return SweepRunner.Candidate(
            run: run.run,
            isStateful: run.method.isDynamic && history != nil
        ) { [options] in try options.pruner(model, history: history) }
    }

    private func makeCells(
        _ tokens: [[Int32]],
        _ model: LoadedModel
    ) throws -> [(cell: SweepCell, windows: [[Int32]])] {
        try zip(text, tokens).flatMap { path, tokens in
            try context.flatMap { length in
                try batch.map { size in
                    let windows = try PerplexityEvaluator(
                        model: model.network,
                        contextLength: length,
                        batchSize: size,
                        maskScope: .batch
                    ).windows(of: tokens, maxBatches: maxBatches)
                    guard windows.count >= size else {
                        throw BadInput(
                            "\(path): \(windows.count) windows of \(length) tokens; "
                                + "one batch needs \(size) (--batch)"
                        )
                    }
                    return (
                        SweepCell(text: Self.name(path), context: length, batch: size),
                        windows
                    )
                }
            }
        }
    }

    private static func name(_ path: String) -> String { URL(filePath: path).lastPathComponent }

    private func header(
        _ model: LoadedModel,
        _ tokens: [[Int32]],
        _ history: ProbeHistory?
    ) -> SweepState.Header {
        var settings = [
            "--weights": model.weights.rawValue,
            "--threads": String(model.network.compute.threadCount),
            "--isa": model.network.compute.instructionSet.rawValue,
            "--probe-tokens": String(pruning.probeTokens),
            "--probe-samples": String(pruning.probeSamples),
            "--probe-order": pruning.probeOrder.rawValue,
            "--probe-importance": pruning.probeImportance.rawValue,
            "--probe-place": pruning.probePlace.rawValue,
            "--probe-share": pruning.probeShare.map { String($0) } ?? "by importance",
            "--history-use": pruning.historyUse.rawValue,
            "--skip-layers": String(pruning.skipLayers),
            "--channel-multiple": String(pruning.channelMultiple),
            "--rescale": String(pruning.rescale),
            "--preset": pruning.preset.rawValue,
            "--history": history.map(Self.fingerprint) ?? "none",
            "--max-batches": String(maxBatches),
        ]
        let nodes = model.network.compute.nodes
        if nodes.isSpread {
            settings["--numa"] = "\(nodes.mode.rawValue) over \(nodes.parts.count) nodes"
        }
        for (path, tokens) in zip(text, tokens) {
            settings["--text \(Self.name(path))"] = "of \(tokens.count) tokens, \(hash(tokens))"
        }
        return SweepState.Header(modelSHA256: model.sha256, settings: settings)
    }

    private static func fingerprint(_ history: ProbeHistory) -> String {
        let block = history.shape.blocks.last { history.covers($0) }
        let sum = block.map { history[$0].reduce(0.0) { $0 + Double($1) } } ?? 0
        return "of \(history.sampleCounts.reduce(0, +)) tokens, \(sum.bitPattern)"
    }

    /// FNV-1a over the tokens.
    private func hash(_ tokens: [Int32]) -> String {
        let hash = tokens.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64(UInt32(bitPattern: $1))) &* 0x100_0000_01B3
        }
        return String(hash, radix: 16)
    }

    // MARK: - Results

    private func makeFolder() throws -> URL {
        let folder = URL(filePath: output)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw RunFailure("\(output): cannot make the folder: \(error.localizedDescription)")
        }
        return folder
    }

    private func write(_ report: SweepReport, to folder: URL) throws {
        func path(_ name: String) -> String { folder.appending(path: name).path }
        try OutputFile.write(report.markdown, to: path("sweep.md"))
        try OutputFile.write(report.csv, to: path("sweep.csv"))
        let json = try report.json()
        try OutputFile.write(json, to: path("sweep.json"))
        for (index, cell) in report.cells.enumerated() {
            let suffix = report.cells.count == 1 ? "" : "-\(index + 1)"
            let rows = report.rows(of: cell)
            let pruned = rows.filter { $0.run.ratio > 0 }
            try OutputFile.write(
                ParetoPlot(rows: rows).document,
                to: path("pareto\(suffix).svg")
            )
            try OutputFile.write(
                LayerHeatMap(
                    title: "Share kept, by layer",
                    subtitle: cell.title,
                    rows: pruned,
                    values: { $0.keptShares.map(Optional.some) }
                ).document,
                to: path("kept\(suffix).svg")
            )
            try OutputFile.write(
                LayerHeatMap(
                    title: "Overlap of successive batches' masks, |A ∩ B| ÷ |A ∪ B|",
                    subtitle: cell.title,
                    rows: pruned,
                    values: \.overlaps
                ).document,
                to: path("overlap\(suffix).svg")
            )
        }
        if options.json {
            try Console.output(json)
        } else {
            print(report.markdown)
        }
    }
}
