import JSONText

/// An answer other than 200, in the words of OpenAI's API.
public struct APIError: Error, Equatable {
    /// The HTTP status.
    public let status: Int
    /// One line for a person.
    public let message: String
    /// OpenAI's class of errors.
    public let type: String
    /// The field that is wrong.
    public let param: String?
    /// A word for programs.
    public let code: String?
    /// Seconds after which another try makes sense.
    public let retryAfter: Int?

    init(
        _ status: Int,
        _ message: String,
        type: String = "invalid_request_error",
        param: String? = nil,
        code: String? = nil,
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.message = String(message.map { $0.isNewline ? " " : $0 }.prefix(1_000))
        self.type = type
        self.param = param
        self.code = code
        self.retryAfter = retryAfter
    }

    /// A field that is wrong.
    static func invalid(_ param: String, _ message: String) -> APIError {
        APIError(400, "\(param): \(message)", param: param, code: "invalid_value")
    }

    /// A body that is not JSON, or not an object.
    static func malformedBody(_ message: String) -> APIError {
        APIError(400, "the body is not valid JSON: \(message)", code: "invalid_json")
    }

    /// No key, or a wrong one.
    static let unauthorized = APIError(
        401,
        "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'",
        code: "invalid_api_key"
    )

    /// A path that does not exist.
    static func noSuchPath(_ path: String) -> APIError {
        APIError(404, "there is no '\(path)' here", code: "not_found")
    }

    /// A model that is not served here.
    static func unknownModel(_ name: String, served: String) -> APIError {
        APIError(
            404,
            "model: '\(name)' is not served here; expected '\(served)'",
            param: "model",
            code: "model_not_found"
        )
    }

    /// A body over the limit.
    static func bodyTooLarge(limit: Int) -> APIError {
        APIError(413, "the body exceeds \(limit) bytes", code: "body_too_large")
    }

    /// The queue is full.
    static func queueFull(_ reason: String) -> APIError {
        APIError(429, reason, type: "rate_limit_error", code: "queue_full", retryAfter: 1)
    }

    /// Loading, draining or dead.
    static func unavailable(_ reason: String) -> APIError {
        APIError(503, reason, type: "server_error", code: "unavailable", retryAfter: 5)
    }

    /// Our fault.
    static func internalError(_ message: String) -> APIError {
        APIError(500, message, type: "server_error", code: "internal_error")
    }

    /// The body of the response.
    var json: JSONValue {
        .object([
            "error": .object([
                "message": .string(message),
                "type": .string(type),
                "param": param.map(JSONValue.string) ?? .null,
                "code": code.map(JSONValue.string) ?? .null,
            ])
        ])
    }
}
