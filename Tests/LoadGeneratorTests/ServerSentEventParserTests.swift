import Testing

@testable import LoadGenerator

@Suite("ServerSentEventParser")
struct ServerSentEventParserTests {
    private func events(_ chunks: [[UInt8]]) throws -> [String] {
        var parser = ServerSentEventParser()
        return try chunks.flatMap { try parser.events(in: $0) }
            .map { try #require(String(validating: $0, as: UTF8.self)) }
    }

    private static let stream =
        "\u{FEFF}: hello\r\ndata: {\"text\":\"é🜁漢\"}\r\n\r\nevent: x\ndata:one\ndata: two\n\n"
        + "data\r\rid: 4\n\ndata: [DONE]\n\n"
    private static let expected = ["{\"text\":\"é🜁漢\"}", "one\ntwo", "", "[DONE]"]

    @Test("every line ending, comments, joined data and a byte-order mark")
    func wholeStream() throws {
        #expect(try events([Array(Self.stream.utf8)]) == Self.expected)
    }

    @Test("the stream cut anywhere in two, also within characters and CRLF, is the same stream")
    func everyCut() throws {
        let bytes = Array(Self.stream.utf8)
        for cut in bytes.indices {
            let found = try events([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(found == Self.expected, "cut at byte \(cut)")
        }
    }

    @Test("one byte at a time is the same stream")
    func bytewise() throws {
        #expect(try events(Self.stream.utf8.map { [$0] }) == Self.expected)
    }

    @Test("only one space after the colon is left out")
    func spaces() throws {
        #expect(try events([Array("data:  a \n\n".utf8)]) == [" a "])
    }

    @Test("fields whose names only begin like data, and unfinished events, yield nothing")
    func others() throws {
        #expect(try events([Array("database: 1\n\ndata: unfinished\n".utf8)]).isEmpty)
    }

    @Test("an event over the limit is refused, however it is cut or spread over lines")
    func tooLarge() throws {
        let large = ServerSentEventParser.EventTooLarge(byteLimit: 16)
        #expect(throws: large) {
            var parser = ServerSentEventParser(byteLimit: 16)
            _ = try parser.events(in: Array("data: 0123456789abcdef".utf8))
        }
        #expect(throws: large) {
            var parser = ServerSentEventParser(byteLimit: 16)
            for _ in 0..<8 { _ = try parser.events(in: Array("data: 012\n".utf8)) }
        }
    }
}
