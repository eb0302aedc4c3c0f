import NIOCore
import NIOHTTPTypes
import Synchronization

/// Tells when a client has gone away, also while nothing is being written to it.
///
/// A client that closes its sending half counts as gone, as with other servers.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    /// What those who answer wait for.
    final class State: Sendable {
        private struct Waiters {
            var isGone = false
            var actions: [Int: @Sendable () -> Void] = [:]
            var nextID = 0
        }

        private let waiters = Mutex(Waiters())

        /// Calls `action` once when the client goes; at once when it has gone already.
        ///
        /// - Returns: A name to give to `forget`.
        func onClose(_ action: @escaping @Sendable () -> Void) -> Int {
            let id = waiters.withLock { waiters -> Int? in
                guard !waiters.isGone else { return nil }
                waiters.nextID += 1
                waiters.actions[waiters.nextID] = action
                return waiters.nextID
            }
            if let id { return id }
            action()
            return 0
        }

        /// The action is not needed any more.
        func forget(_ id: Int) {
            waiters.withLock { $0.actions[id] = nil }
        }

        fileprivate func close() {
            let actions = waiters.withLock { waiters in
                defer { waiters.actions = [:] }
                waiters.isGone = true
                return Array(waiters.actions.values)
            }
            for action in actions { action() }
        }
    }

    /// Shared with those who answer.
    let state = State()

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { state.close() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.close()
        context.fireChannelInactive()
    }
}
