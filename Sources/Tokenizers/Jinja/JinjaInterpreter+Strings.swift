extension JinjaInterpreter {
    /// Python's `str(value)`, paid for.
    mutating func string(of value: JinjaValue) throws(JinjaError) -> JinjaText {
        switch value {
        case .undefined: return JinjaText()
        case .string(let value): return value.text
        default: return try representation(of: value)
        }
    }

    /// The text of a value within one that is safe, paid for.
    mutating func escaped(_ value: JinjaValue) throws(JinjaError) -> JinjaText {
        let text = try string(of: value)
        guard !value.isSafeText else { return text }
        let escaped = text.escaped
        try charge(escaped.count / 4)
        return escaped
    }

    /// Two texts one after the other; when one is safe, the other is escaped.
    mutating func concatenated(
        _ left: JinjaValue,
        _ right: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        let isSafe = left.isSafeText || right.isSafeText
        let first = isSafe ? try escaped(left) : try string(of: left)
        let result = first + (isSafe ? try escaped(right) : try string(of: right))
        try charge(result.count / 4 + 1)
        return .text(result, isSafe: isSafe)
    }

    /// Python's `repr(value)`, paid for.
    mutating func representation(of value: JinjaValue) throws(JinjaError) -> JinjaText {
        try weigh(value)
        var text = JinjaText()
        try represent(value, into: &text)
        try charge(text.count / 4)
        return text
    }

    /// Writes a value whose nesting is known to be small.
    private func represent(
        _ value: JinjaValue,
        into text: inout JinjaText
    ) throws(JinjaError) {
        switch value {
        case .undefined: text.append(JinjaText("Undefined"))
        case .none: text.append(JinjaText("None"))
        case .bool(let value): text.append(JinjaText(value ? "True" : "False"))
        case .int(let value): text.append(JinjaText(String(value)))
        case .float(let value): text.append(JinjaText(JinjaNumber.description(of: value)))
        case .string(let value):
            let quoted = value.text.quoted
            text.append(
                value.isSafe ? JinjaText("Markup(") + quoted + JinjaText(")") : quoted
            )
        case .list(let items):
            text.append(JinjaText("["))
            try represent(items, into: &text)
            text.append(JinjaText("]"))
        case .tuple(let items):
            text.append(JinjaText("("))
            try represent(items, into: &text)
            text.append(JinjaText(items.count == 1 ? ",)" : ")"))
        case .dictionary(let dictionary):
            text.append(JinjaText("{"))
            for (index, entry) in dictionary.entries.enumerated() {
                if index > 0 { text.append(JinjaText(", ")) }
                try represent(entry.key, into: &text)
                text.append(JinjaText(": "))
                try represent(entry.value, into: &text)
            }
            text.append(JinjaText("}"))
        case .reference:
            throw failure("\(value.typeName) cannot be printed")
        }
    }

    private func represent(
        _ items: [JinjaValue],
        into text: inout JinjaText
    ) throws(JinjaError) {
        for (index, item) in items.enumerated() {
            if index > 0 { text.append(JinjaText(", ")) }
            try represent(item, into: &text)
        }
    }
}

extension JinjaText {
    /// Python's `repr` of a string; escapes bear the mark of the character they stand for.
    var quoted: JinjaText {
        let scalars = units.map(Self.scalar)
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        return JinjaText(String(quote))
            + mappingScalars { (scalar) in
                switch scalar {
                case quote, "\\": "\\" + String(scalar)
                case "\n": "\\n"
                case "\r": "\\r"
                case "\t": "\\t"
                case _ where Self.isPrintable(scalar): nil
                default: Self.hexadecimal(scalar)
                }
            } + JinjaText(String(quote))
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) =
            scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
    }

    /// What Python's `str.isprintable` says of a character.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    /// The text with some characters replaced; the replacement bears the character's mark.
    func mappingScalars(_ replacement: (Unicode.Scalar) -> String?) -> JinjaText {
        var result: [UInt32] = []
        for unit in units {
            if let text = replacement(Self.scalar(unit)) {
                result += JinjaText(text, isTrusted: Self.isTrusted(unit)).units
            } else {
                result.append(unit)
            }
        }
        return JinjaText(units: result)
    }
}
