import HTTPTypes
import Hummingbird
import JSONText
import NIOCore

extension Response {
    /// A response of one JSON value.
    init(status: HTTPResponse.Status = .ok, json: JSONValue) {
        self.init(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.encoded + [0x0a]))
        )
    }

    /// A response of plain text, or of another type.
    init(text: String, type: String = "text/plain; charset=utf-8") {
        self.init(
            status: .ok,
            headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// An error in OpenAI's words.
    init(_ error: APIError) {
        self.init(status: HTTPResponse.Status(code: error.status), json: error.json)
        if let seconds = error.retryAfter { headers[.retryAfter] = "\(seconds)" }
        if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    }
}
