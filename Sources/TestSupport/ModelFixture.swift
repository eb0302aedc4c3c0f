import Foundation
public import Kernels
import ModelFiles
public import Runtime

/// The real model that tests run: SmolLM2-135M-Instruct, pulled once into the user's store.
public enum ModelFixture {
    /// Path of the model file; pulled when the store lacks it.
    public static func path() async throws -> String {
        try await ModelStore().pull("smollm2-135m").path
    }

    /// The model with f32 weights, loaded once a process.
    public static func f32() async throws -> LoadedModel { try await cache.model(.f32) }

    /// The model with the given weights, loaded once a process.
    public static func model(_ weights: WeightFormat) async throws -> LoadedModel {
        try await cache.model(weights)
    }

    private static let cache = Cache()

    private actor Cache {
        private var loading: [WeightFormat: Task<LoadedModel, any Error>] = [:]

        func model(_ weights: WeightFormat) async throws -> LoadedModel {
            if let task = loading[weights] { return try await task.value }
            let task = Task {
                let compute = try Compute(threadCount: 2)
                return try LoadedModel(
                    path: try await ModelFixture.path(),
                    weights: weights,
                    compute: compute
                )
            }
            loading[weights] = task
            return try await task.value
        }
    }
}
