import JSONText
import Testing

@Suite("JSONReader")
struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONReader.value(of: Array(text.utf8), depthLimit: 32, allowsRepeatedNames: false)
    }

    @Test("reads every kind of value")
    func reads() throws {
        let text = #" {"a": [1, -2.5e1, true, false, null], "b": {}, "c": [], "d": ""} "#
        #expect(
            try read(text)
                == .object([
                    .init(
                        key: "a",
                        value: .array([
                            .integer(1), .number(-25), .bool(true), .bool(false), .null,
                        ])
                    ),
                    .init(key: "b", value: .object([])), .init(key: "c", value: .array([])),
                    .init(key: "d", value: .string("")),
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
        #expect(throws: JSONTextError.self) { try read(text) }
    }

    @Test("refuses text that is not UTF-8, and values nested too deep")
    func hostile() throws {
        #expect(throws: JSONTextError.self) {
            try JSONReader.value(
                of: [0x22, 0xff, 0x22],
                depthLimit: 1,
                allowsRepeatedNames: true
            )
        }
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try read(nested(32))
        #expect(throws: JSONTextError.self) { try read(nested(33)) }
        #expect(throws: JSONTextError.self) { try read(String(repeating: "[", count: 1_000_000)) }
    }

    @Test(
        "says where a text is damaged",
        arguments: [
            ("", 0), ("{", 1), ("[1,]", 3), (#"{"a" 1}"#, 5), ("01", 2), ("1.", 2), ("nul", 0),
            (#""\ud800""#, 7), (#""\ud800\u0041""#, 13), (#""\x""#, 2), ("\"a\n\"", 2),
            ("[] []", 3), (#"{"a":1,"a":2}"#, 10),
            (String(repeating: "[", count: 1_000_000), 32),
            (String(repeating: #"{"a":"#, count: 200_000), 160),
        ]
    )
    func locates(text: String, offset: Int) {
        let error = #expect(throws: JSONTextError.self) { try read(text) }
        #expect(error?.offset == offset)
    }

    @Test("keeps canonically equivalent names apart where names may repeat")
    func canonicalEquivalents() throws {
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2,\"a\":3,\"a\":4}"
        let value = try JSONReader.value(
            of: Array(text.utf8),
            depthLimit: 1,
            allowsRepeatedNames: true
        )
        #expect(value.object?.count == 4)
        #expect(value["\u{E9}"] == .integer(1))
        #expect(value["e\u{301}"] == .integer(2))
        #expect(value["a"] == .integer(4))
        #expect(throws: JSONTextError.self) { try read(text) }
    }
}
