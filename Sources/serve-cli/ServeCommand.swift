import ArgumentParser
import Foundation
import Kernels
import Logging
import ProbeScheduler
import Runtime
import Server

/// `sonde serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the model over HTTP, in the words of OpenAI's API.",
        discussion: """
            Every flag is also a variable of the environment (SONDE_MAX_NUM_SEQS) and a name in the \
            file of --config ("max-num-seqs"). SIGTERM drains: what runs is finished, the rest is \
            refused; a second one ends at once.
            """
    )

    @OptionGroup var options: ModelOptions
    @OptionGroup var serving: ServeOptions

    func run() async throws {
        let settings = try await ServeSettings(path: serving.config)
        var options = options
        options = try serving.filled(options, settings)
        let model = try await options.load()
        let configuration = try serving.configuration(
            settings,
            model: model,
            modelName: URL(filePath: options.model).lastPathComponent
        )
        let refresh = try serving.integer(
            "refresh-every",
            serving.refreshEvery,
            settings,
            in: 1...1_000_000
        )
        let pruning = try pruning(configuration, settings)
        // Said once, here: the engine makes its pruner on its own thread.
        _ = try pruning.enginePruning(model, refreshInterval: refresh)
        Console.note(memoryLine(model, configuration))
        let server = SondeServer(
            model: model,
            configuration: configuration,
            logger: logger(options.logLevel)
        ) { [pruning] in
            try pruning.enginePruning(model, refreshInterval: refresh, warns: false)
        }
        do {
            try await server.run { port in
                let scheme = configuration.tls == nil ? "http" : "https"
                Console.note("listening on \(scheme)://\(configuration.host):\(port)")
            }
        } catch let failure as any CommandFailure {
            throw failure
        } catch let error as TLSFilesError {
            throw BadInput("\(error)")
        } catch {
            throw RunFailure("the server has ended: \(error)")
        }
    }

    /// Requests choose their ratio, so the probe is always there; at ratio 0 it never runs.
    private func pruning(
        _ configuration: ServerConfiguration,
        _ settings: ServeSettings
    ) throws -> PruningOptions {
        var arguments = [
            "--method", configuration.method, "--prune-ratio", "\(configuration.pruneRatio)",
            "--mask-scope", configuration.maskScope.rawValue,
        ]
        arguments += try serving.probeShare("probe-tokens", serving.probeTokens, settings)
        arguments += try serving.probeShare("probe-samples", serving.probeSamples, settings)
        // With four prompts in a batch this is the published probe.
        arguments += try serving.probeShare(
            "probe-rows",
            serving.probeRows,
            settings,
            default: 0.125
        )
        if let path = try serving.history ?? settings.text("history") {
            arguments += ["--history", path]
        }
        return try PruningOptions.parse(arguments)
    }

    private func logger(_ level: LogLevel) -> Logger {
        var logger = Logger(label: "sonde") { StreamLogHandler.standardError(label: $0) }
        switch level {
        case .info: logger.logLevel = .info
        case .warning: logger.logLevel = .warning
        case .error: logger.logLevel = .error
        }
        return logger
    }

    private func memoryLine(_ model: LoadedModel, _ configuration: ServerConfiguration) -> String {
        let cache = try? KVCache(
            layerCount: model.network.shape.layerCount,
            blockCount: configuration.blockCount,
            shape: model.network.shape
        ).byteCount
        return String(
            format:
                "weights %@ %.0f MB, KV cache %.0f MB for %d tokens, %d sequences of up to %d tokens, "
                + "audits %.0f MB",
            model.weights.rawValue,
            Double(model.network.weightByteCount) / 1e6,
            Double(cache ?? 0) / 1e6,
            configuration.blockCount * KVCache.defaultBlockSize,
            configuration.maxNumSeqs,
            configuration.maxModelLength,
            Double(
                configuration.safeguards.auditByteCount(
                    vocabularySize: model.network.vocabularySize
                )
            ) / 1e6
        )
    }
}
