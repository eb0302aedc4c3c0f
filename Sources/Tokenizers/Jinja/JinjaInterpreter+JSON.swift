extension JinjaInterpreter {
    /// How `tojson` writes.
    struct JSONStyle {
        var indent: JinjaText?
        var itemSeparator = JinjaText(", ")
        var keySeparator = JinjaText(": ")
        var isASCII = false
        var sortsKeys = false
    }

    /// `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
    mutating func json(of value: JinjaValue, _ call: JinjaCall) throws(JinjaError) -> JinjaValue {
        let arguments = try call.bound(
            "ensure_ascii",
            "indent",
            "separators",
            "sort_keys",
            line: line
        )
        var style = JSONStyle()
        style.isASCII = arguments[0]?.isTrue ?? false
        style.sortsKeys = arguments[3]?.isTrue ?? false
        if let indent = arguments[1] {
            if case .string(let value) = indent {
                style.indent = value.text
            } else if let width = integer(indent) {
                style.indent = JinjaText(String(repeating: " ", count: try spaces(width)))
            }
        }
        if style.indent != nil { style.itemSeparator = JinjaText(",") }
        if case .list(let pair)? = arguments[2] { try separate(&style, by: pair) }
        if case .tuple(let pair)? = arguments[2] { try separate(&style, by: pair) }
        try weigh(value)
        var text = JinjaText()
        try writeJSON(value, style, level: 0, into: &text)
        return .text(text)
    }

    /// A number of spaces that a template may ask for.
    mutating func spaces(_ count: Int) throws(JinjaError) -> Int {
        try charge(count / 4)
        return max(count, 0)
    }

    private func separate(
        _ style: inout JSONStyle,
        by pair: [JinjaValue]
    ) throws(JinjaError) {
        guard pair.count == 2, case .string(let item) = pair[0], case .string(let key) = pair[1]
        else { throw failure("separators of tojson: expected two strings") }
        style.itemSeparator = item.text
        style.keySeparator = key.text
    }

    private mutating func writeJSON(
        _ value: JinjaValue,
        _ style: JSONStyle,
        level: Int,
        into text: inout JinjaText
    ) throws(JinjaError) {
        switch value {
        case .none: text.append(JinjaText("null"))
        case .bool(let value): text.append(JinjaText(value ? "true" : "false"))
        case .int(let value): text.append(JinjaText(String(value)))
        case .float(let value): text.append(JinjaText(Self.jsonNumber(value)))
        case .string(let value):
            try charge(value.text.count / 4)
            text.append(value.text.jsonQuoted(isASCII: style.isASCII))
        case .list(let items), .tuple(let items):
            text.append(JinjaText("["))
            for (index, item) in items.enumerated() {
                try separateJSON(isFirst: index == 0, style, level: level + 1, into: &text)
                try writeJSON(item, style, level: level + 1, into: &text)
            }
            if !items.isEmpty { try breakJSON(style, level: level, into: &text) }
            text.append(JinjaText("]"))
        case .dictionary(let dictionary):
            text.append(JinjaText("{"))
            for (index, entry) in try jsonEntries(dictionary, style).enumerated() {
                try separateJSON(isFirst: index == 0, style, level: level + 1, into: &text)
                text.append(entry.key.jsonQuoted(isASCII: style.isASCII))
                text.append(style.keySeparator)
                try writeJSON(entry.value, style, level: level + 1, into: &text)
            }
            if dictionary.count > 0 { try breakJSON(style, level: level, into: &text) }
            text.append(JinjaText("}"))
        case .undefined, .reference:
            throw failure("tojson of \(value.typeName)")
        }
    }

    private static func jsonNumber(_ value: Double) -> String {
        guard value.isFinite else {
            return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
        }
        return JinjaNumber.description(of: value)
    }

    private mutating func separateJSON(
        isFirst: Bool,
        _ style: JSONStyle,
        level: Int,
        into text: inout JinjaText
    ) throws(JinjaError) {
        if !isFirst {
            try charge(style.itemSeparator.count / 4)
            text.append(style.itemSeparator)
        }
        try breakJSON(style, level: level, into: &text)
    }

    private mutating func breakJSON(
        _ style: JSONStyle,
        level: Int,
        into text: inout JinjaText
    ) throws(JinjaError) {
        guard let indent = style.indent else { return }
        try charge(indent.count * level / 4)
        text.append(JinjaText("\n"))
        for _ in 0..<level { text.append(indent) }
    }

    private mutating func jsonEntries(
        _ dictionary: JinjaValue.Dictionary,
        _ style: JSONStyle
    ) throws(JinjaError) -> [(key: JinjaText, value: JinjaValue)] {
        var entries = dictionary.entries
        if style.sortsKeys {
            entries = try sorted(entries) { (this, left, right) throws(JinjaError) in
                try this.isLess(left.key, right.key, orEqual: false)
            }
        }
        var named: [(key: JinjaText, value: JinjaValue)] = []
        for (key, value) in entries {
            let name: JinjaText
            switch key {
            case .string(let key): name = key.text
            case .none: name = JinjaText("null")
            case .bool(let key): name = JinjaText(key ? "true" : "false")
            case .int(let key): name = JinjaText(String(key))
            case .float(let key): name = JinjaText(Self.jsonNumber(key))
            default: throw failure("tojson: \(key.typeName) cannot be a key")
            }
            named.append((name, value))
        }
        return named
    }
}

extension JinjaText {
    /// The text as JSON; escapes bear the mark of the character they stand for.
    func jsonQuoted(isASCII: Bool) -> JinjaText {
        JinjaText("\"")
            + mappingScalars { (scalar) in
                switch scalar {
                case "\"", "\\": "\\" + String(scalar)
                case "\n": "\\n"
                case "\r": "\\r"
                case "\t": "\\t"
                case "\u{8}": "\\b"
                case "\u{C}": "\\f"
                case _ where scalar.value < 32 || (isASCII && scalar.value > 126):
                    String(scalar).utf16.map { unit in
                        let digits = String(unit, radix: 16)
                        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }.joined()
                default: nil
                }
            } + JinjaText("\"")
    }
}
