import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Sends one streamed completion and measures it.
struct RequestRunner: Sendable {
    let client: HTTPClient
    let address: ServerAddress
    let options: RequestOptions

    /// Bytes of an error's body that are read.
    private static let errorByteLimit = 64 << 10
    /// Chunks of one answer that are believed.
    private static let chunkLimit = 1_000_000

    /// Runs a request to its end, whatever that is.
    ///
    /// - Parameters:
    ///   - planned: Its lengths.
    ///   - index: Its number, which decides its prompt.
    ///   - start: When the run began.
    /// - Returns: What was measured.
    func run(
        _ planned: PlannedRequest,
        index: Int,
        start: ContinuousClock.Instant
    ) async -> RequestRecord {
        var record = RequestRecord()
        do {
            let request = try httpRequest(planned, index: index)
            let sent = ContinuousClock.now
            record.sent = (sent - start) / .seconds(1)
            defer { record.duration = (ContinuousClock.now - sent) / .seconds(1) }
            try await stream(request, sent: sent, into: &record)
            record.outcome = .completed
        } catch {
            record.outcome = Self.outcome(of: error)
        }
        return record
    }

    private func httpRequest(
        _ planned: PlannedRequest,
        index: Int
    ) throws -> HTTPClientRequest {
        let body = CompletionBody(
            model: options.model,
            prompt: PromptText(seed: options.promptSeed)
                .prompt(ofRequest: index, wordCount: planned.promptTokenCount),
            maxTokens: planned.outputTokenCount,
            temperature: options.temperature,
            ignoresEndOfText: options.ignoresEndOfText ? true : nil,
            pruning: options.pruningRatio.map(CompletionBody.Pruning.init)
        )
        var request = HTTPClientRequest(url: address.url("/v1/completions"))
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "text/event-stream")
        if !options.keepsConnections { request.headers.add(name: "Connection", value: "close") }
        if let key = options.apiKey {
            request.headers.add(name: "Authorization", value: "Bearer \(key)")
        }
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        return request
    }

    /// Reads the answer; what has been measured stays in `record` when it breaks.
    private func stream(
        _ request: HTTPClientRequest,
        sent: ContinuousClock.Instant,
        into record: inout RequestRecord
    ) async throws {
        let response = try await client.execute(request, deadline: .now() + timeAmount)
        guard response.status == .ok else {
            let message = await Self.complaint(response.body)
            throw RequestFailure.status(Int(response.status.code), message)
        }
        let type = response.headers.first(name: "Content-Type") ?? ""
        guard type.lowercased().hasPrefix("text/event-stream") else {
            throw RequestFailure.malformedStream("expected text/event-stream, found '\(type)'")
        }
        var parser = ServerSentEventParser()
        var progress = StreamProgress()
        for try await buffer in response.body {
            let time = ContinuousClock.now - sent
            guard time < options.timeout else { throw RequestFailure.timedOut }
            for event in try parser.events(in: buffer.readableBytesView) {
                try progress.take(event, at: time / .seconds(1), into: &record)
            }
            guard record.chunkTimes.count <= Self.chunkLimit else {
                throw RequestFailure.malformedStream("more than \(Self.chunkLimit) chunks")
            }
        }
        // Read to its end, also behind `[DONE]`, so that the connection serves the next request.
        guard progress.isComplete else { throw RequestFailure.brokenStream }
    }

    private var timeAmount: TimeAmount {
        .nanoseconds(Int64(options.timeout / .nanoseconds(1)))
    }

    /// What a server says of a refusal.
    private static func complaint(_ body: HTTPClientResponse.Body) async -> String {
        guard let bytes = try? await body.collect(upTo: errorByteLimit) else { return "" }
        return ServerComplaint.message(ofBody: Array(bytes.readableBytesView))
    }

    private static func outcome(of error: any Error) -> RequestRecord.Outcome {
        if Task.isCancelled || error is CancellationError { return .unfinished }
        return .failed(RequestFailure(error))
    }
}
