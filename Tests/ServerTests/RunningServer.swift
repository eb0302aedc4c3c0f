import AsyncHTTPClient
import Foundation
import JSONText
import Logging
import NIOCore
import NIOHTTP1
import ProbeScheduler
import Runtime
import Synchronization
import TestSupport
import Testing

@testable import Server

/// The tiny model behind a real socket.
struct RunningServer: Sendable {
    let port: Int
    let model: LoadedModel
    private let client = HTTPClient.shared

    /// Bounds that suit the tiny model; pruning on request, up to 0.5.
    static var configuration: ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.servedModelName = "tiny"
        configuration.maxNumSeqs = 8
        configuration.maxNumBatchedTokens = 64
        configuration.maxModelLength = 256
        configuration.blockCount = 64
        configuration.maxBodyByteCount = 65_536
        return configuration
    }

    /// Serves while `body` runs.
    static func with(
        _ configuration: ServerConfiguration = Self.configuration,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let model = try TinyModel.load()
        let prober = try #require(Prober(rawValue: configuration.method))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = SondeServer(model: model, configuration: configuration, logger: logger) {
            .probe(
                prober.pruner(model.network, policy: RatioPolicy(nominalRatio: 0)),
                refreshInterval: nil
            )
        }
        let (ports, port) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.run(handlesSignals: false) { port.yield($0) }
            }
            group.addTask {
                var iterator = ports.makeAsyncIterator()
                let number = try #require(await iterator.next())
                try await body(RunningServer(port: number, model: model))
            }
            // Whichever ends first: the body, or a server that could not start.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: - Requests

    /// An answer as it came.
    struct Reply: Sendable {
        var status: Int
        var headers: [String: String]
        var body: String

        /// The body as JSON.
        var json: JSONValue { (try? JSONValue(text: body)) ?? .null }

        /// The JSON of every event but the last, which must be `[DONE]`.
        var events: [JSONValue] {
            get throws {
                var events = body.components(separatedBy: "\n\n").filter { !$0.isEmpty }
                #expect(events.allSatisfy { $0.hasPrefix("data: ") })
                #expect(events.popLast() == "data: [DONE]")
                return try events.map {
                    try JSONValue(text: String($0.dropFirst("data: ".count)))
                }
            }
        }
    }

    /// Sends a request that is answered whole.
    func send(
        _ path: String,
        _ body: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Reply {
        let response = try await open(path, body, headers: headers)
        let bytes = try await response.body.collect(upTo: 1 << 24)
        var found: [String: String] = [:]
        for header in response.headers { found[header.name.lowercased()] = header.value }
        return Reply(
            status: Int(response.status.code),
            headers: found,
            body: String(buffer: bytes)
        )
    }

    /// Sends a request; the body of the answer is not read.
    func open(
        _ path: String,
        _ body: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        if let body {
            request.method = .POST
            request.body = .bytes(ByteBuffer(string: body))
            request.headers.add(name: "Content-Type", value: "application/json")
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        return try await client.execute(request, timeout: .seconds(120))
    }

    /// The value of a metric without labels.
    func metric(_ name: String) async throws -> Double? {
        try await send("/metrics").body.split(separator: "\n")
            .first { $0.hasPrefix(name + " ") }
            .flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    /// Waits until nothing runs or waits and every block is free.
    func waitUntilIdle() async throws {
        for _ in 0..<600 {
            let running = try await metric("num_requests_running")
            let waiting = try await metric("num_requests_waiting")
            let used = try await metric("kv_cache_usage_perc")
            if running == 0, waiting == 0, used == 0 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("requests still run, or blocks are lost")
    }
}

extension JSONValue {
    /// The value of a text.
    init(text: String) throws {
        self = try JSONReader.value(
            of: Array(text.utf8),
            depthLimit: 32,
            allowsRepeatedNames: false
        )
    }

    /// What names and indices lead to; null when there is nothing.
    subscript(path path: String...) -> JSONValue {
        path.reduce(self) { value, name in
            if let index = Int(name), let elements = value.array {
                return elements.indices.contains(index) ? elements[index] : .null
            }
            return value.object?.last { $0.key == name }?.value ?? .null
        }
    }

    /// A number of either kind.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
