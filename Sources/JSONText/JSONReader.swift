/// Reads a JSON text (RFC 8259) of bounded depth from front to back.
public struct JSONReader {
    private let bytes: [UInt8]
    private let depthLimit: Int
    private let allowsRepeatedNames: Bool
    private var index = 0

    /// The value of a text.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - depthLimit: Arrays and objects in one another; deeper ones are refused, for reading is
    ///     recursive.
    ///   - allowsRepeatedNames: Whether members of one object may share a name. Which of them counts
    ///     depends on the reader, so that a file could say one thing to a checker and another to us.
    ///     Where they are refused, canonically equivalent names count as shared.
    /// - Returns: The value.
    /// - Throws: `JSONTextError` at the first byte that does not fit.
    public static func value(
        of bytes: [UInt8],
        depthLimit: Int,
        allowsRepeatedNames: Bool
    ) throws(JSONTextError) -> JSONValue {
        var reader = JSONReader(
            bytes: bytes,
            depthLimit: depthLimit,
            allowsRepeatedNames: allowsRepeatedNames
        )
        let value = try reader.readValue(depth: 0)
        reader.skipWhitespace()
        guard reader.index == bytes.count else { throw reader.expected("the end") }
        return value
    }

    private init(bytes: [UInt8], depthLimit: Int, allowsRepeatedNames: Bool) {
        self.bytes = bytes
        self.depthLimit = depthLimit
        self.allowsRepeatedNames = allowsRepeatedNames
    }

    private func expected(_ what: String, found: String? = nil) -> JSONTextError {
        let byte = next.map { "byte 0x" + String($0, radix: 16) } ?? "the end"
        return JSONTextError(offset: index, expected: what, found: found ?? byte)
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            index += 1
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipWhitespace()
        guard next == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func readValue(depth: Int) throws(JSONTextError) -> JSONValue {
        skipWhitespace()
        switch next {
        case UInt8(ascii: "{"): return .object(try readMembers(depth: depth))
        case UInt8(ascii: "["): return .array(try readElements(depth: depth))
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): return try readName("true", .bool(true))
        case UInt8(ascii: "f"): return try readName("false", .bool(false))
        case UInt8(ascii: "n"): return try readName("null", .null)
        default: return try readNumber()
        }
    }

    private mutating func readName(
        _ name: StaticString,
        _ value: JSONValue
    ) throws(JSONTextError) -> JSONValue {
        let name = "\(name)"
        guard bytes[index...].starts(with: name.utf8) else { throw expected("a value") }
        index += name.utf8.count
        return value
    }

    private func check(depth: Int) throws(JSONTextError) {
        guard depth < depthLimit else {
            throw expected("at most \(depthLimit) levels of nesting", found: "more")
        }
    }

    private mutating func readMembers(depth: Int) throws(JSONTextError) -> [JSONValue.Member] {
        try check(depth: depth)
        index += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        if take("}") { return members }
        repeat {
            skipWhitespace()
            guard next == UInt8(ascii: "\"") else { throw expected("a key") }
            let key = try readString()
            guard allowsRepeatedNames || names.insert(key).inserted else {
                throw expected("a name of its own", found: "\(key) again")
            }
            guard take(":") else { throw expected("a colon") }
            members.append(.init(key: key, value: try readValue(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw expected("a comma or a closing brace") }
        return members
    }

    private mutating func readElements(depth: Int) throws(JSONTextError) -> [JSONValue] {
        try check(depth: depth)
        index += 1
        var elements: [JSONValue] = []
        if take("]") { return elements }
        repeat { elements.append(try readValue(depth: depth + 1)) } while take(",")
        guard take("]") else { throw expected("a comma or a closing bracket") }
        return elements
    }
}

// MARK: - Numbers

extension JSONReader {
    private mutating func readNumber() throws(JSONTextError) -> JSONValue {
        let start = index
        if next == UInt8(ascii: "-") { index += 1 }
        let isZero = next == UInt8(ascii: "0")
        let digitCount = skipDigits()
        guard digitCount > 0, !(isZero && digitCount > 1) else { throw expected("a value") }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            index += 1
            isInteger = false
            guard skipDigits() > 0 else { throw expected("a digit") }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            index += 1
            isInteger = false
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            guard skipDigits() > 0 else { throw expected("a digit") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            throw expected("a number that a double can hold", found: text)
        }
        return .number(number)
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while let byte = next, (0x30...0x39).contains(byte) { index += 1 }
        return index - start
    }
}

// MARK: - Strings

extension JSONReader {
    /// Reads a string, whose opening quote comes next.
    private mutating func readString() throws(JSONTextError) -> String {
        index += 1
        var start = index
        var text: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw expected("no control character in a string") }
            guard byte == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            text += bytes[start..<index]
            text += String(try readEscape()).utf8
            start = index
        }
        guard next != nil else { throw expected("a closing quote") }
        text += bytes[start..<index]
        guard let string = String(validating: text, as: UTF8.self) else {
            throw expected("UTF-8 in the string that ends here", found: "other bytes")
        }
        index += 1
        return string
    }

    private mutating func readEscape() throws(JSONTextError) -> Unicode.Scalar {
        index += 1
        guard let byte = next else { throw expected("an escape") }
        index += 1
        switch Unicode.Scalar(byte) {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try readScalar()
        default:
            index -= 1
            throw expected("an escape")
        }
    }

    /// The scalar of one `\u` escape, or of two that are a surrogate pair.
    private mutating func readScalar() throws(JSONTextError) -> Unicode.Scalar {
        let first = try readCodeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, bytes[index...].starts(with: [0x5C, 0x75]) else {
            throw expected("the other half of a surrogate pair")
        }
        index += 2
        let second = try readCodeUnit()
        let value = 0x10000 &+ ((first - 0xD800) << 10) &+ (second &- 0xDC00)
        guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(value) else {
            throw expected("the other half of a surrogate pair")
        }
        return scalar
    }

    private mutating func readCodeUnit() throws(JSONTextError) -> UInt32 {
        let digits = bytes[index...].prefix(4)
        let isHex = digits.allSatisfy { Unicode.Scalar($0).properties.isASCIIHexDigit }
        let text = String(decoding: digits, as: UTF8.self)
        guard digits.count == 4, isHex, let unit = UInt32(text, radix: 16) else {
            throw expected("four hexadecimal digits")
        }
        index += 4
        return unit
    }
}
