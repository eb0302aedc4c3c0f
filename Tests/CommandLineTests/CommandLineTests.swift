import Foundation
import Kernels
import Runtime
import TestSupport
import Testing

/// The real binary, as a user meets it.
@Suite("Command line", .serialized)
final class CommandLineTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "sonde-\(UUID().uuidString)")

    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    private func sonde(_ arguments: String...) throws -> Outcome { try run(arguments) }

    private func run(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = Process()
        // The tests lie beside the binary in the build folder.
        process.executableURL = Bundle.main.executableURL?.deletingLastPathComponent()
            .appending(path: "sonde")
        if !FileManager.default.fileExists(atPath: process.executableURL?.path ?? "") {
            process.executableURL = Checkout.root.appending(path: ".build/release/sonde")
        }
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { $1 }
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: String(decoding: text, as: UTF8.self),
            error: String(decoding: complaint, as: UTF8.self)
        )
    }

    private func temporary(_ name: String, _ data: Data) throws -> String {
        let url = folder.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try data.write(to: url)
        return url.path
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    @Test("generate prints JSON with choices, usage and pruning")
    func generateJSON() async throws {
        _ = try await ModelFixture.path()
        let run = try sonde(
            "generate",
            "Water boils at",
            "The sun is",
            "--max-tokens",
            "5",
            "--prune-ratio",
            "0.2",
            "--no-history",
            "--json"
        )
        #expect(run.status == 0, "\(run.error)")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let json = try #require(object as? [String: Any])
        let choices = try #require(json["choices"] as? [[String: Any]])
        #expect(choices.count == 2)
        #expect((choices[0]["tokens"] as? [Int])?.count == 5)
        #expect(choices[0]["finish_reason"] as? String == "length")
        let pruning = try #require(json["pruning"] as? [String: Any])
        #expect(pruning["method"] as? String == "pp")
        #expect(json["usage"] is [String: Any])
    }

    @Test("evaluate perplexity prints the contract's fields, and writes what it is asked to")
    func perplexityJSON() async throws {
        _ = try await ModelFixture.path()
        let text = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 40)
        let path = try temporary("text.txt", Data(text.utf8))
        let masks = path + ".masks"
        let run = try sonde(
            "evaluate",
            "perplexity",
            "--text",
            path,
            "--context",
            "32",
            "--batch",
            "4",
            "--prune-ratio",
            "0.4",
            "--no-history",
            "--masks-out",
            masks,
            "--json"
        )
        #expect(run.status == 0, "\(run.error)")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let json = try #require(object as? [String: Any])
        for field in [
            "method", "prune_ratio", "perplexity", "negative_log_likelihood", "tokens", "windows",
            "prefill_seconds", "prefill_tokens_per_second", "probe_seconds", "head_seconds",
            "realised_flops_ratio", "probe_flops_ratio", "weights", "threads", "isa",
            "model_sha256",
        ] {
            #expect(json[field] != nil, "\(field)")
        }
        let lines = try String(contentsOfFile: masks, encoding: .utf8).split(separator: "\n")
        let windows = try #require(json["windows"] as? Int)
        #expect(lines.count == (windows + 3) / 4 * 54)
    }

    @Test(
        "evaluate decode tells perplexity and drift by stretch",
        arguments: ["dense", "pp", "spread", "wanda-sp"]
    )
    func decodeJSON(method: String) async throws {
        _ = try await ModelFixture.path()
        let words = "The quick brown fox jumps over the lazy dog. "
        let path = try temporary("text.txt", Data(String(repeating: words, count: 40).utf8))
        let history = folder.appending(path: "some.history").path
        if method == "wanda-sp" {
            let calibration = [
                "calibrate", "--text", path, "--context", "64", "--batch", "2", "-o", history,
            ]
            let outcome = try run(calibration)
            #expect(outcome.status == 0, "\(outcome.error)")
        }
        var arguments = ["evaluate", "decode", "--text", path, "--batch", "2", "--json"]
        arguments += ["--prompt-tokens", "40", "--decode-tokens", "20", "--stretch", "8"]
        arguments += ["--max-batches", "1", "--method", method]
        if method != "dense" { arguments += ["--prune-ratio", "0.4"] }
        arguments += method == "wanda-sp" ? ["--history", history] : ["--no-history"]
        let run = try run(arguments)
        #expect(run.status == 0, "\(run.error)")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let json = try #require(object as? [String: Any])
        #expect(json["method"] as? String == method)
        #expect(json["tokens"] as? Int == 40)
        let share = try #require(json["realised_flops_ratio"] as? Double)
        #expect(method == "dense" ? share == 1 : share < 0.75)
        let stretches = try #require(json["stretches"] as? [[String: Any]])
        #expect(stretches.compactMap { $0["steps"] as? Int } == [8, 8, 4])
        for stretch in stretches {
            #expect(try #require(stretch["perplexity"] as? Double) > 1)
            let isComposed = ["pp", "spread"].contains(method)
            #expect((stretch["mask_overlap"] as? Double != nil) == isComposed)
        }
    }

    @Test("serve takes a flag before the environment, and that before the file")
    func settings() async throws {
        _ = try await ModelFixture.path()
        let file = try temporary("serve.json", Data(#"{"max-num-seqs": 5000, "port": 0}"#.utf8))
        // Each of them ends at the first setting that is wrong, and says which value it saw.
        for (arguments, environment, complaint) in [
            ([], [:], "--max-num-seqs 5000: expected 1 to 4096"),
            ([], ["SONDE_MAX_NUM_SEQS": "6000"], "--max-num-seqs 6000"),
            (["--max-num-seqs", "7000"], ["SONDE_MAX_NUM_SEQS": "6000"], "--max-num-seqs 7000"),
            ([], ["SONDE_MAX_NUM_SEQS": "many"], "setting 'max-num-seqs': expected a whole number"),
            (["--max-num-seqs", "4", "--method", "flap"], [:], "expected pp or spread"),
            (["--max-num-seqs", "4", "--tls-key", file], [:], "--tls-cert and --tls-key"),
            (
                ["--max-num-seqs", "4", "--tls-key", file, "--tls-cert", file], [:],
                "a certificate chain in PEM"
            ),
            (["--max-num-seqs", "4", "--probe-tokens", "0"], [:], "--probe-tokens 0.0: expected"),
            (["--max-num-seqs", "4", "--probe-rows", "2"], [:], "--probe-rows 2.0: expected"),
        ] as [([String], [String: String], String)] {
            let run = try run(["serve", "--config", file] + arguments, environment: environment)
            #expect(run.status == 2, "\(arguments) \(environment): \(run.error)")
            #expect(run.error.contains(complaint), "\(run.error)")
            #expect(run.output.isEmpty)
        }
    }

    @Test("load says what it cannot do before anything is sent")
    func loadRefusals() throws {
        let trace = try temporary("trace.csv", Data("TIMESTAMP,ContextTokens\n".utf8))
        for (arguments, status) in [
            (["--url", "ftp://x"], 2), (["--trace", trace], 2), (["--trace", "/no/such"], 2),
            (["--goodput", "ttft"], 2), (["--rate", "0"], 64), (["--concurrency", "0"], 64),
            // Nobody listens there.
            (["--url", "http://127.0.0.1:1", "--requests", "1"], 1),
        ] as [([String], Int32)] {
            let run = try run(["load"] + arguments)
            #expect(run.status == status, "\(arguments): \(run.error)")
            #expect(!run.error.isEmpty && run.output.isEmpty)
        }
    }

    @Test("bad input ends in one line and exit code 2")
    func badInput() async throws {
        _ = try await ModelFixture.path()
        let invalid = try temporary("invalid.txt", Data([0x61, 0xFF, 0x62]))
        let broken = try temporary("broken.gguf", Data("GGUF".utf8))
        let long = try temporary("long.txt", Data(String(repeating: "word ", count: 9000).utf8))
        let history = try temporary("other.history", Data("SONDEHST".utf8))
        for arguments in [
            ["generate", ""], ["generate", "--prompt-file", invalid],
            ["generate", "x", "--model", broken], ["generate", "x", "--model", "no-such-model"],
            ["generate", "--prompt-file", long],
            ["generate", "x", "--prune-ratio", "0.2", "--history", history],
            ["evaluate", "perplexity", "--text", "/no/such/file"],
            ["evaluate", "perplexity", "--text", broken],
        ] {
            let run = try self.run(arguments)
            #expect(run.status == 2, "\(arguments): \(run.error)")
            #expect(run.error.hasPrefix("sonde: error: "), "\(run.error)")
            #expect(run.error.split(separator: "\n").count == 1, "\(run.error)")
            #expect(run.output.isEmpty)
        }
    }

    @Test("wrong usage ends in exit code 64", arguments: ["1", "-0.1", "nan", "x"])
    func wrongUsage(ratio: String) throws {
        let run = try sonde("generate", "x", "--prune-ratio=\(ratio)")
        #expect(run.status == 64)
        #expect(run.error.contains("prune-ratio"))
    }

    @Test(
        "inspect --topology tells the nodes, and what would lie on each",
        arguments: NUMAMode.allCases
    )
    func inspectTopology(mode: NUMAMode) throws {
        let arguments = ["inspect", "--topology", "--numa", mode.rawValue, "--threads", "2"]
        let run = try run(arguments + ["--json"])
        #expect(run.status == 0, "\(run.error)")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let json = try #require(object as? [String: Any])
        for field in ["cores", "instruction_sets", "chosen"] { #expect(json[field] != nil) }
        let nodes = try #require(json["nodes"] as? [[String: Any]])
        let topology = Topology.current
        #expect(nodes.map { $0["node"] as? Int } == topology.nodes.map(\.id))
        #expect(nodes.map { $0["cores"] as? [Int] } == topology.nodes.map(\.cores))
        let placement = try #require(json["placement"] as? [String: Any])
        #expect(placement["numa"] as? String == mode.rawValue)
        let parts = try #require(placement["nodes"] as? [[String: Any]])
        let plan = NodePlan(mode, topology, threadCount: 2)
        #expect(parts.map { $0["node"] as? Int } == plan.parts.map(\.node))
        #expect(parts.map { $0["workers"] as? Int } == plan.parts.map(\.workerCount))
        let text = try self.run(arguments).output
        #expect(text.contains("placement") && text.contains("node \(topology.nodes[0].id)"))
    }

    @Test(
        "refuses a placement that there is none of",
        arguments: [
            ["generate", "x", "--numa", "both"], ["inspect", "--topology", "--threads", "0"],
            ["bench", "--weights", "f32", "--backend", "blas", "--numa", "replicate"],
        ]
    )
    func refusesPlacement(arguments: [String]) throws {
        let run = try run(arguments)
        #expect(run.status == 64)
        #expect(run.error.contains(arguments.contains("--numa") ? "--numa" : "--threads"))
    }

    @Test("inspect tells the memory that the loaded model takes", arguments: WeightFormat.allCases)
    func inspectMemory(format: WeightFormat) async throws {
        let model = try await ModelFixture.model(format)
        let run = try sonde("inspect", model.path, "--json")
        #expect(run.status == 0, "\(run.error)")
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let json = try #require(object as? [String: Any])
        let memory = try #require(json["memory"] as? [String: Int])
        #expect(memory[format.rawValue] == model.network.weightByteCount)
        #expect(json["auto_weights"] as? String == "int4")
        for field in [
            "architecture", "parameters", "layers", "heads", "kv_heads", "channels", "vocabulary",
            "context", "weights", "tokenizer", "pre_tokenizer", "chat_template", "licence",
            "kv_bytes_per_token", "prunable", "savings",
        ] {
            #expect(json[field] != nil, "\(field)")
        }
    }
}
