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

    @Flag(help: "Show CPUs and instruction sets instead.")
    var topology = false

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    func run() async throws {
        if topology { return try showTopology() }
        let path = try await ModelOptions.path(of: model)
        let summary = try ModelSummary(ModelFile(path: path))
        if json { return try JSONOutput.print(summary) }
        print(summary.text(path: path))
    }

    private struct Topology: Encodable {
        var cores: Int
        var instructionSets: [String]
        var chosen: String
    }

    private func showTopology() throws {
        let topology = Topology(
            cores: ProcessInfo.processInfo.activeProcessorCount,
            instructionSets: InstructionSet.available.map(\.rawValue),
            chosen: InstructionSet.native.rawValue
        )
        if json { return try JSONOutput.print(topology) }
        print("cores              \(topology.cores)")
        print("instruction sets   \(topology.instructionSets.joined(separator: ", "))")
        print("chosen             \(topology.chosen)")
    }
}
