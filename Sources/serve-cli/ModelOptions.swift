public import ArgumentParser
import Foundation
public import Kernels
import ModelFiles
import Runtime

extension WeightFormat: ExpressibleByArgument {}
extension InstructionSet: ExpressibleByArgument {}
extension ProductBackend: ExpressibleByArgument {}
extension NUMAMode: ExpressibleByArgument {}
extension LogLevel: ExpressibleByArgument {}

/// Options of every command that runs a model.
struct ModelOptions: ParsableArguments {
    /// The model that is pulled on first use.
    static let defaultModel = "smollm2-135m"

    @Option(
        name: [.short, .long],
        help: "A .gguf file, a model's folder, or the name of a pulled model."
    )
    var model = ModelOptions.defaultModel

    @Option(name: [.short, .long], help: "Worker threads. (default: one a core)")
    var threads: Int?

    @Option(
        help:
            "Storage of the weights: f32, bf16, int8, int4, or auto, the nearest to the file's own."
    )
    var weights = "auto"

    @Option(help: "Caps the instruction set: scalar, avx2, avx512. (default: the best present)")
    var isa: InstructionSet?

    @Option(
        help: "Who multiplies with f32 weights kept in full: kernels, or blas (OpenBLAS)."
    )
    var backend = ProductBackend.kernels

    @Option(
        help:
            "On several memory nodes: auto shares weights and KV cache out, replicate has all weights on each, off does neither."
    )
    var numa = NUMAMode.auto

    @Option(help: "Seed of everything that is drawn.")
    var seed: UInt64 = 0

    @Option(help: "What is said on standard error: info, warning (and worse), or error alone.")
    var logLevel = LogLevel.info

    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    mutating func validate() throws {
        Console.setLevel(logLevel)
        guard weights == "auto" || WeightFormat(rawValue: weights) != nil else {
            throw ValidationError("--weights \(weights): expected f32, bf16, int8, int4 or auto")
        }
        guard backend == .kernels || numa != .replicate else {
            throw ValidationError("--numa replicate: not with --backend blas, which reads one copy")
        }
        guard backend == .kernels || weights == "f32" else {
            throw ValidationError(
                "--backend blas: OpenBLAS has f32 only; give --weights f32 as well"
            )
        }
    }

    /// Worker threads unless others are asked for.
    static var coreCount: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Finds the model, pulling the default one when it is missing, and loads it.
    func load() async throws -> LoadedModel {
        let compute = try Compute(
            threadCount: threads ?? Self.coreCount,
            instructionSet: isa,
            backend: backend,
            numa: numa
        )
        if compute.nodes.isSpread {
            let nodes = compute.nodes.parts.map { "\($0.node)" }.joined(separator: ", ")
            Console.note("memory nodes \(nodes), --numa \(numa.rawValue)")
            if !compute.nodes.bindsMemory {
                Console.warn(
                    "the system lets no memory be bound: it lies where it is first touched"
                )
            }
        }
        let path = try await Self.path(of: model)
        let bar = ProgressBar("loading", unit: .items("layers"))
        defer { bar.finish() }
        return try LoadedModel(
            path: path,
            weights: WeightFormat(rawValue: weights),
            compute: compute
        ) { bar.update($0, of: $1) }
    }

    /// Path of a model; the default one is pulled when it is missing.
    static func path(of model: String) async throws -> String {
        let store = ModelStore()
        if model == defaultModel, !FileManager.default.fileExists(atPath: model),
            !store.pulled.contains(model)
        {
            Console.note("\(model) is not in \(store.folder.path); pulling it")
            return try await PullCommand.pull(model, into: store).path
        }
        return try store.resolve(model).path
    }
}
