import ArgumentParser
import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import Server
import Tokenizers

/// Options of `sonde serve` besides those of the model; each also in the environment and a file.
struct ServeOptions: ParsableArguments {
    @Option(help: "JSON file of settings, named as these flags; flags and SONDE_… go before it.")
    var config: String?

    @Option(help: "Address to listen on. (default: 127.0.0.1)")
    var host: String?

    @Option(help: "Port; 0: any free one. (default: 8080)")
    var port: Int?

    @Option(help: "The model's name in the API. (default: as --model)")
    var servedModelName: String?

    @Option(help: "Sequences that run at once. (default: 16)")
    var maxNumSeqs: Int?

    @Option(help: "Tokens of a prefill step: what running answers wait for. (default: 1024)")
    var maxNumBatchedTokens: Int?

    @Option(help: "Most tokens of a sequence, prompt included. (default: the model's, up to 8192)")
    var maxModelLen: Int?

    @Option(help: "Memory of the KV cache, in MiB. (default: 1024)")
    var kvCacheMib: Int?

    @Option(help: "Requests that wait before 429. (default: 256)")
    var maxWaitingRequests: Int?

    @Option(help: "Prompt tokens that wait before 429. (default: 262144)")
    var maxWaitingTokens: Int?

    @Option(help: "Bytes of a request's body. (default: 4194304)")
    var maxBodyBytes: Int?

    @Option(help: "Largest n of a request. (default: 16)")
    var maxChoices: Int?

    @Option(
        help: """
            How prompts are probed: pp (Probe Pruning), or spread (ours: rows from all samples, removed \
            channels compensated). (default: pp)
            """
    )
    var method: String?

    @Option(help: "Share of a prompt's positions in the probe. (default: 0.5)")
    var probeTokens: Double?

    @Option(help: "Share of a batch's prompts in the probe, one at least. (default: 0.05)")
    var probeSamples: Double?

    @Option(
        help: """
            Most of a batch's tokens that the probe takes, so that few prompts are probed at fewer positions; \
            1: no limit, as published. (default: 0.125)
            """
    )
    var probeRows: Double?

    @Option(help: "Ratio of requests that name none. (default: 0)")
    var pruneRatio: Double?

    @Option(help: "Larger ratios are cut to this. (default: 0.5)")
    var maxPruneRatio: Double?

    @Option(help: "Scope of requests that name none: batch or sequence. (default: batch)")
    var maskScope: String?

    @Option(help: "Seconds to the first token; while missed, the ratio rises up to its cap.")
    var targetTtft: Double?

    @Option(help: "Seconds between two tokens; while missed, the ratio rises up to its cap.")
    var targetItl: Double?

    @Option(help: "Share of pruned requests scored again densely when idle. (default: 0)")
    var shadowRate: Double?

    @Option(help: "Mean KL, in nats a token, of those above which everything runs dense.")
    var maxDivergence: Double?

    @Option(help: "Whether batches run dense where pruning is slower: on or off. (default: on)")
    var neverSlower: String?

    @Option(
        help: "Every so many decode steps one runs dense and renews the masks. (default: never)"
    )
    var refreshEvery: Int?

    @Option(help: "Calibration to start from. (default: the model's own in the cache)")
    var history: String?

    @Option(
        name: .customLong("api-key"),
        help: "A key that opens the API. May be given repeatedly."
    )
    var apiKeys: [String] = []

    @Option(help: "File of keys, one a line.")
    var apiKeyFile: String?

    @Option(help: "PEM file of the certificate chain; with --tls-key: HTTPS.")
    var tlsCert: String?

    @Option(help: "PEM file of the certificate's key.")
    var tlsKey: String?

    @Option(help: "Origin that browsers may call from; '*': all. (default: none)")
    var allowedOrigin: String?

    @Option(help: "Seconds that running requests have after SIGTERM. (default: 30)")
    var shutdownTimeout: Double?

    @Option(help: "Seconds without a finished layer until /health/live fails. (default: 4)")
    var stallTimeout: Double?

    @Option(help: "Seconds until a silent connection is closed. (default: 60)")
    var idleTimeout: Double?

    /// Methods that probe each batch at a cost that serving can bear.
    private static let methods = [PruningMethod.pp, .spread].map(\.rawValue)

    /// A share of the probe, as an argument of the pruning options; nil: their default.
    func probeShare(
        _ name: String,
        _ flag: Double?,
        _ settings: ServeSettings,
        default usual: Double? = nil
    ) throws -> [String] {
        guard let value = try flag ?? settings.number(name) ?? usual else { return [] }
        guard value > 0, value <= 1 else {
            throw BadInput("--\(name) \(value): expected 0 < share ≤ 1")
        }
        return ["--\(name)", "\(value)"]
    }

    /// The configuration: flags, then the environment, then the file, then the defaults.
    ///
    /// - Throws: `BadInput` that names the flag.
    func configuration(
        _ settings: ServeSettings,
        model: LoadedModel,
        modelName: String
    ) throws -> ServerConfiguration {
        var result = ServerConfiguration()
        result.host = try host ?? settings.text("host") ?? result.host
        result.port = try integer("port", port, settings, in: 0...65_535) ?? result.port
        result.servedModelName =
            try servedModelName ?? settings.text("served-model-name") ?? modelName
        try setBounds(&result, settings, model)
        try setPruning(&result, settings)
        try setSafeguards(&result, settings)
        result.tls = try tlsFiles(settings)
        result.apiKeys = try keys(settings)
        result.allowedOrigin = try allowedOrigin ?? settings.text("allowed-origin")
        result.shutdownTimeout =
            try seconds("shutdown-timeout", shutdownTimeout, settings) ?? result.shutdownTimeout
        result.stallTimeout =
            try seconds("stall-timeout", stallTimeout, settings) ?? result.stallTimeout
        result.idleTimeout =
            try seconds("idle-timeout", idleTimeout, settings) ?? result.idleTimeout
        return result
    }

    /// The model's options with what the environment and the file say where no flag was given.
    ///
    /// A flag that has its default's value counts as not given.
    func filled(_ flags: ModelOptions, _ settings: ServeSettings) throws -> ModelOptions {
        var options = flags
        if options.model == ModelOptions.defaultModel {
            options.model = try settings.text("model") ?? options.model
        }
        options.threads = try integer("threads", options.threads, settings, in: 1...1_024)
        if options.weights == "auto", let weights = try settings.text("weights") {
            guard weights == "auto" || WeightFormat(rawValue: weights) != nil else {
                throw BadInput("setting 'weights': expected f32, bf16, int8, int4 or auto")
            }
            options.weights = weights
        }
        if options.isa == nil, let name = try settings.text("isa") {
            guard let isa = InstructionSet(rawValue: name) else {
                throw BadInput("setting 'isa': expected scalar, avx2 or avx512")
            }
            options.isa = isa
        }
        if options.numa == .auto, let name = try settings.text("numa") {
            guard let mode = NUMAMode(rawValue: name) else {
                throw BadInput("setting 'numa': expected auto, off or replicate")
            }
            options.numa = mode
        }
        if options.logLevel == .info, let name = try settings.text("log-level") {
            guard let level = LogLevel(rawValue: name) else {
                throw BadInput("setting 'log-level': expected info, warning or error")
            }
            options.logLevel = level
            Console.setLevel(level)
        }
        return options
    }

    private func setBounds(
        _ result: inout ServerConfiguration,
        _ settings: ServeSettings,
        _ model: LoadedModel
    ) throws {
        let many = 1...1_000_000_000
        result.maxNumSeqs =
            try integer("max-num-seqs", maxNumSeqs, settings, in: 1...4_096) ?? result.maxNumSeqs
        result.maxNumBatchedTokens =
            try integer("max-num-batched-tokens", maxNumBatchedTokens, settings, in: 1...1_048_576)
            ?? result.maxNumBatchedTokens
        result.maxWaitingRequests =
            try integer("max-waiting-requests", maxWaitingRequests, settings, in: many)
            ?? result.maxWaitingRequests
        result.maxWaitingTokens =
            try integer("max-waiting-tokens", maxWaitingTokens, settings, in: many)
            ?? result.maxWaitingTokens
        result.maxBodyByteCount =
            try integer("max-body-bytes", maxBodyBytes, settings, in: many)
            ?? result.maxBodyByteCount
        result.maxChoices =
            try integer("max-choices", maxChoices, settings, in: 1...1_024) ?? result.maxChoices
        let context = model.config.contextLength
        let length =
            try integer("max-model-len", maxModelLen, settings, in: 2...max(2, context))
            ?? min(context, 8_192)
        let mebibytes =
            try integer("kv-cache-mib", kvCacheMib, settings, in: 1...16_777_216) ?? 1_024
        let block = try KVCache(
            layerCount: model.network.shape.layerCount,
            blockCount: 1,
            shape: model.network.shape
        ).byteCount
        result.blockCount = max(1, (mebibytes << 20) / max(1, block))
        // More blocks than every sequence could use are of no use to anybody.
        let blocksEach = (length + KVCache.defaultBlockSize - 1) / KVCache.defaultBlockSize
        result.blockCount = min(result.blockCount, blocksEach * result.maxNumSeqs)
        result.maxModelLength = min(length, result.blockCount * KVCache.defaultBlockSize)
        result.longestTokenByteCount =
            (0..<Int32(model.tokenizer.vocabularySize)).map { model.tokenizer.token($0).count }
            .max() ?? 1
    }

    private func setPruning(_ result: inout ServerConfiguration, _ settings: ServeSettings) throws {
        result.method = try method ?? settings.text("method") ?? result.method
        guard Self.methods.contains(result.method) else {
            throw BadInput(
                "--method \(result.method): expected \(Self.methods.joined(separator: " or "))"
            )
        }
        result.pruneRatio = try ratio("prune-ratio", pruneRatio, settings) ?? result.pruneRatio
        result.maxPruneRatio =
            try ratio("max-prune-ratio", maxPruneRatio, settings)
            ?? max(result.maxPruneRatio, result.pruneRatio)
        guard result.pruneRatio <= result.maxPruneRatio else {
            throw BadInput(
                "--prune-ratio \(result.pruneRatio): above --max-prune-ratio \(result.maxPruneRatio)"
            )
        }
        if let text = try maskScope ?? settings.text("mask-scope") {
            guard let scope = MaskScope(rawValue: text) else {
                throw BadInput("--mask-scope \(text): expected batch or sequence")
            }
            result.maskScope = scope
        }
    }

    private func setSafeguards(
        _ result: inout ServerConfiguration,
        _ settings: ServeSettings
    ) throws {
        result.targetTimeToFirstToken = try seconds("target-ttft", targetTtft, settings)
        result.targetInterTokenLatency = try seconds("target-itl", targetItl, settings)
        let rate = try shadowRate ?? settings.number("shadow-rate") ?? 0
        guard rate >= 0, rate <= 1 else {
            throw BadInput("--shadow-rate \(rate): expected 0 to 1")
        }
        result.safeguards.shadowRate = rate
        if let limit = try maxDivergence ?? settings.number("max-divergence") {
            guard limit > 0, limit <= 1_000, rate > 0 else {
                throw BadInput(
                    "--max-divergence \(limit): expected more than 0, and a --shadow-rate above 0"
                )
            }
            result.safeguards.maxDivergence = limit
        }
        let choice = try neverSlower ?? settings.text("never-slower") ?? "on"
        guard ["on", "off"].contains(choice) else {
            throw BadInput("--never-slower \(choice): expected on or off")
        }
        result.safeguards.isNeverSlower = choice == "on"
        // Not a flag: a test asks for it, an operator never.
        if let name = ProcessInfo.processInfo.environment["SONDE_FAULT"], !name.isEmpty {
            guard let fault = InjectedFault(rawValue: name) else {
                let names = InjectedFault.allCases.map(\.rawValue).joined(separator: ", ")
                throw BadInput("SONDE_FAULT \(name): expected one of \(names)")
            }
            result.safeguards.fault = fault
        }
    }

    private func tlsFiles(
        _ settings: ServeSettings
    ) throws -> (certificatePath: String, keyPath: String)? {
        let certificate = try tlsCert ?? settings.text("tls-cert")
        let key = try tlsKey ?? settings.text("tls-key")
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate, key)
        default: throw BadInput("--tls-cert and --tls-key: one needs the other")
        }
    }

    // MARK: - One value

    func integer(
        _ name: String,
        _ flag: Int?,
        _ settings: ServeSettings,
        in range: ClosedRange<Int>
    ) throws -> Int? {
        guard let value = try flag ?? settings.integer(name) else { return nil }
        guard range.contains(value) else {
            throw BadInput(
                "--\(name) \(value): expected \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    private func ratio(_ name: String, _ flag: Double?, _ settings: ServeSettings) throws -> Double?
    {
        guard let value = try flag ?? settings.number(name) else { return nil }
        guard value >= 0, value < 1 else {
            throw BadInput("--\(name) \(value): expected 0 ≤ R < 1")
        }
        return value
    }

    private func seconds(
        _ name: String,
        _ flag: Double?,
        _ settings: ServeSettings
    ) throws -> Duration? {
        guard let value = try flag ?? settings.number(name) else { return nil }
        guard value > 0, value <= 86_400 else {
            throw BadInput("--\(name) \(value): expected more than 0 and at most 86400 seconds")
        }
        return .seconds(value)
    }

    private func keys(_ settings: ServeSettings) throws -> [String] {
        var keys = apiKeys.isEmpty ? try settings.list("api-key") ?? [] : apiKeys
        if let path = try apiKeyFile ?? settings.text("api-key-file") {
            keys += try TextFile.read(path).split(whereSeparator: \.isNewline)
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        return keys.filter { !$0.isEmpty }
    }
}
