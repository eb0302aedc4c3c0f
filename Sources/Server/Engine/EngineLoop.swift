import Logging
import ProbeScheduler
import Runtime

/// The one thread that owns the model's state: takes messages, runs steps, publishes outputs.
final class EngineLoop {
    /// A request under way.
    private struct Member {
        let channel: OutputChannel
        let choice: Int
        let maskClass: MaskClass?
        let promptTokenCount: Int
        let scoresPromptOnly: Bool
        let arrival: ContinuousClock.Instant
        var isRunning = false
        var firstToken: ContinuousClock.Instant?
        var lastToken: ContinuousClock.Instant?
        var sampledCount = 0
    }

    private let engine: Engine
    private let mailbox: EngineMailbox
    private let metrics: ServerMetrics
    private var members: [RequestID: Member] = [:]
    /// Members that do not run yet, in no order.
    private var queued: Set<RequestID> = []
    private var isStopping = false
    private var controller: RatioController
    private let logger: Logger
    private let start = ContinuousClock.now
    private var lastUpdate = ContinuousClock.now
    private var hasToldBreach = false

    /// Time between two updates of the metrics that only the engine knows.
    private static let updateInterval = Duration.milliseconds(250)

    init(
        engine: Engine,
        mailbox: EngineMailbox,
        metrics: ServerMetrics,
        controller: RatioController,
        logger: Logger
    ) {
        self.controller = controller
        self.logger = logger
        self.engine = engine
        self.mailbox = mailbox
        self.metrics = metrics
    }

    /// Runs until it is told to stop.
    func run() {
        engine.onLayer = { [mailbox] in mailbox.tick() }
        mailbox.tick(engine.statistics)
        metrics.update(engine, controller)
        while !isStopping {
            let isIdle = !engine.hasWork
            for message in mailbox.take(isIdle: isIdle) { obey(message) }
            // Nothing has come for half a second: time to look at what pruning does to answers.
            if isIdle, !engine.hasWork, engine.hasAudit, !isStopping { engine.startAudit() }
            if engine.hasWork, !isStopping { step() }
            mailbox.tick(engine.statistics)
            updateMetrics()
        }
        let reason = APIError.unavailable("the server is shutting down")
        for id in members.keys { finish(id, failure: reason, outcome: "abort") }
        mailbox.tick(engine.statistics)
        mailbox.end("it was told to")
    }

    private func updateMetrics() {
        let now = ContinuousClock.now
        guard now - lastUpdate >= Self.updateInterval else { return }
        lastUpdate = now
        controller.update(at: (now - start).seconds)
        if controller.isActive, controller.ratio != mailbox.defaultRatio {
            logger.info("pruning ratio moved", metadata: ["ratio": "\(controller.ratio)"])
            mailbox.defaultRatio = controller.ratio
        }
        let divergence = engine.statistics.divergence
        if divergence.isBreached, !hasToldBreach {
            hasToldBreach = true
            logger.warning(
                "pruned answers diverge too far from dense ones: everything runs dense from now on",
                metadata: ["kl": "\(divergence.mean.kullbackLeibler)"]
            )
        }
        metrics.update(engine, controller)
    }

    // MARK: - Messages

    private func obey(_ message: EngineMailbox.Message) {
        switch message {
        case .submit(let requests, let channel):
            for (choice, request) in requests.enumerated() {
                add(request, channel, choice: choice)
            }
        case .cancel(let ids):
            for id in ids where members[id] != nil {
                finish(id, failure: .unavailable("the request was cancelled"), outcome: "abort")
            }
        case .stop:
            isStopping = true
        }
    }

    private func add(_ request: Request, _ channel: OutputChannel, choice: Int) {
        members[request.id] = Member(
            channel: channel,
            choice: choice,
            maskClass: request.maskClass,
            promptTokenCount: request.promptTokens.count,
            scoresPromptOnly: request.sampling.maxTokens == 0,
            arrival: .now
        )
        queued.insert(request.id)
        do {
            try engine.add(request)
        } catch {
            finish(request.id, failure: .invalid("prompt", "\(error)"), outcome: "error")
        }
    }

    // MARK: - Steps

    private func step() {
        let outputs: [EngineOutput]
        do {
            outputs = try engine.step()
        } catch {
            metrics.countStepFailure()
            for id in engine.currentMembers {
                finish(id, failure: .internalError("\(error)"), outcome: "error")
            }
            return
        }
        let now = ContinuousClock.now
        for id in engine.currentMembers where queued.contains(id) { start(id, at: now) }
        for output in outputs { publish(output, at: now) }
    }

    /// Notes that a request has left the queue; its first chunk has just run.
    private func start(_ id: RequestID, at now: ContinuousClock.Instant) {
        queued.remove(id)
        mailbox.leaveQueue(id)
        if let member = members[id] { metrics.countStart(waited: now - member.arrival) }
    }

    private func publish(_ output: EngineOutput, at now: ContinuousClock.Instant) {
        guard var member = members[output.id] else { return }
        let delta = OutputDelta(output, scoresPromptOnly: member.scoresPromptOnly)
        if let last = member.lastToken {
            metrics.countToken(after: now - last)
            controller.observe(interTokenLatency: (now - last).seconds)
        } else {
            metrics.countFirstToken(after: now - member.arrival)
            controller.observe(timeToFirstToken: (now - member.arrival).seconds)
            member.firstToken = now
        }
        member.lastToken = now
        member.sampledCount += delta.sampledCount
        members[output.id] = member
        member.channel.publish(delta, choice: member.choice)
        if let reason = output.finishReason {
            metrics.countFinish(
                promptTokens: member.promptTokenCount,
                generatedTokens: member.sampledCount,
                after: now - member.arrival,
                ratio: member.maskClass?.ratio ?? 0
            )
            forget(output.id, outcome: reason.rawValue)
        }
    }

    // MARK: - Ends

    /// Ends a request before its time.
    private func finish(_ id: RequestID, failure: APIError, outcome: String) {
        engine.abort(id)
        members[id]?.channel.fail(failure)
        forget(id, outcome: outcome)
    }

    private func forget(_ id: RequestID, outcome: String) {
        guard members.removeValue(forKey: id) != nil else { return }
        queued.remove(id)
        mailbox.close(id)
        metrics.countOutcome(outcome)
    }
}
