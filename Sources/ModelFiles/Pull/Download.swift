import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// What a transfer reports: bytes that are here, and bytes that there will be, if known.
public typealias PullProgress = @Sendable (_ received: Int, _ total: Int?) -> Void

/// Fetches one file over HTTP, resuming where an earlier attempt stopped.
struct Download: Sendable {
    /// What is fetched.
    let source: DownloadSource

    /// Gets the bytes; whatever it holds already is taken to be the start of the file.
    let path: String

    /// The most bytes that are taken.
    let limit: Int

    /// Waits between attempts; one attempt more than there are waits.
    var retryDelays: [Duration] = [.milliseconds(500), .seconds(2), .seconds(4), .seconds(8)]

    /// How long a connection may take to come about, and then be silent.
    var timeout = TimeAmount.seconds(60)

    /// Proxies are found here.
    var environment = ProcessInfo.processInfo.environment

    /// What servers say about a file beside its bytes.
    struct Answer: Sendable, Equatable {
        /// SHA-256 of the file, if they say it.
        var sha256: String?
        /// The address in `Link: <…>; rel="next"`: what follows a part of a listing.
        var next: String?
    }

    /// Fetches the file.
    ///
    /// - Throws: `ModelFileError`; what has arrived stays in the file, for the next attempt.
    @discardableResult
    func run(progress: PullProgress) async throws(ModelFileError) -> Answer {
        var configuration = HTTPClient.Configuration(
            timeout: .init(connect: min(timeout, .seconds(30)), read: timeout)
        )
        // The attempts are counted here, and their failures reported.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = source.proxy(environment: environment)
        // Followed here, so that what the servers on the way say about the file is heard, and no
        // token goes to another server.
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: configuration
        )
        let result = await attempts(client, progress)
        try? await client.shutdown()
        return try result.get()
    }

    private func attempts(
        _ client: HTTPClient,
        _ progress: PullProgress
    ) async -> Result<Answer, ModelFileError> {
        var reason = ""
        for delay in retryDelays.map(Optional.some) + [nil] {
            var demanded = Duration.zero
            do {
                return .success(try await attempt(client, progress))
            } catch let error as ModelFileError {
                return .failure(error)
            } catch let failure as TransientFailure {
                reason = failure.reason
                demanded = failure.delay
            } catch {
                reason = String(describing: error)
            }
            guard !Task.isCancelled else { return .failure(.cancelled(path: path)) }
            guard let delay else { break }
            try? await Task.sleep(for: max(delay, demanded))
        }
        guard !Task.isCancelled else { return .failure(.cancelled(path: path)) }
        let attempts = retryDelays.count + 1
        return .failure(
            .connection(address: source.shownAddress, attempts: attempts, reason: reason)
        )
    }

    /// A failure that another attempt may mend.
    private struct TransientFailure: Error {
        let reason: String
        /// What the server asks to wait before the next attempt.
        var delay = Duration.zero
    }

    private func attempt(_ client: HTTPClient, _ progress: PullProgress) async throws -> Answer {
        var output = try OutputFile(appendingTo: path)
        if output.count > limit { try output.clear() }
        let (response, answer) = try await response(client, from: output.count)
        let total = try interpret(response, output: &output)
        progress(output.count, total)
        for try await part in response.body {
            try Task.checkCancellation()
            guard part.readableBytes <= limit - output.count else {
                throw ModelFileError.wrongSize(
                    path: source.shownAddress,
                    expected: limit,
                    found: output.count + part.readableBytes
                )
            }
            try output.write(part.readableBytesView)
            progress(output.count, total)
        }
        guard total == nil || total == output.count else {
            throw TransientFailure(reason: "\(output.count) of \(total ?? 0) bytes arrived")
        }
        try output.synchronize()
        return answer
    }

    /// Servers that send us on to another one, at most.
    private static let redirectLimit = 5

    /// Asks for the file, wherever the servers say that it lies.
    private func response(
        _ client: HTTPClient,
        from offset: Int
    ) async throws -> (response: HTTPClientResponse, answer: Answer) {
        var source = source
        var answer = Answer()
        for _ in 0...Self.redirectLimit {
            let response = try await client.execute(
                source.request(from: offset),
                deadline: .distantFuture
            )
            for name in ["x-linked-etag", "etag"] where answer.sha256 == nil {
                answer.sha256 = response.headers.first(name: name).flatMap(Self.sha256)
            }
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                answer.next = response.headers["link"].lazy.compactMap(Self.next).first
                return (response, answer)
            }
            let location = response.headers.first(name: "location") ?? ""
            guard let next = source.redirected(to: location) else {
                throw ModelFileError.badRedirect(
                    address: source.shownAddress,
                    reason: "it names no address that can be followed"
                )
            }
            source = next
        }
        throw ModelFileError.badRedirect(
            address: self.source.shownAddress,
            reason: "more than \(Self.redirectLimit) one after the other"
        )
    }

    /// The SHA-256 in an entity tag; nil when it is another kind of tag.
    static func sha256(_ tag: String) -> String? {
        var tag = tag[...]
        if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
        let digits = tag.filter { $0 != "\"" }.lowercased()
        return digits.wholeMatch(of: /[0-9a-f]{64}/).map { String($0.0) }
    }

    /// The address of `<…>; rel="next"` in a header of several links.
    static func next(_ links: String) -> String? {
        links.firstMatch(of: /<([^<>]*)>\s*(?:;[^,<]*)?;\s*rel="?next"?\s*(?:[,;]|$)/)
            .map { String($0.1) }
    }

    /// Checks status and range, and empties the file when the server starts over.
    ///
    /// - Returns: The size of the whole file, if the server says it.
    private func interpret(
        _ response: HTTPClientResponse,
        output: inout OutputFile
    ) throws -> Int? {
        let length = response.headers.first(name: "content-length").flatMap(Int.init)
        switch response.status.code {
        case 200:
            try output.clear()
            return try checked(length)
        case 206:
            let value = response.headers.first(name: "content-range") ?? ""
            guard let range = ContentRange(value), range.first == output.count else {
                try output.clear()
                throw TransientFailure(reason: "the server sent the range \(value)")
            }
            return try checked(range.total ?? length.map { $0 + output.count })
        case 416:
            // Nothing lies behind what we have: it is whole, or it is something else.
            let value = response.headers.first(name: "content-range") ?? ""
            if let total = ContentRange.unsatisfiedTotal(value), total == output.count {
                return total
            }
            try output.clear()
            throw TransientFailure(reason: "the server has no such range")
        case 408, 429, 500...599:
            // A server that asks for more patience than a minute is not waited for that long.
            let seconds = response.headers.first(name: "retry-after").flatMap(Int.init) ?? 0
            throw TransientFailure(
                reason: "the server answered with status \(response.status.code)",
                delay: .seconds(min(max(seconds, 0), 60))
            )
        default:
            throw ModelFileError.httpStatus(
                address: source.shownAddress,
                status: Int(response.status.code)
            )
        }
    }

    private func checked(_ total: Int?) throws -> Int? {
        guard let total, total > limit || total < 0 else { return total }
        throw ModelFileError.wrongSize(path: source.shownAddress, expected: limit, found: total)
    }
}

/// The header `Content-Range: bytes FIRST-LAST/TOTAL`.
struct ContentRange: Equatable {
    let first: Int
    let last: Int
    let total: Int?

    init?(_ value: String) {
        guard let match = value.wholeMatch(of: /bytes (\d+)-(\d+)\/(\d+|\*)/),
            let first = Int(match.1), let last = Int(match.2), first <= last
        else { return nil }
        self.first = first
        self.last = last
        total = Int(match.3)
        if let total, last >= total { return nil }
    }

    /// The total of `bytes */TOTAL`, with which a server refuses a range.
    static func unsatisfiedTotal(_ value: String) -> Int? {
        value.wholeMatch(of: /bytes \*\/(\d+)/).flatMap { Int($0.1) }
    }
}
