import Foundation
import ProbeScheduler
import Runtime
import Testing

@testable import Server

@Suite("EngineMailbox")
struct EngineMailboxTests {
    private func call(_ promptTokens: Int, n: Int = 1) -> GenerationCall {
        GenerationCall(
            kind: .completion,
            prompts: [[Int32](repeating: 1, count: promptTokens)],
            choiceCount: n,
            sampling: SamplingParameters(),
            maskClass: .dense,
            priority: 0,
            logprobs: nil,
            echo: false,
            stream: false,
            includesUsage: false
        )
    }

    private func mailbox() -> EngineMailbox {
        let mailbox = EngineMailbox(maxWaitingRequests: 4, maxWaitingTokens: 100)
        mailbox.begin()
        return mailbox
    }

    @Test("requests and prompt tokens that wait are bounded; what runs does not count")
    func bounds() throws {
        let mailbox = mailbox()
        let (_, ids) = try mailbox.submit(call(10, n: 3))
        #expect(ids.count == 3)
        #expect(throws: APIError.self) { try mailbox.submit(call(1, n: 2)) }
        #expect(throws: APIError.self) { try mailbox.submit(call(71)) }
        #expect(mailbox.statistics.waitingCount == 3)
        for id in ids { mailbox.leaveQueue(id) }
        #expect(mailbox.acceptedCount == 3)
        _ = try mailbox.submit(call(90, n: 1))
        #expect(mailbox.statistics.waitingCount == 1)
        for id in ids { mailbox.close(id) }
        #expect(mailbox.acceptedCount == 1)
    }

    @Test("a prompt above the bound of tokens still has its turn in an empty queue")
    func longPrompt() throws {
        let mailbox = mailbox()
        _ = try mailbox.submit(call(500))
        #expect(throws: APIError.self) { try mailbox.submit(call(1)) }
    }

    @Test("refuses with 503 while loading, draining and after the end")
    func phases() {
        let mailbox = EngineMailbox(maxWaitingRequests: 4, maxWaitingTokens: 100)
        func status() -> Int? {
            do {
                _ = try mailbox.submit(call(1))
                return nil
            } catch {
                return error.status
            }
        }
        #expect(status() == 503)
        mailbox.begin()
        #expect(status() == nil)
        mailbox.drain()
        #expect(status() == 503)
        mailbox.end("test")
        #expect(status() == 503)
        #expect(mailbox.phase == .stopped("test"))
    }

    @Test("names are given once, and messages come out in order, once")
    func messages() throws {
        let mailbox = mailbox()
        let (_, first) = try mailbox.submit(call(1, n: 2))
        let (_, second) = try mailbox.submit(call(1))
        #expect(Set(first + second).count == 3)
        mailbox.cancel(first)
        let messages = mailbox.take(isIdle: true)
        #expect(messages.count == 3)
        guard case .cancel(let ids) = messages[2] else {
            Issue.record("the last message is no cancellation")
            return
        }
        #expect(ids == first)
        #expect(mailbox.take(isIdle: false).isEmpty)
    }

    @Test("a stall is seen only while work is there")
    func stall() throws {
        let mailbox = mailbox()
        let later = ContinuousClock.now + .seconds(10)
        #expect(mailbox.stall(at: later) == nil)
        _ = try mailbox.submit(call(1))
        let stall = try #require(mailbox.stall(at: later))
        #expect(stall > .seconds(9))
        Thread.sleep(forTimeInterval: 0.01)
        mailbox.tick()
        #expect(try #require(mailbox.stall(at: later)) < stall)
    }
}
