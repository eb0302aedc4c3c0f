import Foundation

/// How far one streamed answer has come.
struct StreamProgress {
    /// `[DONE]` has come: nothing follows.
    private var isDone = false
    private var hasFinishReason = false

    /// Whether the answer is whole; some servers end without `[DONE]`.
    var isComplete: Bool { isDone || hasFinishReason }

    /// Largest count of tokens that is believed.
    private static let countLimit = 1_000_000_000

    /// Takes one event.
    ///
    /// - Parameters:
    ///   - event: Its data.
    ///   - time: Seconds since the request was sent.
    ///   - record: Gains the chunk's time, and the usage.
    /// - Throws: `RequestFailure` for an error event, and for what is not a completion's chunk.
    mutating func take(
        _ event: [UInt8],
        at time: Double,
        into record: inout RequestRecord
    ) throws(RequestFailure) {
        guard !isDone else { return }
        if event.elementsEqual("[DONE]".utf8) {
            isDone = true
            return
        }
        guard let chunk = try? JSONDecoder().decode(CompletionChunk.self, from: Data(event)) else {
            let text = String(decoding: event.prefix(100), as: UTF8.self)
            throw .malformedStream("expected a chunk of a completion, found '\(text)'")
        }
        if let error = chunk.error { throw .errorEvent(error.message) }
        if chunk.hasText { record.chunkTimes.append(time) }
        if chunk.isLast { hasFinishReason = true }
        if let usage = chunk.usage {
            record.promptTokenCount = Self.count(usage.promptTokens) ?? record.promptTokenCount
            record.reportedOutputTokenCount =
                Self.count(usage.completionTokens) ?? record.reportedOutputTokenCount
        }
    }

    private static func count(_ value: Int?) -> Int? {
        value.flatMap { 0...countLimit ~= $0 ? $0 : nil }
    }
}
