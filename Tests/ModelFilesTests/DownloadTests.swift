import Foundation
import NIOCore
import Synchronization
import Testing

@testable import ModelFiles

@Suite("Download", .tags(.endToEnd))
struct DownloadTests {
    private static let contents = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }

    /// What a download left behind, and how it came about.
    private struct Outcome {
        let error: ModelFileError?
        let file: [UInt8]
        let requests: [MisbehavingServer.Request]
        let progress: [[Int]]
    }

    private func download(
        _ script: [MisbehavingServer.Behaviour],
        existing: [UInt8] = [],
        limit: Int = contents.count,
        timeout: TimeAmount = .seconds(20)
    ) async throws -> Outcome {
        try await MisbehavingServer.run(Self.contents, script) { server in
            try await withTemporaryFolder { folder in
                let url = folder.appending(path: "x.partial")
                try Data(existing).write(to: url)
                let progress = Mutex<[[Int]]>([])
                let source = try DownloadSource(server.address + "/wheel")
                let download = Download(
                    source: source,
                    path: url.path,
                    limit: limit,
                    retryDelays: [.zero, .zero],
                    timeout: timeout,
                    environment: [:]
                )
                var error: ModelFileError?
                do throws(ModelFileError) {
                    try await download.run { received, total in
                        progress.withLock { $0.append([received, total ?? -1]) }
                    }
                } catch let failure {
                    error = failure
                }
                return Outcome(
                    error: error,
                    file: Array(try Data(contentsOf: url)),
                    requests: server.requests,
                    progress: progress.withLock { $0 }
                )
            }
        }
    }

    @Test("fetches a file, and reports every byte of it")
    func fetches() async throws {
        let outcome = try await download([.serve])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.map(\.range) == [nil])
        #expect(outcome.progress.first == [0, 300_000])
        #expect(outcome.progress.last == [300_000, 300_000])
        #expect(outcome.progress.map { $0[0] } == outcome.progress.map { $0[0] }.sorted())
    }

    @Test("resumes after connections that break in the middle")
    func resumes() async throws {
        let outcome = try await download([.breakAfter(100_000), .breakAfter(50_000), .serve])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.count == 3)
        // How much of a part that breaks off gets through is up to the network.
        let starts = outcome.requests.map {
            Int(($0.range ?? "bytes=0-").dropFirst(6).dropLast()) ?? -1
        }
        #expect(starts[0] == 0 && starts[1] <= 100_000 && starts[2] <= 150_000)
        #expect(starts[1] >= 0 && starts[2] >= starts[1])
        #expect(outcome.progress.map { $0[0] } == outcome.progress.map { $0[0] }.sorted())
    }

    @Test("resumes what an earlier pull left behind")
    func resumesFile() async throws {
        let outcome = try await download([.serve], existing: Array(Self.contents[..<1000]))
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.map(\.range) == ["bytes=1000-"])
        #expect(outcome.progress.first == [1000, 300_000])
    }

    @Test("starts over when the server ignores the range")
    func startsOver() async throws {
        let outcome = try await download([.ignoreRange], existing: [9, 9, 9])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.count == 1)
    }

    @Test(
        "starts over when the server sends another range",
        arguments: ["bytes 0-299999/300000", "bytes 3-1/9", "bytes 3-9/5", "nonsense"]
    )
    func otherRange(value: String) async throws {
        let outcome = try await download([.contentRange(value), .serve], existing: [9, 9, 9])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.map(\.range) == ["bytes=3-", nil])
    }

    @Test("is content with a file that is whole already")
    func whole() async throws {
        let outcome = try await download([.serve], existing: Self.contents)
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.map(\.range) == ["bytes=300000-"])
    }

    @Test("starts over when the server has no such range, or the file is too long")
    func tooLong() async throws {
        let refused = try await download([.status(416), .serve], existing: [1])
        #expect(refused.error == nil)
        #expect(refused.file == Self.contents)
        let long = try await download([.serve], existing: Self.contents + [1])
        #expect(long.error == nil)
        #expect(long.file == Self.contents)
        #expect(long.requests.map(\.range) == [nil])
    }

    @Test("tries again after errors that may pass", arguments: [500, 503, 429, 408])
    func triesAgain(status: Int) async throws {
        let outcome = try await download([.status(status), .serve])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.count == 2)
    }

    @Test("gives up at once on errors that stay", arguments: [400, 401, 403, 404, 410])
    func givesUp(status: Int) async throws {
        let outcome = try await download([.status(status)])
        guard case .httpStatus(let address, status) = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
        #expect(address.hasSuffix("/wheel"))
        #expect(outcome.requests.count == 1)
    }

    @Test("gives up after three attempts, and says why")
    func attempts() async throws {
        let outcome = try await download([.status(502)])
        guard case .connection(_, 3, let reason) = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
        #expect(reason == "the server answered with status 502")
        let silent = try await download([.hangUp])
        guard case .connection(_, 3, _) = silent.error else {
            Issue.record("another error: \(silent.error as Any)")
            return
        }
        #expect(silent.requests.count >= 3)
    }

    @Test("tries again when a connection goes silent")
    func silence() async throws {
        let outcome = try await download(
            [.stallAfter(1000), .serve],
            timeout: .milliseconds(300)
        )
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.last?.range == "bytes=1000-")
    }

    @Test("keeps what arrived of a body that is cut short")
    func truncated() async throws {
        let outcome = try await download([.breakAfter(10)])
        guard case .connection(_, 3, _) = outcome.error else {
            Issue.record("another error: \(outcome.error as Any)")
            return
        }
        // Three times ten bytes, less what a breaking connection swallowed.
        #expect(outcome.file.count <= 30)
        #expect(outcome.file[...] == Self.contents.prefix(outcome.file.count))
    }

    @Test("refuses more bytes than the file has")
    func limit() async throws {
        let announced = try await download([.serve], limit: 1000)
        guard case .wrongSize(_, 1000, 300_000) = announced.error else {
            Issue.record("another error: \(announced.error as Any)")
            return
        }
        let silent = try await download([.chunked], limit: 1000)
        guard case .wrongSize(_, 1000, _) = silent.error else {
            Issue.record("another error: \(silent.error as Any)")
            return
        }
    }

    @Test("fetches a file whose size the server does not say")
    func chunked() async throws {
        let outcome = try await download([.chunked])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.progress.last == [300_000, -1])
    }

    @Test("follows redirects")
    func redirects() async throws {
        let outcome = try await download([.status(302, headers: ["location": "/other"]), .serve])
        #expect(outcome.error == nil)
        #expect(outcome.file == Self.contents)
        #expect(outcome.requests.map(\.path) == ["/wheel", "/other"])
    }

    @Test("says so when nobody listens")
    func nobody() async throws {
        let address = try await MisbehavingServer.run([], [.serve]) { $0.address }
        try await withTemporaryFolder { folder in
            let download = Download(
                source: try DownloadSource(address + "/wheel?token=secret"),
                path: folder.appending(path: "x").path,
                limit: 10,
                retryDelays: [],
                environment: [:]
            )
            let error = await #expect(throws: ModelFileError.self) {
                try await download.run { _, _ in }
            }
            guard case .connection(address + "/wheel", 1, _) = error else {
                Issue.record("another error: \(error as Any)")
                return
            }
        }
    }

    @Test(
        "says so when the disk is full",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))
    )
    func fullDisk() async throws {
        try await MisbehavingServer.run(Self.contents, [.serve]) { server in
            let download = Download(
                source: try DownloadSource(server.address),
                path: "/dev/full",
                limit: Self.contents.count,
                retryDelays: [],
                environment: [:]
            )
            let error = await #expect(throws: ModelFileError.self) {
                try await download.run { _, _ in }
            }
            guard case .diskFull("/dev/full", _, nil) = error else {
                Issue.record("another error: \(error as Any)")
                return
            }
        }
    }

    @Test("stops when its task is cancelled, and keeps what arrived")
    func cancellation() async throws {
        try await MisbehavingServer.run(Self.contents, [.stallAfter(1000)]) { server in
            try await withTemporaryFolder { folder in
                let path = folder.appending(path: "x.partial").path
                let source = try DownloadSource(server.address)
                let (arrivals, arrived) = AsyncStream.makeStream(of: Int.self)
                let task = Task { () async -> ModelFileError? in
                    let download = Download(
                        source: source,
                        path: path,
                        limit: Self.contents.count,
                        environment: [:]
                    )
                    do throws(ModelFileError) {
                        try await download.run { received, _ in arrived.yield(received) }
                        return nil
                    } catch {
                        return error
                    }
                }
                for await count in arrivals where count == 1000 { break }
                task.cancel()
                #expect(await task.value == .cancelled(path: path))
                #expect(fileSize(path) == 1000)
            }
        }
    }
}
