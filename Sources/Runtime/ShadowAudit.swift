import Foundation
import Kernels
import ProbeScheduler

/// Scores some pruned answers again, densely, to tell how far they were from the dense model's.
///
/// While a chosen request is answered, its first rows of logits are kept as they were served. When the
/// engine is idle its tokens run once more without a mask, as a request of the lowest priority whose
/// prompt is the answer, and the rows are compared. Memory is bounded: so many rows of so many requests.
struct ShadowAudit {
    /// One answer, with what the pruned model predicted.
    private struct Recording {
        let promptTokenCount: Int
        var tokens: [Int32]
        /// Shape `[rows, vocabulary]`; row `i` predicted token `promptTokenCount + i`.
        var rows: [[Float]] = []
        var sum = AnswerDivergence(topAgreement: 0)
        var comparedCount = 0
    }

    /// Rows kept of one answer.
    static let rowLimit = 16
    /// Answers kept at once.
    static let recordingLimit = 4

    private let rate: Double
    private var generator: SplitMix64
    private var recording: [RequestID: Recording] = [:]
    private var finished: [Recording] = []
    private var running: [RequestID: Recording] = [:]
    private var startedCount = 0

    init(rate: Double, seed: UInt64) {
        self.rate = rate
        generator = SplitMix64(seed: seed)
    }

    /// Bytes that the kept rows take at most.
    static func byteLimit(vocabularySize: Int) -> Int {
        recordingLimit * rowLimit * vocabularySize * MemoryLayout<Float>.size
    }

    /// Whether an answer waits to be scored again.
    var hasFinished: Bool { !finished.isEmpty }

    // MARK: - While an answer is served

    /// Chooses a pruned request or leaves it.
    mutating func consider(_ request: Request) {
        let heldCount = recording.count + finished.count + running.count
        guard rate > 0, request.maskClass != .dense, request.sampling.maxTokens > 0,
            heldCount < Self.recordingLimit,
            Double.random(in: 0..<1, using: &generator) < rate
        else { return }
        recording[request.id] = Recording(
            promptTokenCount: request.promptTokens.count,
            tokens: request.promptTokens
        )
    }

    /// Keeps the logits that a token was sampled from.
    mutating func record(_ id: RequestID, _ logits: Span<Float>, sampled token: Int32) {
        guard let held = recording[id], held.rows.count < Self.rowLimit else { return }
        recording[id]?.rows.append((0..<logits.count).map { logits[$0] })
        recording[id]?.tokens.append(token)
    }

    /// Takes a request that has been answered into the queue.
    mutating func finish(_ id: RequestID) {
        guard let held = recording.removeValue(forKey: id), !held.rows.isEmpty else { return }
        finished.append(held)
    }

    /// Forgets a request.
    mutating func forget(_ id: RequestID) {
        recording[id] = nil
        running[id] = nil
    }

    // MARK: - While it is scored again

    /// The request that runs the oldest answer again; its name is negative, as no client's is.
    mutating func next() -> Request? {
        guard !finished.isEmpty else { return nil }
        let held = finished.removeFirst()
        startedCount += 1
        let id = RequestID(-startedCount)
        running[id] = held
        var sampling = SamplingParameters()
        sampling.maxTokens = 0
        return Request(
            id: id,
            // The last token's own logits speak of what was never served.
            promptTokens: held.tokens.dropLast(),
            sampling: sampling,
            maskClass: .dense,
            priority: Scheduler.priorityRange.lowerBound
        )
    }

    /// Positions of a request's prompt whose logits are compared; empty: none.
    func positions(of id: RequestID) -> Range<Int> {
        guard let held = running[id] else { return 0..<0 }
        return (held.promptTokenCount - 1)..<(held.promptTokenCount - 1 + held.rows.count)
    }

    /// Compares the dense logits at a position with those served.
    ///
    /// - Returns: The answer's divergence, when this was its last row.
    mutating func compare(
        _ id: RequestID,
        _ dense: Span<Float>,
        at position: Int
    ) -> AnswerDivergence? {
        guard var held = running[id] else { return nil }
        let row = position - held.promptTokenCount + 1
        guard held.rows.indices.contains(row), held.rows[row].count == dense.count else {
            return nil
        }
        let token = Int(held.tokens[held.promptTokenCount + row])
        held.sum.add(Self.divergence(dense, held.rows[row], token: token))
        held.comparedCount += 1
        guard held.comparedCount == held.rows.count else {
            running[id] = held
            return nil
        }
        running[id] = nil
        return held.sum.divided(by: Double(held.comparedCount))
    }

    /// The divergence of one position.
    private static func divergence(
        _ dense: Span<Float>,
        _ served: [Float],
        token: Int
    ) -> AnswerDivergence {
        let (denseTop, denseNorm) = summary(dense.count) { dense[$0] }
        let (servedTop, servedNorm) = summary(served.count) { served[$0] }
        var divergence = 0.0
        for index in served.indices {
            let logDense = Double(dense[index]) - denseNorm
            divergence += exp(logDense) * (logDense - (Double(served[index]) - servedNorm))
        }
        let change =
            Double(served[token]) - servedNorm - (Double(dense[token]) - denseNorm)
        return AnswerDivergence(
            kullbackLeibler: max(0, divergence),
            topAgreement: denseTop == servedTop ? 1 : 0,
            logLikelihoodChange: change
        )
    }

    /// The index of the largest logit, and the logarithm of the sum of exponentials.
    private static func summary(_ count: Int, _ value: (Int) -> Float) -> (top: Int, norm: Double) {
        var top = 0
        for index in 0..<count where value(index) > value(top) { top = index }
        var total = 0.0
        for index in 0..<count { total += exp(Double(value(index) - value(top))) }
        return (top, Double(value(top)) + log(total))
    }
}

extension AnswerDivergence {
    fileprivate mutating func add(_ other: AnswerDivergence) {
        kullbackLeibler += other.kullbackLeibler
        topAgreement += other.topAgreement
        logLikelihoodChange += other.logLikelihoodChange
    }

    fileprivate func divided(by count: Double) -> AnswerDivergence {
        AnswerDivergence(
            kullbackLeibler: kullbackLeibler / count,
            topAgreement: topAgreement / count,
            logLikelihoodChange: logLikelihoodChange / count
        )
    }
}
