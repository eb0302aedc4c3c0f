public import ArgumentParser
import Foundation
public import Kernels

/// Times every kernel by format, shape, tokens and kept share, against what the core can do.
@main
struct KernelBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernel-bench",
        abstract: "Time the kernels as a share of the machine's peak, and pruned against dense.",
        discussion: """
            Peak and kernels are timed in the same run; all kept shares of one line are timed in turn, \
            round by round, and the medians are printed. Matrices are so many that they come from \
            memory, as the layers of a model do, unless --cached.
            """
    )

    @Option(help: "Shapes: \(ModelShapes.all.map(\.name).joined(separator: ", ")).")
    var shapes = [ModelShapes.all[0].name]

    @Option(parsing: .upToNextOption, help: "Formats of weights.")
    var formats = WeightFormat.allCases

    @Option(parsing: .upToNextOption, help: "Tokens a call.")
    var tokens = [1, 16, 512]

    @Option(parsing: .upToNextOption, help: "Kept shares beside 1.")
    var shares = [0.75, 0.56, 0.25]

    @Option(help: "Instruction set. (default: the best)")
    var isa: InstructionSet?

    @Option(help: "Rounds; the medians are printed.")
    var rounds = 9

    @Flag(help: "One matrix of each kind, which stays in the caches.")
    var cached = false

    func validate() throws {
        guard rounds > 0, tokens.allSatisfy({ $0 > 0 }), !shapes.isEmpty else {
            throw ValidationError("--rounds and --tokens are at least 1")
        }
        guard shares.allSatisfy({ $0 > 0 && $0 < 1 }) else {
            throw ValidationError("--shares lie between 0 and 1")
        }
        for name in shapes where !ModelShapes.all.contains(where: { $0.name == name }) {
            throw ValidationError("--shapes \(name): expected one of the names in --help")
        }
    }

    func run() throws {
        let compute = try Compute(threadCount: 1, instructionSet: isa)
        let peak = Peak(instructionSet: compute.instructionSet)
        show(
            "\(compute.instructionSet), 1 thread, medians of \(rounds) rounds of CPU time. \(peak)\n"
        )
        show(ProductRow.header(shares: shares))
        for model in ModelShapes.all where shapes.contains(model.name) {
            for format in formats {
                for product in Product.allCases {
                    let bench = ProductBench(
                        product,
                        model,
                        format: format,
                        staysCached: cached,
                        compute: compute
                    )
                    for count in tokens {
                        let row = bench.row(
                            tokens: count,
                            shares: [1] + shares,
                            rounds: rounds,
                            peak: peak
                        )
                        show(row)
                    }
                }
            }
        }
        show("\n" + AttentionRow.header)
        for model in ModelShapes.all where shapes.contains(model.name) {
            for format in KVFormat.allCases {
                let bench = try AttentionBench(model, format: format, compute: compute)
                for count in tokens {
                    show(bench.row(queries: count, context: 512, rounds: rounds, peak: peak))
                }
            }
        }
    }
}

/// Writes a line at once, into a file too.
private func show(_ row: some CustomStringConvertible) {
    FileHandle.standardOutput.write(Data((row.description + "\n").utf8))
}

extension WeightFormat: @retroactive ExpressibleByArgument {}
extension InstructionSet: @retroactive ExpressibleByArgument {}
