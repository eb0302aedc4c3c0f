import Evaluation
import Foundation
import Kernels
import Runtime

/// Answers speed tests named on standard input, one line of JSON each, so that a driver can let
/// several engines take turns; the protocol is described in `Benchmarks/peers/README.md`.
struct SpeedServer {
    let model: LoadedModel
    let loadStart: ContinuousClock.Instant
    let options: PruningOptions

    /// The tests of the comparison.
    private static let tests: [String: SpeedTest] = [
        "pp512": .prefill(512),
        "tg128": .decode(128),
        "tg@8x512": .decode(64, sequenceCount: 8, contextLength: 512),
        "tg@16x64": .decode(64, sequenceCount: 16, contextLength: 64),
        "pp8x512": .prefill(512, sequenceCount: 8),
    ]

    private struct Question: Decodable {
        var test: String
    }

    private struct Ready: Encodable {
        var ready = true
        var loadSeconds: Double
        var name: String
    }

    private struct Answer: Encodable {
        var test: String
        var seconds: Double
        var cpuSeconds: Double
        var tokens: Int
        var peakRssBytes: Int
    }

    private struct Failure: Encodable {
        var error: String
    }

    func run() throws {
        let runner = try SpeedRunner(
            model: model,
            pruning: try options.enginePruning(model, refreshInterval: nil),
            tests: Array(Self.tests.values)
        )
        _ = try runner.run(.prefill(1))
        try answer(
            Ready(
                loadSeconds: (ContinuousClock.now - loadStart).seconds,
                name: "sonde \(model.weights.rawValue) \(options.chosen.rawValue)"
            )
        )
        while let line = readLine() {
            let question = try? JSONDecoder().decode(Question.self, from: Data(line.utf8))
            guard let name = question?.test, let test = Self.tests[name] else {
                let known = Self.tests.keys.sorted().joined(separator: ", ")
                try answer(Failure(error: "unknown test in '\(line)'; expected one of \(known)"))
                continue
            }
            let sample = try runner.run(test)
            try answer(
                Answer(
                    test: name,
                    seconds: sample.seconds,
                    cpuSeconds: sample.cpuSeconds,
                    tokens: sample.tokenCount,
                    peakRssBytes: ProcessMemory.peakByteCount
                )
            )
        }
    }

    private func answer(_ value: some Encodable) throws { try JSONOutput.print(value) }
}
