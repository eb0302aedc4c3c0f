extension JinjaInterpreter {
    static let testNames: Set<String> = [
        "!=", "<", "<=", "==", ">", ">=", "boolean", "callable", "defined", "divisibleby", "eq",
        "equalto", "even", "false", "float", "ge", "greaterthan", "gt", "in", "integer",
        "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd",
        "sameas", "sequence", "string", "true", "undefined", "upper",
    ]

    /// Tests that compare with one value.
    private static let comparisons: [String: JinjaExpression.Comparison] = [
        "==": .equal, "eq": .equal, "equalto": .equal, "!=": .notEqual, "ne": .notEqual,
        "<": .less, "lt": .less, "lessthan": .less, "<=": .lessOrEqual, "le": .lessOrEqual,
        ">": .greater, "gt": .greater, "greaterthan": .greater, ">=": .greaterOrEqual,
        "ge": .greaterOrEqual, "in": .isIn,
    ]

    mutating func apply(
        test: String,
        to value: JinjaValue,
        _ call: JinjaCall
    ) throws(JinjaError) -> Bool {
        guard Self.testNames.contains(test) else { throw unsupported(test: test) }
        if let comparison = Self.comparisons[test] {
            return try compare(value, comparison, try operand(of: test, call))
        }
        switch test {
        case "divisibleby":
            let divisor = try operand(of: test, call)
            return try apply(.modulo, to: value, divisor) == .int(0)
        case "sameas": return try isSame(value, try operand(of: test, call))
        default: break
        }
        _ = try call.bound(line: line)
        switch test {
        case "defined": return !value.isUndefined
        case "odd": return try apply(.modulo, to: value, .int(2)) == .int(1)
        case "even": return try apply(.modulo, to: value, .int(2)) == .int(0)
        case "lower", "upper":
            let text = try string(of: value)
            try charge(text.count)
            return text.satisfies(test == "lower" ? "islower" : "isupper")
        default: return Self.isKind(test, value)
        }
    }

    private func unsupported(test: String) -> JinjaError {
        .unsupported(
            line: line,
            construct: "the test '\(test)'",
            supported: Self.testNames.sorted()
        )
    }

    private func operand(of test: String, _ call: JinjaCall) throws(JinjaError) -> JinjaValue {
        guard let value = try call.bound("other", line: line)[0] else {
            throw failure("the test '\(test)' needs a value to compare with")
        }
        return value
    }

    /// Whether two values are of one type and equal: values here have no identity.
    private mutating func isSame(
        _ left: JinjaValue,
        _ right: JinjaValue
    ) throws(JinjaError) -> Bool {
        guard left.typeName == right.typeName else { return false }
        return try areEqual(left, right)
    }

    private static func isKind(_ test: String, _ value: JinjaValue) -> Bool {
        switch (test, value) {
        case ("undefined", .undefined), ("none", .none), ("boolean", .bool), ("integer", .int),
            ("float", .float), ("string", .string), ("mapping", .dictionary),
            ("true", .bool(true)), ("false", .bool(false)), ("callable", .undefined):
            true
        case ("number", _): value.number != nil
        case ("iterable", .undefined), ("iterable", .string), ("iterable", .list),
            ("iterable", .tuple), ("iterable", .dictionary), ("sequence", .undefined),
            ("sequence", .string), ("sequence", .list), ("sequence", .tuple),
            ("sequence", .dictionary):
            true
        case ("callable", .reference(let reference)):
            if case .namespace = reference.kind { false } else { true }
        case ("iterable", .reference(let reference)):
            if case .loop = reference.kind { true } else { false }
        default: false
        }
    }
}
