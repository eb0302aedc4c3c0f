import ProbeScheduler
import Runtime
import Testing

@testable import Server

@Suite("OutputChannel")
struct OutputChannelTests {
    private func delta(_ text: String, _ reason: FinishReason? = nil) -> OutputDelta {
        var delta = OutputDelta()
        delta.text = text
        delta.sampledCount = 1
        delta.finishReason = reason
        return delta
    }

    @Test("outputs that nobody has taken are merged, in order, by choice")
    func merges() async throws {
        let channel = OutputChannel(choiceCount: 2)
        for text in ["a", "b", "c"] { channel.publish(delta(text), choice: 0) }
        channel.publish(delta("x", .stop), choice: 1)
        let first = try #require(try await channel.next())
        #expect(first.map(\.choice) == [0, 1])
        #expect(first.map(\.delta.text) == ["abc", "x"])
        #expect(first[0].delta.sampledCount == 3)
        channel.publish(delta("d", .length), choice: 0)
        #expect(try await channel.next()?.map(\.delta.text) == ["d"])
        #expect(try await channel.next() == nil)
    }

    @Test("a failure comes after what was published before it")
    func fails() async throws {
        let channel = OutputChannel(choiceCount: 1)
        channel.publish(delta("a"), choice: 0)
        channel.fail(.internalError("broken"))
        #expect(try await channel.next()?.count == 1)
        await #expect(throws: APIError.internalError("broken")) { try await channel.next() }
    }

    @Test("a reader that waits is woken by cancellation")
    func cancellation() async {
        let channel = OutputChannel(choiceCount: 1)
        let task = Task { try await channel.next() == nil }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
