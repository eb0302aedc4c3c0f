import JSONText
import Testing

@testable import Server

@Suite("JSON encoding")
struct JSONEncodingTests {
    @Test("what is written is read back the same, on one line")
    func roundTrip() throws {
        let value = JSONValue.object([
            "text": .string("a\"b\\c\n\r\t\u{1}\u{7f}é😀\u{2028}"),
            "": .array([.null, .bool(true)]),
            "numbers": .array([.integer(-3), .number(0.1), .number(1e-30), .integer(.max)]),
            "nested": .object(["a": .object([:]), "b": .array([])]),
        ])
        let bytes = value.encoded
        #expect(!bytes.contains(0x0a))
        #expect(try JSONValue(text: String(decoding: bytes, as: UTF8.self)) == value)
    }

    @Test("numbers that JSON cannot write become null")
    func notFinite() {
        let value = JSONValue.array([.number(.nan), .number(-.infinity), .finite(.infinity)])
        #expect(String(decoding: value.encoded, as: UTF8.self) == "[null,null,null]")
    }
}
