import Foundation
import ModelFiles

/// The real model that tests run on: pulled into the usual cache, once for all processes.
enum ModelFixture {
    /// Where SmolLM2 135M lies; the first call of a machine downloads it.
    static func smolLM2() async throws -> String {
        let store = ModelStore()
        // Waits while another process pulls, and finds the model there when that is done.
        return try await store.pull("smollm2-135m").path
    }
}
