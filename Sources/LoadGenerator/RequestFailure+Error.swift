import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

extension RequestFailure {
    /// What an error of the client, or of reading its answer, means to a request.
    init(_ error: any Error) {
        switch error {
        case let failure as RequestFailure: self = failure
        case let large as ServerSentEventParser.EventTooLarge:
            self = .malformedStream("an event of more than \(large.byteLimit) bytes")
        case let error as HTTPClientError:
            let timeouts: [HTTPClientError] = [
                .deadlineExceeded, .readTimeout, .connectTimeout, .getConnectionFromPoolTimeout,
            ]
            if timeouts.contains(error) {
                self = .timedOut
            } else if error == .remoteConnectionClosed {
                self = .connection(Self.closed)
            } else {
                self = .connection("\(error)")
            }
        case HTTPParserError.invalidEOFState: self = .connection(Self.closed)
        case let error as HTTPParserError: self = .malformedStream("not HTTP: \(error)")
        case let error as IOError: self = .connection(Self.text(ofSystemError: error.errnoCode))
        default: self = .connection("\(error)")
        }
    }

    private static let closed = "the server closed the connection"

    /// The system's errors that users meet, in words.
    private static func text(ofSystemError code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: closed
        case EMFILE, ENFILE: "too many open files"
        case EHOSTUNREACH, ENETUNREACH: "no route to the server"
        default: "system error \(code)"
        }
    }
}
