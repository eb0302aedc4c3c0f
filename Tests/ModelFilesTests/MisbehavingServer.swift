import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on this machine that follows a script: one behaviour a request, the last one for
/// all requests that come after.
final class MisbehavingServer: Sendable {
    enum Behaviour: Sendable {
        /// Serves the file, and honours ranges.
        case serve
        /// Serves the whole file whatever range is asked for.
        case ignoreRange
        /// Honours ranges, but closes the connection after so many bytes of the body.
        case breakAfter(Int)
        /// Says nothing and closes the connection.
        case hangUp
        /// Sends so many bytes, then nothing more, and keeps the connection open.
        case stallAfter(Int)
        /// Answers with a status and no file.
        case status(Int, headers: [String: String] = [:])
        /// Serves these bytes instead of the file.
        case body([UInt8], headers: [String: String] = [:])
        /// Answers 206 with this header, whatever was asked for.
        case contentRange(String)
        /// Serves with a content length that is not the file's.
        case announce(Int)
        /// Serves chunked, so that the client learns no size.
        case chunked
    }

    struct Request: Sendable, Equatable {
        let path: String
        let range: String?
        let authorization: String?
    }

    let contents: [UInt8]
    private let channel: any Channel
    private let state: Mutex<State>

    struct State {
        var script: [Behaviour]
        var requests: [Request] = []
    }

    /// All requests so far.
    var requests: [Request] { state.withLock { $0.requests } }

    /// Where the server listens.
    var address: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    private init(contents: [UInt8], channel: any Channel, state: consuming State) {
        self.contents = contents
        self.channel = channel
        self.state = Mutex(state)
    }

    /// Runs `body` with a server that is gone afterwards.
    static func run<Result: Sendable>(
        _ contents: [UInt8],
        _ script: [Behaviour],
        _ body: (MisbehavingServer) async throws -> Result
    ) async throws -> Result {
        let box = ServerBox()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(box: box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = MisbehavingServer(
            contents: contents,
            channel: channel,
            state: State(script: script)
        )
        box.server.withLock { $0 = server }
        defer { box.server.withLock { $0 = nil } }
        do {
            let result = try await body(server)
            try await channel.close()
            return result
        } catch {
            try await channel.close()
            throw error
        }
    }

    fileprivate func next(_ request: Request) -> Behaviour {
        state.withLock {
            $0.requests.append(request)
            return $0.script.count > 1 ? $0.script.removeFirst() : $0.script.first ?? .serve
        }
    }
}

/// The handlers exist before the server does.
private final class ServerBox: Sendable {
    let server = Mutex<MisbehavingServer?>(nil)
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let box: ServerBox
    private var head: HTTPRequestHead?

    init(box: ServerBox) {
        self.box = box
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head, let server = box.server.withLock({ $0 }) else {
                return context.close(promise: nil)
            }
            answer(context, head, server)
        }
    }

    private func answer(
        _ context: ChannelHandlerContext,
        _ head: HTTPRequestHead,
        _ server: MisbehavingServer
    ) {
        let range = head.headers.first(name: "range")
        let request = MisbehavingServer.Request(
            path: head.uri,
            range: range,
            authorization: head.headers.first(name: "authorization")
        )
        let first = range.flatMap { Int($0.dropFirst(6).dropLast()) } ?? 0
        let contents = server.contents
        switch server.next(request) {
        case .serve:
            respond(context, contents, from: first)
        case .ignoreRange:
            respond(context, contents, from: 0)
        case .breakAfter(let count):
            respond(context, contents, from: first, cutAfter: count, closes: true)
        case .hangUp:
            context.close(promise: nil)
        case .stallAfter(let count):
            respond(context, contents, from: first, cutAfter: count, closes: false)
        case .status(let status, let headers):
            let headers = HTTPHeaders(headers.map { ($0, $1) } + [("content-length", "0")])
            send(context, HTTPResponseStatus(statusCode: status), headers, [])
        case .body(let bytes, let headers):
            let headers = HTTPHeaders(
                headers.map { ($0, $1) } + [("content-length", "\(bytes.count)")]
            )
            send(context, .ok, headers, bytes[...])
        case .contentRange(let value):
            let headers = HTTPHeaders([
                ("content-range", value), ("content-length", "\(contents.count)"),
            ])
            send(context, .partialContent, headers, contents[...])
        case .announce(let count):
            let headers = HTTPHeaders([("content-length", "\(count)")])
            send(context, .ok, headers, contents.prefix(count), closes: true)
        case .chunked:
            send(context, .ok, [:], contents[...])
        }
    }

    private func respond(
        _ context: ChannelHandlerContext,
        _ contents: [UInt8],
        from first: Int,
        cutAfter limit: Int? = nil,
        closes: Bool? = nil
    ) {
        guard first < contents.count || first == 0 else {
            let headers = HTTPHeaders([
                ("content-range", "bytes */\(contents.count)"), ("content-length", "0"),
            ])
            return send(context, .rangeNotSatisfiable, headers, [])
        }
        let body = contents[first...]
        var headers = HTTPHeaders([("content-length", "\(body.count)")])
        if first > 0 {
            let value = "bytes \(first)-\(contents.count - 1)/\(contents.count)"
            headers.add(name: "content-range", value: value)
        }
        let status: HTTPResponseStatus = first > 0 ? .partialContent : .ok
        send(context, status, headers, limit.map { body.prefix($0) } ?? body, closes: closes)
    }

    /// Sends a whole response when `closes` is nil; else it lacks its end, and the connection breaks
    /// or stays open.
    private func send(
        _ context: ChannelHandlerContext,
        _ status: HTTPResponseStatus,
        _ headers: HTTPHeaders,
        _ body: ArraySlice<UInt8>,
        closes: Bool? = nil
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let buffer = context.channel.allocator.buffer(bytes: body)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        switch closes {
        case nil: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case true: context.close(promise: nil)
        default: break
        }
    }
}
