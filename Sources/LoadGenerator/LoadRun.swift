public import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends a plan's requests to a server and measures each.
public struct LoadRun: Sendable {
    private let runner: RequestRunner

    /// - Parameters:
    ///   - client: With `configuration`, or what a test needs.
    ///   - address: The server.
    ///   - options: What all requests have in common.
    public init(client: HTTPClient, address: ServerAddress, options: RequestOptions) {
        runner = RequestRunner(client: client, address: address, options: options)
    }

    /// How a client must be set up for measuring: no limit on connections, no retries.
    ///
    /// - Parameter timeout: How long a server may be silent.
    /// - Returns: The client's configuration.
    public static func configuration(timeout: Duration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(10),
                read: .nanoseconds(Int64(timeout / .nanoseconds(1)))
            )
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 65_536
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// Runs the plan; cancelling the task ends it early, with what was measured so far.
    ///
    /// - Parameters:
    ///   - plan: What to send.
    ///   - onFinish: Called after each request, from any thread.
    /// - Returns: The records, in the order of their ends.
    public func callAsFunction(
        _ plan: LoadPlan,
        onFinish: @escaping @Sendable (RequestRecord) -> Void = { _ in }
    ) async -> LoadResult {
        let start = ContinuousClock.now
        let limit = max(1, plan.maxConcurrency ?? .max)
        let records = await withTaskGroup(of: RequestRecord.self) { group in
            var records: [RequestRecord] = []
            var startedCount = 0
            for (index, request) in plan.requests.enumerated() {
                if startedCount - records.count >= limit, let record = await group.next() {
                    records.append(record)
                }
                guard await Self.wait(until: start + request.arrival) else { break }
                group.addTask {
                    var record = await runner.run(request, index: index, start: start)
                    if plan.isOpenLoop {
                        record.lag = max(0, record.sent - request.arrival / .seconds(1))
                    }
                    onFinish(record)
                    return record
                }
                startedCount += 1
            }
            for await record in group { records.append(record) }
            return records
        }
        return LoadResult(
            plannedCount: plan.requests.count,
            records: records,
            duration: (ContinuousClock.now - start) / .seconds(1)
        )
    }

    /// Waits for a request's time; false when the run has been cancelled.
    private static func wait(until time: ContinuousClock.Instant) async -> Bool {
        if time > .now { try? await Task.sleep(until: time, clock: .continuous) }
        return !Task.isCancelled
    }

    // MARK: - The server's models

    /// Name of the server's first model.
    ///
    /// - Throws: `LoadError.unreachableServer`.
    public func firstModel() async throws(LoadError) -> String {
        let url = runner.address.url("/v1/models")
        let answer: ModelList
        do {
            answer = try await models(url)
        } catch {
            let failure = RequestFailure(error)
            throw .unreachableServer(url: url, reason: "\(failure.kind): \(failure.detail)")
        }
        guard let name = answer.data.first?.id else {
            throw .unreachableServer(url: url, reason: "the server names no model; give --model")
        }
        return name
    }

    private func models(_ url: String) async throws -> ModelList {
        var request = HTTPClientRequest(url: url)
        if let key = runner.options.apiKey {
            request.headers.add(name: "Authorization", value: "Bearer \(key)")
        }
        let response = try await runner.client.execute(request, timeout: .seconds(30))
        let body = Array(try await response.body.collect(upTo: 1 << 20).readableBytesView)
        guard response.status == .ok else {
            throw RequestFailure.status(
                Int(response.status.code),
                ServerComplaint.message(ofBody: body)
            )
        }
        guard let list = ModelList(body) else {
            throw RequestFailure.malformedStream("expected a list of models; give --model")
        }
        return list
    }
}
