import Testing

@testable import ModelFiles

@Suite("JSONReader")
struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONReader.read(Array(text.utf8), path: "f")
    }

    @Test("reads every kind of value")
    func reads() throws {
        let text = #" {"a": [1, -2.5e1, true, false, null], "b": {}, "c": [], "d": ""} "#
        #expect(
            try read(text)
                == .object([
                    "a": .array([.integer(1), .number(-25), .bool(true), .bool(false), .null]),
                    "b": .object([:]), "c": .array([]), "d": .string(""),
                ])
        )
        #expect(try read("9223372036854775807") == .integer(.max))
        #expect(try read("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(
            try read(#""\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00é""#)
                == .string("\"\\/\u{8}\u{c}\n\r\tä😀é")
        )
    }

    @Test(
        "refuses what is not JSON",
        arguments: [
            "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
            "01",
            "1.", ".5", "-", "+1", "1e", "1e999", "NaN", "tru", "nul", "\"", "\"\\", "\"\\x\"",
            "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
            "\"\n\"",
            "1 2", "{\"a\": 1, \"a\": 2}", "[}", "{]",
        ]
    )
    func refuses(text: String) {
        #expect(throws: ModelFileError.self) { try read(text) }
    }

    @Test("refuses text that is not UTF-8, and values nested too deep")
    func hostile() throws {
        #expect(throws: ModelFileError.self) {
            try JSONReader.read([0x22, 0xff, 0x22], path: "f")
        }
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try read(nested(32))
        #expect(throws: ModelFileError.self) { try read(nested(33)) }
        #expect(throws: ModelFileError.self) { try read(String(repeating: "[", count: 1_000_000)) }
    }
}
