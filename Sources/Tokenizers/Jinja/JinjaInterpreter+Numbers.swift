/// Filters that make numbers.
extension JinjaInterpreter {
    mutating func apply(
        number filter: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        switch filter {
        case "int":
            try refuseUndefined(value, using: "int")
            let arguments = try call.bound("default", "base", line: line)
            return try wholeNumber(
                value,
                base: try base(arguments[1])
            ) ?? arguments[0] ?? .int(0)
        case "float":
            try refuseUndefined(value, using: "float")
            let otherwise = try call.bound("default", line: line)[0] ?? .float(0)
            if let number = value.number { return .float(number.double) }
            guard case .string(let value) = value else { return otherwise }
            try charge(value.text.count / 4)
            return JinjaNumber.float(parsing: value.text).map(JinjaValue.float) ?? otherwise
        case "abs":
            _ = try call.bound(line: line)
            switch value.number {
            case .int(let value)?:
                guard value != .min else { throw failure("the result is not a 64-bit number") }
                return .int(abs(value))
            case .float(let value)?: return .float(value.magnitude)
            case nil: throw failure("abs of \(value.typeName)")
            }
        default: return try rounded(value, call)
        }
    }

    private func base(_ value: JinjaValue?) throws(JinjaError) -> Int {
        guard let value else { return 10 }
        guard let base = integer(value), (2...36).contains(base) else {
            throw failure("int: expected a base from 2 to 36")
        }
        return base
    }

    private mutating func wholeNumber(
        _ value: JinjaValue,
        base: Int
    ) throws(JinjaError) -> JinjaValue? {
        let double: Double
        switch value {
        case .string(let value):
            try charge(value.text.count / 4)
            switch JinjaNumber.integer(parsing: value.text, base: base) {
            case .some(.some(let value)): return .int(value)
            case .some(.none): throw failure("the number is not a 64-bit number")
            case .none: break
            }
            guard let parsed = JinjaNumber.float(parsing: value.text), parsed.isFinite else {
                return nil
            }
            double = parsed
        default:
            switch value.number {
            case .int(let value)?: return .int(value)
            case .float(let value)?: double = value
            case nil: return nil
            }
            if double.isNaN { return nil }
        }
        guard let whole = Int(exactly: double.rounded(.towardZero)) else {
            throw failure("the number is not a 64-bit number")
        }
        return .int(whole)
    }

    private func rounded(
        _ value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        let arguments = try call.bound("precision", "method", line: line)
        guard let number = value.number else { throw failure("round of \(value.typeName)") }
        guard let precision = integer(arguments[0] ?? .int(0)), (-300...300).contains(precision)
        else { throw failure("round: expected a precision from -300 to 300") }
        var method = "common"
        if let value = arguments[1] { method = try text(value, of: "round").string }
        guard ["common", "ceil", "floor"].contains(method) else {
            throw failure("round: expected 'common', 'ceil' or 'floor', found '\(method)'")
        }
        if method == "common" {
            switch number {
            case .int(let value) where precision >= 0: return .int(value)
            case .int(let value):
                guard let rounded = JinjaNumber.rounded(value, toPowerOfTen: -precision) else {
                    throw failure("the result is not a 64-bit number")
                }
                return .int(rounded)
            case .float(let value):
                return .float(JinjaNumber.rounded(value, precision: precision))
            }
        }
        let scale = JinjaNumber.powerOfTen(precision)
        let scaled = number.double * scale
        let whole = scaled.rounded(method == "ceil" ? .up : .down)
        return .float(whole / scale)
    }
}
