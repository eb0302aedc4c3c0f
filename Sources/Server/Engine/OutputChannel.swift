import Synchronization

/// Carries the outputs of one call's choices from the engine's thread to whoever answers the client.
///
/// The engine never waits: what the reader has not taken yet is merged, so a slow reader costs the
/// memory of its own answer and nobody's time.
final class OutputChannel: Sendable {
    private struct State {
        var pending: [OutputDelta]
        var unfinishedCount: Int
        var failure: APIError?
    }

    private let state: Mutex<State>
    private let signal: AsyncStream<Void>.Continuation
    private let signals: AsyncStream<Void>

    /// A channel of so many choices.
    init(choiceCount: Int) {
        state = Mutex(
            State(
                pending: [OutputDelta](repeating: OutputDelta(), count: choiceCount),
                unfinishedCount: choiceCount
            )
        )
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: - The engine's end

    /// Adds an output of one choice.
    func publish(_ delta: OutputDelta, choice: Int) {
        state.withLock { state in
            state.pending[choice].merge(delta)
            if delta.finishReason != nil { state.unfinishedCount -= 1 }
        }
        signal.yield()
    }

    /// Ends every choice with an error.
    func fail(_ error: APIError) {
        state.withLock { state in
            state.failure = state.failure ?? error
            state.unfinishedCount = 0
        }
        signal.yield()
    }

    // MARK: - The reader's end

    /// Outputs since the last call, by choice; waits for the first; nil after the end.
    ///
    /// - Throws: `APIError` when the engine has failed the call, `CancellationError` when the task has
    ///   been cancelled.
    func next() async throws -> [(choice: Int, delta: OutputDelta)]? {
        var iterator = signals.makeAsyncIterator()
        while true {
            let (deltas, isFinished) = try take()
            if !deltas.isEmpty { return deltas }
            if isFinished { return nil }
            guard await iterator.next() != nil, !Task.isCancelled else { throw CancellationError() }
        }
    }

    private func take() throws -> (deltas: [(choice: Int, delta: OutputDelta)], isFinished: Bool) {
        try state.withLock { state in
            let deltas = state.pending.enumerated().filter { !$0.element.isEmpty }
                .map { (choice: $0.offset, delta: $0.element) }
            for (choice, _) in deltas { state.pending[choice] = OutputDelta() }
            if deltas.isEmpty, let failure = state.failure { throw failure }
            return (deltas, state.unfinishedCount == 0)
        }
    }
}
