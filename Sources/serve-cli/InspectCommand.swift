import ArgumentParser
import Foundation
import Kernels
import ModelFiles

/// `sonde inspect`.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a model's architecture, shapes, formats, tokenizer and memory."
    )

    @Argument(help: "A .gguf file, a model's folder, or the name of a pulled model.")
    var model = ModelOptions.defaultModel

    @Flag(help: "Show CPUs, instruction sets and memory nodes instead, and what would lie where.")
    var topology = false

    @Option(name: [.short, .long], help: "With --topology: worker threads. (default: one a core)")
    var threads: Int?

    @Option(help: "With --topology: auto, off or replicate, as for a run.")
    var numa = NUMAMode.auto

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    func validate() throws {
        guard let threads, !(1...1_024).contains(threads) else { return }
        throw ValidationError("--threads \(threads): expected 1 to 1024")
    }

    func run() async throws {
        if topology { return try showTopology() }
        let path = try await ModelOptions.path(of: model)
        let summary = try ModelSummary(ModelFile(path: path))
        if json { return try JSONOutput.print(summary) }
        print(summary.text(path: path))
    }

    private func showTopology() throws {
        let report = TopologyReport(
            numa,
            threadCount: threads ?? ModelOptions.coreCount
        )
        if json { return try JSONOutput.print(report) }
        print(report.text)
    }
}
