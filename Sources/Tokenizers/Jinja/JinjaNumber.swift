/// A whole or floating-point number, compared by value.
enum JinjaNumber: Equatable, Comparable {
    case int(Int)
    case float(Double)

    var double: Double {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        }
    }

    static func == (left: JinjaNumber, right: JinjaNumber) -> Bool {
        switch (left, right) {
        case (.int(let left), .int(let right)): left == right
        case (.int(let int), .float(let float)), (.float(let float), .int(let int)):
            Int(exactly: float) == int
        case (.float(let left), .float(let right)): left == right
        }
    }

    static func < (left: JinjaNumber, right: JinjaNumber) -> Bool {
        if case .int(let left) = left, case .int(let right) = right { return left < right }
        return left.double < right.double
    }

    /// Python's spelling of a float: the shortest digits that read back the same.
    static func description(of value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let sign = value.sign == .minus ? "-" : ""
        let parts = value.magnitude.description.split(separator: "e")
        var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = mantissa.joined()
        exponent += mantissa[0].count
        let leading = digits.prefix { $0 == "0" }.count
        digits = String(digits.dropFirst(leading))
        exponent -= leading
        while digits.last == "0" { digits.removeLast() }
        if digits.isEmpty { return sign + "0.0" }
        // The value is 0.digits · 10^exponent.
        if exponent < -3 || exponent > 16 {
            let shown = exponent - 1
            let power = shown.magnitude < 10 ? "0\(shown.magnitude)" : "\(shown.magnitude)"
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            return sign + digits.prefix(1) + fraction + (shown < 0 ? "e-" : "e+") + power
        }
        if exponent <= 0 {
            return sign + "0." + String(repeating: "0", count: -exponent) + digits
        }
        if digits.count <= exponent {
            return sign + digits + String(repeating: "0", count: exponent - digits.count) + ".0"
        }
        return sign + digits.prefix(exponent) + "." + digits.dropFirst(exponent)
    }
}
