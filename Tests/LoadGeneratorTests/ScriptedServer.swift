import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on this machine that answers each request as it is told, the last way for all
/// that come after.
final class ScriptedServer: Sendable {
    /// One way to answer.
    enum Answer: Sendable {
        /// A stream in these pieces, each sent when the one before is on its way.
        case stream([[UInt8]], type: String = "text/event-stream")
        /// A stream in pieces that wait so long for one another.
        case slow([[UInt8]], Duration)
        /// These pieces, then the connection breaks.
        case breaksAfter([[UInt8]])
        /// A whole answer.
        case whole(Int, String)
        /// The connection is closed without a word.
        case hangsUp
        /// Nothing, ever.
        case silence
    }

    /// What came.
    struct Received: Sendable {
        var uri: String
        var authorization: String?
        var connection: String?
        var body: String
    }

    fileprivate struct State {
        var answers: [Answer]
        var received: [Received] = []
        var underWay = 0
        var mostUnderWay = 0
    }

    fileprivate let state: Mutex<State>
    private let channel: Mutex<(any Channel)?> = Mutex(nil)

    private init(_ answers: [Answer]) {
        state = Mutex(State(answers: answers))
    }

    /// Requests so far.
    var received: [Received] { state.withLock { $0.received } }

    /// The largest number of requests that were being answered at once.
    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }

    /// Where it listens.
    var url: String {
        "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)"
    }

    /// Listens while `body` runs.
    static func run(
        _ answers: [Answer],
        _ body: (ScriptedServer) async throws -> Void
    ) async throws {
        let server = ScriptedServer(answers)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        do { try await body(server) } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    fileprivate func begin(_ request: Received) -> Answer {
        state.withLock { state in
            state.received.append(request)
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            if state.answers.count > 1 { return state.answers.removeFirst() }
            return state.answers.first ?? .silence
        }
    }

    fileprivate func end() { state.withLock { $0.underWay -= 1 } }
}

/// Answers the requests of one connection.
private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ScriptedServer
    private var request = ScriptedServer.Received(uri: "", body: "")

    init(_ server: ScriptedServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = ScriptedServer.Received(
                uri: head.uri,
                authorization: head.headers.first(name: "authorization"),
                connection: head.headers.first(name: "connection"),
                body: ""
            )
        case .body(let buffer): request.body += String(buffer: buffer)
        case .end: answer(server.begin(request), context)
        }
    }

    private func answer(_ answer: ScriptedServer.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .stream(let pieces, let type):
            head(context, 200, ["Content-Type": type])
            send(pieces[...], .zero, context) { self.end($0) }
        case .slow(let pieces, let pause):
            head(context, 200, ["Content-Type": "text/event-stream; charset=utf-8"])
            send(pieces[...], pause, context) { self.end($0) }
        case .breaksAfter(let pieces):
            head(context, 200, ["Content-Type": "text/event-stream"])
            send(pieces[...], .zero, context) { context in
                self.server.end()
                context.close(promise: nil)
            }
        case .whole(let status, let text):
            head(context, status, ["Content-Type": "application/json"])
            send([Array(text.utf8)][...], .zero, context) { self.end($0) }
        case .hangsUp:
            server.end()
            context.close(promise: nil)
        case .silence: break
        }
    }

    private func head(
        _ context: ChannelHandlerContext,
        _ status: Int,
        _ fields: [String: String]
    ) {
        let headers = HTTPHeaders(fields.map { ($0.key, $0.value) })
        let head = HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: status),
            headers: headers
        )
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func send(
        _ pieces: ArraySlice<[UInt8]>,
        _ pause: Duration,
        _ context: ChannelHandlerContext,
        then finish: @escaping (ChannelHandlerContext) -> Void
    ) {
        guard let piece = pieces.first else { return finish(context) }
        // The future runs on the connection's loop, where handler and context live.
        let bound = NIOLoopBound((self, context, finish), eventLoop: context.eventLoop)
        let rest = pieces.dropFirst()
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: piece)))))
            .flatMap { bound.eventLoop.scheduleTask(in: TimeAmount(pause)) {}.futureResult }
            .whenSuccess {
                let (handler, context, finish) = bound.value
                handler.send(rest, pause, context, then: finish)
            }
    }

    private func end(_ context: ChannelHandlerContext) {
        server.end()
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
