import Hummingbird
import NIOCore

/// What Hummingbird keeps for one HTTP request.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Who watches the connection.
    func connectionState() async throws -> ConnectionWatch.State {
        try await channel.pipeline.handler(type: ConnectionWatch.self).map(\.state).get()
    }
}
