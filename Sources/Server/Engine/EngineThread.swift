import Foundation

/// Starts the engine's thread.
///
/// Model work blocks for as long as a step takes, so it never runs on the threads of the event loops
/// nor on those of Swift's tasks.
enum EngineThread {
    /// Room for the deepest call of a forward pass, in bytes.
    private static let stackSize = 8 << 20

    /// Runs `body` on a thread of its own.
    static func start(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = "sonde-engine"
        thread.stackSize = stackSize
        thread.start()
    }
}
