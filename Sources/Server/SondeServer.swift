import CoreMetrics
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import ProbeScheduler
public import Runtime
import ServiceLifecycle
import Tokenizers
import UnixSignals

/// The HTTP server and its engine.
public struct SondeServer: Sendable {
    private let model: LoadedModel
    private let configuration: ServerConfiguration
    private let makePruning: @Sendable () throws -> EnginePruning
    private let logger: Logger

    /// - Parameters:
    ///   - model: The model to serve.
    ///   - configuration: What the operator chose.
    ///   - logger: Where the server says what it does.
    ///   - pruning: How to prune; called on the engine's thread, whose state it becomes.
    public init(
        model: LoadedModel,
        configuration: ServerConfiguration,
        logger: Logger,
        pruning: @escaping @Sendable () throws -> EnginePruning
    ) {
        self.model = model
        self.configuration = configuration
        self.logger = logger
        makePruning = pruning
    }

    /// Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once.
    ///
    /// - Parameters:
    ///   - handlesSignals: Whether signals end it; without, only cancellation of the task does.
    ///   - onListening: Told the port once the server listens.
    /// - Throws: When the engine cannot start or the port is taken.
    public func run(
        handlesSignals: Bool = true,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws {
        let metrics = ServerMetrics()
        let mailbox = EngineMailbox(
            maxWaitingRequests: configuration.maxWaitingRequests,
            maxWaitingTokens: configuration.maxWaitingTokens,
            defaultRatio: configuration.pruneRatio
        )
        try await startEngine(mailbox, metrics)
        let activity = ActivityCounter()
        let routes = Routes(
            reader: CallReader(
                model: model,
                chatTemplate: try? model.chatTemplate(),
                configuration: configuration,
                defaultRatio: { mailbox.defaultRatio }
            ),
            generator: Generator(
                mailbox: mailbox,
                model: model,
                configuration: configuration,
                activity: activity
            ),
            mailbox: mailbox,
            metrics: metrics
        )
        let application = Application(
            router: routes.router(),
            server: try protocols(),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "sonde"
            ),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        let drain = DrainService(
            mailbox: mailbox,
            activity: activity,
            timeout: configuration.shutdownTimeout,
            handlesSignals: handlesSignals,
            logger: logger
        )
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: application),
                    .init(
                        service: drain,
                        successTerminationBehavior: .gracefullyShutdownGroup
                    ),
                ],
                gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [],
                logger: logger
            )
        )
        defer { mailbox.stop() }
        try await group.run()
    }

    /// HTTP/1.1, inside TLS when there is a certificate.
    private func protocols() throws -> HTTPServerBuilder {
        let http1 = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionWatch()],
                idleTimeout: .nanoseconds(Int64(configuration.idleTimeout.seconds * 1e9))
            )
        )
        guard let tls = configuration.tls else { return http1 }
        return try .tls(http1, tlsConfiguration: TLSFiles(tls).configuration)
    }

    /// Starts the engine's thread; returns when it takes work.
    private func startEngine(_ mailbox: EngineMailbox, _ metrics: ServerMetrics) async throws {
        let (model, configuration, makePruning) = (model, configuration, makePruning)
        let logger = logger
        try await withCheckedThrowingContinuation {
            (started: CheckedContinuation<Void, any Error>) in
            EngineThread.start {
                let loop: EngineLoop
                do {
                    let engine = try Engine(
                        model: model,
                        pruning: try makePruning(),
                        configuration: configuration.scheduler,
                        seed: .random(in: 0...UInt64.max),
                        safeguards: configuration.safeguards
                    )
                    loop = EngineLoop(
                        engine: engine,
                        mailbox: mailbox,
                        metrics: metrics,
                        controller: configuration.controller,
                        logger: logger
                    )
                } catch {
                    mailbox.end("\(error)")
                    started.resume(throwing: error)
                    return
                }
                mailbox.begin()
                started.resume()
                loop.run()
            }
        }
    }
}

extension ServerConfiguration {
    /// The scheduler's bounds.
    var scheduler: SchedulerConfiguration {
        SchedulerConfiguration(
            maxNumSeqs: maxNumSeqs,
            maxNumBatchedTokens: maxNumBatchedTokens,
            maxModelLength: maxModelLength,
            blockSize: KVCache.defaultBlockSize,
            blockCount: blockCount,
            maskScope: maskScope
        )
    }

    /// What raises the ratio while a target is missed.
    var controller: RatioController {
        RatioController(
            base: pruneRatio,
            cap: maxPruneRatio,
            timeToFirstToken: targetTimeToFirstToken?.seconds,
            interTokenLatency: targetInterTokenLatency?.seconds
        )
    }
}
