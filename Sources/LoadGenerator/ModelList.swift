import Foundation

/// The answer to `GET /v1/models`.
struct ModelList: Decodable {
    struct Model: Decodable {
        let id: String
    }

    let data: [Model]

    /// Nil for anything else.
    init?(_ body: [UInt8]) {
        guard let list = try? JSONDecoder().decode(ModelList.self, from: Data(body)) else {
            return nil
        }
        self = list
    }
}
