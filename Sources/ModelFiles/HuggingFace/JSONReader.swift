/// Reads a JSON text (RFC 8259) from front to back.
///
/// Two members of one object may not share a name: which of them counts would depend on the
/// reader, and a file could say one thing to a checker and another to us.
package struct JSONReader {
    /// Stands for the path in errors.
    let path: String

    /// Where the text starts in its file; errors count from there.
    let start: Int

    private let bytes: [UInt8]
    private var offset = 0

    /// Arrays and objects in one another.
    private static let depthLimit = 32

    /// Reads one value, and nothing but white space behind it.
    ///
    /// - Throws: `ModelFileError.malformed`.
    package static func read(
        _ bytes: [UInt8],
        path: String,
        start: Int = 0
    ) throws(ModelFileError) -> JSONValue {
        var reader = JSONReader(path: path, start: start, bytes: bytes)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.next == nil else { throw reader.malformed(expected: "the end") }
        return value
    }

    private init(path: String, start: Int, bytes: [UInt8]) {
        self.path = path
        self.start = start
        self.bytes = bytes
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func malformed(expected: String, found: String? = nil) -> ModelFileError {
        let byte = next.map { "byte 0x" + String($0, radix: 16) } ?? "the end"
        return .malformed(
            path: path,
            offset: start + offset,
            field: "JSON",
            expected: expected,
            found: found ?? byte
        )
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
            offset += 1
        }
    }

    /// Takes a byte when it comes next.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func value(depth: Int) throws(ModelFileError) -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(
        _ word: String,
        _ value: JSONValue
    ) throws(ModelFileError) -> JSONValue {
        guard bytes[offset...].starts(with: word.utf8) else { throw malformed(expected: word) }
        offset += word.utf8.count
        return value
    }

    // MARK: Arrays and objects

    private func check(depth: Int) throws(ModelFileError) {
        guard depth < Self.depthLimit else {
            throw malformed(expected: "at most \(Self.depthLimit) levels", found: "more")
        }
    }

    private mutating func array(depth: Int) throws(ModelFileError) -> JSONValue {
        try check(depth: depth)
        offset += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw malformed(expected: "comma or ]") }
        }
    }

    private mutating func object(depth: Int) throws(ModelFileError) -> JSONValue {
        try check(depth: depth)
        offset += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw malformed(expected: "a name") }
            let name = try string()
            guard members[name] == nil else {
                throw malformed(expected: "a name of its own", found: "\(name) again")
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed(expected: "colon") }
            members[name] = try value(depth: depth + 1)
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw malformed(expected: "comma or }") }
        }
    }

    // MARK: Numbers

    private mutating func digits() throws(ModelFileError) {
        let first = offset
        while let byte = next, (0x30...0x39).contains(byte) { offset += 1 }
        guard offset > first else { throw malformed(expected: "a value") }
    }

    private mutating func number() throws(ModelFileError) -> JSONValue {
        let first = offset
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[first..<offset], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw malformed(expected: "a number that a double can hold", found: text)
        }
        return .number(value)
    }

    // MARK: Strings

    private mutating func string() throws(ModelFileError) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw malformed(expected: "no control characters") }
            offset += 1
            if byte == UInt8(ascii: "\\") {
                text += Array(try escaped().utf8)
            } else {
                text.append(byte)
            }
        }
        guard take(UInt8(ascii: "\"")) else { throw malformed(expected: "quotation mark") }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw malformed(expected: "UTF-8", found: "other bytes")
        }
        return string
    }

    private mutating func escaped() throws(ModelFileError) -> String {
        guard let byte = next else { throw malformed(expected: "an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return String(decoding: [byte], as: UTF8.self)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode()
        default: throw malformed(expected: "an escape")
        }
    }

    private mutating func unicode() throws(ModelFileError) -> String {
        let first = try codeUnit()
        guard (0xd800...0xdfff).contains(first) else {
            return String(decoding: [first], as: UTF16.self)
        }
        guard first < 0xdc00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw malformed(expected: "a pair of surrogates")
        }
        let second = try codeUnit()
        guard (0xdc00...0xdfff).contains(second) else {
            throw malformed(expected: "a pair of surrogates")
        }
        return String(decoding: [first, second], as: UTF16.self)
    }

    private mutating func codeUnit() throws(ModelFileError) -> UInt16 {
        guard offset + 4 <= bytes.count else { throw malformed(expected: "four digits") }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
                throw malformed(expected: "a hexadecimal digit")
            }
            unit = unit << 4 | UInt16(digit)
            offset += 1
        }
        return unit
    }
}
