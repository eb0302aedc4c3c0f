import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import Runtime

/// Runs calls on the engine and answers them, streamed or whole.
struct Generator: Sendable {
    let mailbox: EngineMailbox
    let model: LoadedModel
    let configuration: ServerConfiguration
    /// Calls being answered, so that a drain waits for their last bytes.
    let activity: ActivityCounter

    /// Answers a call; a client that goes away ends it.
    ///
    /// - Throws: `APIError`.
    func respond(to call: GenerationCall, context: ServerContext) async throws -> Response {
        let connection = try await context.connectionState()
        let format = AnswerFormat(
            call: call,
            tokenizer: model.tokenizer,
            modelName: configuration.servedModelName,
            method: configuration.method
        )
        let (channel, ids) = try mailbox.submit(call)
        activity.enter()
        // Whichever comes first: the last byte, or the client's going, after which none is written.
        let ending = OneTimeAction { [mailbox, activity] in
            mailbox.cancel(ids)
            activity.leave()
        }
        let watch = connection.onClose { ending.run() }
        let end: @Sendable () -> Void = {
            connection.forget(watch)
            ending.run()
        }
        guard call.stream else {
            defer { end() }
            return try await answer(format, channel)
        }
        return stream(format, channel, end: end)
    }

    private func answer(_ format: AnswerFormat, _ channel: OutputChannel) async throws -> Response {
        var choices = [OutputDelta](repeating: OutputDelta(), count: format.call.totalChoiceCount)
        while let deltas = try await channel.next() {
            for (choice, delta) in deltas { choices[choice].merge(delta) }
        }
        return Response(json: format.answer(choices))
    }

    private func stream(
        _ format: AnswerFormat,
        _ channel: OutputChannel,
        end: @escaping @Sendable () -> Void
    ) -> Response {
        let body = ResponseBody { writer in
            defer { end() }
            do {
                try await Self.write(format, channel, to: &writer)
            } catch let error as APIError {
                // The status has been sent: the error is an event, and the last one.
                try await writer.write(Self.event(error.json))
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
            ],
            body: body
        )
    }

    private static func write(
        _ format: AnswerFormat,
        _ channel: OutputChannel,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var totals = [OutputDelta](repeating: OutputDelta(), count: format.call.totalChoiceCount)
        for choice in totals.indices {
            if let opening = format.opening(choice: choice) {
                try await writer.write(event(opening))
            }
        }
        while let deltas = try await channel.next() {
            var buffer = ByteBuffer()
            for (choice, delta) in deltas {
                totals[choice].sampledCount += delta.sampledCount
                totals[choice].work = delta.work ?? totals[choice].work
                // A chunk that says nothing is not sent: the token's text is still to come.
                let saysNothing =
                    delta.text.isEmpty && delta.finishReason == nil && format.call.logprobs == nil
                if !saysNothing { buffer.writeImmutableBuffer(event(format.chunk(choice, delta))) }
            }
            try await writer.write(buffer)
        }
        if format.call.includesUsage { try await writer.write(event(format.usageChunk(totals))) }
        try await writer.write(ByteBuffer(string: "data: [DONE]\n\n"))
    }

    private static func event(_ json: JSONValue) -> ByteBuffer {
        var buffer = ByteBuffer(string: "data: ")
        buffer.writeBytes(json.encoded)
        buffer.writeString("\n\n")
        return buffer
    }
}
