import Foundation

/// One event of a streamed completion, as far as it is measured.
struct CompletionChunk: Decodable {
    struct Choice: Decodable {
        let text: String?
        let finishReason: String?

        enum CodingKeys: String, CodingKey {
            case text
            case finishReason = "finish_reason"
        }
    }

    struct Usage: Decodable {
        let promptTokens: Int?
        let completionTokens: Int?

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    let choices: [Choice]?
    let usage: Usage?
    let error: ServerComplaint?

    /// Whether it carries text.
    var hasText: Bool { choices?.contains { !($0.text ?? "").isEmpty } ?? false }

    /// Whether the answer ends with it.
    var isLast: Bool { choices?.contains { $0.finishReason != nil } ?? false }
}

/// What a server says of an error: an object with a message, or a text.
struct ServerComplaint: Decodable {
    /// The body of an answer other than 200.
    struct Body: Decodable {
        let error: ServerComplaint?
        let message: String?
        let detail: String?
    }

    let message: String

    private enum CodingKeys: String, CodingKey { case message }

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            message = text
            return
        }
        message = try decoder.container(keyedBy: CodingKeys.self)
            .decode(String.self, forKey: .message)
    }

    /// The message of an error's body; its first bytes when it is not JSON.
    static func message(ofBody bytes: [UInt8]) -> String {
        let body = try? JSONDecoder().decode(Body.self, from: Data(bytes))
        return body?.error?.message ?? body?.message ?? body?.detail
            ?? String(decoding: bytes.prefix(200), as: UTF8.self)
    }
}
