/// A run in figures, in the terms of vLLM's and NVIDIA's load generators.
///
/// Latencies and tokens are those of completed requests alone; rates are over the whole run.
public struct LoadReport: Sendable, Codable, Equatable {
    /// Where an answer's tokens were counted.
    public enum TokenCountSource: String, Sendable, Codable {
        /// By the server.
        case usage
        /// Here, one a chunk: a server may send several tokens in one.
        case chunks
        /// Some answers this way, some that.
        case mixed
    }

    /// Requests that kept every target.
    public struct Goodput: Sendable, Codable, Equatable {
        /// The targets, such as `ttft ≤ 500.0 ms`.
        public let targets: [String]
        /// Requests a second that kept them all.
        public let requestsPerSecond: Double
        /// Their share of all requests that ended, failed ones included.
        public let share: Double
    }

    /// Failures of one kind.
    public struct Failures: Sendable, Codable, Equatable {
        /// Such as `HTTP 429`.
        public let kind: String
        /// How many.
        public let count: Int
        /// What the first of them said.
        public let example: String
    }

    /// Requests of the plan.
    public let planned: Int
    /// With their whole answers.
    public let completed: Int
    /// Without.
    public let failed: Int
    /// Not sent, or cut off, because the run was interrupted.
    public let unfinished: Int
    /// Of the run.
    public let durationSeconds: Double
    /// Completed requests a second.
    public let requestsPerSecond: Double
    /// Tokens of answers a second.
    public let outputTokensPerSecond: Double
    /// Tokens of prompts, as far as the server counts them.
    public let promptTokens: Int
    /// Tokens of answers.
    public let outputTokens: Int
    /// Who counted them.
    public let outputTokensCountedBy: TokenCountSource
    /// Time to first token, in milliseconds.
    public let ttftMs: Distribution?
    /// Gaps between chunks, all of all requests, in milliseconds.
    public let itlMs: Distribution?
    /// Each request's mean time a token after the first, in milliseconds.
    public let tpotMs: Distribution?
    /// From sending to the last byte, in milliseconds.
    public let e2eMs: Distribution?
    /// How late requests were sent, in milliseconds, by the generator's own fault; open loops only.
    public let lagMs: Distribution?
    /// Nil when there are no targets.
    public let goodput: Goodput?
    /// The most frequent first.
    public let failures: [Failures]

    /// - Parameters:
    ///   - result: What was measured.
    ///   - targets: What a request must keep; empty: there is no goodput.
    ///   - isOpenLoop: Whether requests had times of their own.
    public init(_ result: LoadResult, targets: [GoodputTarget], isOpenLoop: Bool) {
        let done = result.records.filter { $0.outcome == .completed }
        let failed = result.records.compactMap { record -> RequestFailure? in
            if case .failed(let failure) = record.outcome { failure } else { nil }
        }
        let seconds = max(result.duration, .leastNormalMagnitude)
        planned = result.plannedCount
        completed = done.count
        self.failed = failed.count
        unfinished = result.plannedCount - done.count - failed.count
        durationSeconds = result.duration
        requestsPerSecond = Double(done.count) / seconds
        promptTokens = done.reduce(0) { $0 + ($1.promptTokenCount ?? 0) }
        outputTokens = done.reduce(0) { $0 + $1.outputTokenCount }
        outputTokensPerSecond = Double(outputTokens) / seconds
        outputTokensCountedBy = Self.source(done)
        func milliseconds(_ values: [Double]) -> Distribution? {
            Distribution(values.map { $0 * 1_000 })
        }
        ttftMs = milliseconds(done.compactMap(\.timeToFirstToken))
        itlMs = milliseconds(done.flatMap(\.interTokenLatencies))
        tpotMs = milliseconds(done.compactMap(\.meanInterTokenLatency))
        e2eMs = milliseconds(done.map(\.duration))
        lagMs = isOpenLoop ? milliseconds(result.records.map(\.lag)) : nil
        let good = done.filter { record in targets.allSatisfy { $0.isMet(by: record) } }.count
        goodput =
            targets.isEmpty
            ? nil
            : Goodput(
                targets: targets.map(\.description),
                requestsPerSecond: Double(good) / seconds,
                share: Double(good) / Double(max(1, done.count + failed.count))
            )
        failures = Self.grouped(failed)
    }

    private static func source(_ records: [RequestRecord]) -> TokenCountSource {
        let reported = records.filter { $0.reportedOutputTokenCount != nil }.count
        if reported == 0 { return .chunks }
        return reported == records.count ? .usage : .mixed
    }

    private static func grouped(_ failures: [RequestFailure]) -> [Failures] {
        Dictionary(grouping: failures, by: \.kind)
            .map { kind, all in
                Failures(kind: kind, count: all.count, example: all.first?.detail ?? "")
            }
            .sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
    }
}
