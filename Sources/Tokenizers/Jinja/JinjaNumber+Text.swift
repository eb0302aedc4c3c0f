import Foundation

extension JinjaNumber {
    /// Python's `int(text, base)`: `nil` when it is not one, `.some(nil)` when it is too large.
    static func integer(parsing text: JinjaText, base: Int) -> Int?? {
        var digits = Substring(text.stripped().string)
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = String(first)
            digits = digits.dropFirst()
        }
        let prefixes = [16: "0x", 8: "0o", 2: "0b"]
        if let prefix = prefixes[base], digits.lowercased().hasPrefix(prefix) {
            digits = digits.dropFirst(2)
            if digits.first == "_" { digits = digits.dropFirst() }
        }
        guard let plain = plainDigits(digits), !plain.isEmpty else { return nil }
        let isNumber = plain.allSatisfy { character in
            character.isASCII && character.hexOrLetterValue.map { $0 < base } == true
        }
        guard isNumber else { return nil }
        return .some(Int(sign + plain, radix: base))
    }

    /// Python's `float(text)`.
    static func float(parsing text: JinjaText) -> Double? {
        let spelled = text.stripped().string.lowercased()
        let unsigned =
            spelled.first == "-" || spelled.first == "+" ? spelled.dropFirst() : spelled[...]
        let sign: Double = spelled.first == "-" ? -1 : 1
        switch unsigned {
        case "inf", "infinity": return sign * .infinity
        case "nan": return .nan
        default: break
        }
        guard let first = unsigned.first, first.isASCII, first.isNumber || first == ".",
            unsigned.allSatisfy({ $0.isASCII && ($0.isNumber || ".e+-_".contains($0)) }),
            let plain = plainDigits(unsigned)
        else { return nil }
        // Swift wants a digit on both sides of the point, Python on one.
        let parts = plain.split(separator: "e", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts[0].contains(where: \.isNumber) else { return nil }
        var mantissa = String(parts[0])
        if mantissa.first == "." { mantissa = "0" + mantissa }
        if mantissa.last == "." { mantissa += "0" }
        let exponent = parts.count == 2 ? "e" + parts[1] : ""
        return Double(mantissa + exponent).map { sign * $0 }
    }

    /// The text without underscores, each of which must stand between two digits.
    private static func plainDigits(_ text: Substring) -> String? {
        guard text.contains("_") else { return String(text) }
        var plain = ""
        var previous: Character = "_"
        for character in text {
            if character == "_", previous.hexOrLetterValue == nil { return nil }
            if previous == "_", character.hexOrLetterValue == nil { return nil }
            if character != "_" { plain.append(character) }
            previous = character
        }
        return previous == "_" ? nil : plain
    }

    /// `10 ** power` as a float.
    static func powerOfTen(_ power: Int) -> Double {
        Double("1e\(power)") ?? 1
    }

    /// Python's `round(value, precision)`: by the exact decimal value, ties to even.
    static func rounded(_ value: Double, precision: Int) -> Double {
        guard value.isFinite else { return value }
        guard precision < 0 else { return Double(fixed(value, precision: precision)) ?? value }
        let scale = powerOfTen(-precision)
        return (value / scale).rounded(.toNearestOrEven) * scale
    }

    static func rounded(_ value: Int, toPowerOfTen power: Int) -> Int? {
        guard power < 19 else { return 0 }
        let unit = (0..<power).reduce(1) { result, _ in result * 10 }
        let rest = value % unit
        let (base, half) = (value - rest, rest.magnitude * 2)
        let isEven = (value / unit) % 2 == 0
        let goesAway = half > unit.magnitude || (half == unit.magnitude && !isEven)
        guard goesAway else { return base }
        let (result, overflow) = base.addingReportingOverflow(value < 0 ? -unit : unit)
        return overflow ? nil : result
    }

    /// C's `%.*f`.
    static func fixed(_ value: Double, precision: Int) -> String {
        String(format: "%.*f", precision, value)
    }
}

extension Character {
    /// What a digit of a number in a base up to 36 is worth.
    fileprivate var hexOrLetterValue: Int? {
        isASCII ? Int(String(self), radix: 36) : nil
    }
}
