/// Python's `%` of a string.
extension JinjaInterpreter {
    /// One `%` conversion.
    private struct Conversion {
        var flags: Set<Unicode.Scalar> = []
        var width = 0
        var precision: Int?
        var kind: Unicode.Scalar = "s"
    }

    mutating func formatted(
        _ format: JinjaValue.Text,
        with value: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        var values = [value]
        if case .tuple(let items) = value { values = items }
        var used = 0
        var result = JinjaText()
        var rest = format.text.units[...]
        while let unit = rest.popFirst() {
            guard JinjaText.scalar(unit) == "%" else {
                result.append(JinjaText(units: [unit]))
                continue
            }
            if let next = rest.first, JinjaText.scalar(next) == "%" {
                rest.removeFirst()
                result.append(JinjaText(units: [unit]))
                continue
            }
            var argument: JinjaValue?
            if let next = rest.first, JinjaText.scalar(next) == "(" {
                argument = try entry(of: value, named: &rest)
                used = values.count
            }
            let conversion = try conversion(&rest)
            if argument == nil {
                guard used < values.count else { throw failure("'%': too few values") }
                argument = values[used]
                used += 1
            }
            let text = try converted(argument ?? .none, conversion, isSafe: format.isSafe)
            try charge(text.count / 4)
            result.append(text)
        }
        switch value {
        case .dictionary, .list, .undefined: break
        default:
            guard used == values.count else { throw failure("'%': too many values") }
        }
        try charge(result.count / 4)
        return .text(result, isSafe: format.isSafe)
    }

    private mutating func entry(
        of value: JinjaValue,
        named rest: inout ArraySlice<UInt32>
    ) throws(JinjaError) -> JinjaValue {
        rest.removeFirst()
        let end = rest.firstIndex { JinjaText.scalar($0) == ")" }
        guard case .dictionary(let dictionary) = value, let end else {
            throw failure("'%(name)s' needs a mapping")
        }
        let name = JinjaText(units: rest[rest.startIndex..<end])
        rest = rest[(end + 1)...]
        guard let value = dictionary[.text(name)] else {
            throw failure("'%': the mapping has no such key")
        }
        return value
    }

    private mutating func conversion(
        _ rest: inout ArraySlice<UInt32>
    ) throws(JinjaError) -> Conversion {
        var conversion = Conversion()
        while let unit = rest.first, "-+ 0#".unicodeScalars.contains(JinjaText.scalar(unit)) {
            conversion.flags.insert(JinjaText.scalar(unit))
            rest.removeFirst()
        }
        conversion.width = Self.digits(&rest) ?? 0
        if let unit = rest.first, JinjaText.scalar(unit) == "." {
            rest.removeFirst()
            conversion.precision = Self.digits(&rest) ?? 0
        }
        guard let unit = rest.popFirst() else { throw failure("'%': the format is incomplete") }
        conversion.kind = JinjaText.scalar(unit)
        guard "sradiufFxX".unicodeScalars.contains(conversion.kind), conversion.kind != "a",
            conversion.precision ?? 0 <= 300
        else {
            throw .unsupported(
                line: line,
                construct: "'%\(conversion.kind)'",
                supported: ["%s", "%r", "%d", "%i", "%u", "%x", "%X", "%f", "%F", "%%"]
            )
        }
        try charge(conversion.width / 4)
        return conversion
    }

    private static func digits(_ rest: inout ArraySlice<UInt32>) -> Int? {
        var number: Int?
        while let unit = rest.first, ("0"..."9").contains(JinjaText.scalar(unit)) {
            let digit = Int(JinjaText.scalar(unit).value - 48)
            number = min((number ?? 0) * 10 + digit, 1 << 40)
            rest.removeFirst()
        }
        return number
    }

    private mutating func converted(
        _ value: JinjaValue,
        _ conversion: Conversion,
        isSafe: Bool
    ) throws(JinjaError) -> JinjaText {
        switch conversion.kind {
        case "s", "r":
            var text = JinjaText()
            switch (conversion.kind, isSafe) {
            case ("s", false): text = try string(of: value)
            case ("s", true): text = try escaped(value)
            default: text = try representation(of: value)
            }
            if conversion.kind == "r", isSafe { text = text.escaped }
            let shown = text[0..<min(conversion.precision ?? .max, text.count)]
            return padded(shown, conversion)
        case "f", "F":
            guard let number = value.number else {
                throw failure("'%\(conversion.kind)' of \(value.typeName)")
            }
            let digits =
                number.double.isFinite
                ? JinjaNumber.fixed(
                    number.double.magnitude,
                    precision: conversion.precision ?? 6
                ) : JinjaNumber.description(of: number.double.magnitude)
            return padded(
                digits: digits,
                isNegative: number.double.sign == .minus && !number.double.isNaN,
                conversion
            )
        default: return try convertedInteger(value, conversion)
        }
    }

    private func convertedInteger(
        _ value: JinjaValue,
        _ conversion: Conversion
    ) throws(JinjaError) -> JinjaText {
        let isHexadecimal = conversion.kind == "x" || conversion.kind == "X"
        let whole: Int?
        switch value.number {
        case .int(let value)?: whole = value
        case .float(let value)? where !isHexadecimal:
            whole = Int(exactly: value.rounded(.towardZero))
        default: whole = nil
        }
        guard let whole else { throw failure("'%\(conversion.kind)' of \(value.typeName)") }
        var digits = String(
            whole.magnitude,
            radix: isHexadecimal ? 16 : 10,
            uppercase: conversion.kind == "X"
        )
        let missing = max((conversion.precision ?? 0) - digits.count, 0)
        digits = String(repeating: "0", count: missing) + digits
        if isHexadecimal, conversion.flags.contains("#") { digits = "0\(conversion.kind)" + digits }
        return padded(digits: digits, isNegative: whole < 0, conversion)
    }

    private func padded(
        digits: String,
        isNegative: Bool,
        _ conversion: Conversion
    ) -> JinjaText {
        let flags = conversion.flags
        let sign = isNegative ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : ""
        guard flags.contains("0"), !flags.contains("-") else {
            return padded(JinjaText(sign + digits), conversion)
        }
        let missing = max(conversion.width - sign.count - digits.count, 0)
        return JinjaText(sign + String(repeating: "0", count: missing) + digits)
    }

    private func padded(_ text: JinjaText, _ conversion: Conversion) -> JinjaText {
        let missing = max(conversion.width - text.count, 0)
        let spaces = JinjaText(String(repeating: " ", count: missing))
        return conversion.flags.contains("-") ? text + spaces : spaces + text
    }
}
