import Foundation

extension JinjaInterpreter {
    func apply(
        _ operation: JinjaExpression.Unary,
        to value: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        if case .not = operation { return .bool(!value.isTrue) }
        guard let number = value.number else {
            throw failure("'\(operation.rawValue)' of \(value.typeName)")
        }
        switch (operation, number) {
        case (.minus, .int(let value)):
            let (result, overflow) = (0 as Int).subtractingReportingOverflow(value)
            return .int(try checked(result, overflow))
        case (.minus, .float(let value)): return .float(-value)
        case (_, .int(let value)): return .int(value)
        case (_, .float(let value)): return .float(value)
        }
    }

    private func checked(_ value: Int, _ overflow: Bool) throws(JinjaError) -> Int {
        guard !overflow else { throw failure("the result is not a 64-bit number") }
        return value
    }

    mutating func apply(
        _ operation: JinjaExpression.Binary,
        to left: JinjaValue,
        _ right: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        switch (operation, left, right) {
        case (.add, .string, .string):
            return try concatenated(left, right)
        case (.add, .list(let left), .list(let right)):
            try charge(left.count + right.count)
            return .list(left + right)
        case (.add, .tuple(let left), .tuple(let right)):
            try charge(left.count + right.count)
            return .tuple(left + right)
        case (.modulo, .string(let format), _):
            return try formatted(format, with: right)
        case (.multiply, .string, _), (.multiply, .list, _), (.multiply, .tuple, _):
            if let count = integer(right) { return try repeated(left, count) }
        case (.multiply, _, .string), (.multiply, _, .list), (.multiply, _, .tuple):
            if let count = integer(left) { return try repeated(right, count) }
        default: break
        }
        guard let first = left.number, let second = right.number else {
            throw failure("'\(operation.rawValue)' of \(left.typeName) and \(right.typeName)")
        }
        if case .int(let first) = first, case .int(let second) = second {
            return try apply(operation, first, second)
        }
        return .float(try apply(operation, first.double, second.double))
    }

    private mutating func repeated(
        _ value: JinjaValue,
        _ count: Int
    ) throws(JinjaError) -> JinjaValue {
        let count = max(count, 0)
        func size(_ length: Int) -> Int {
            let (product, overflow) = length.multipliedReportingOverflow(by: count)
            return overflow ? .max : product
        }
        switch value {
        case .string(let value):
            try charge(size(value.text.count) / 4)
            guard !value.text.isEmpty else { return .text(JinjaText()) }
            return .text(
                JinjaText(units: (0..<count).flatMap { _ in value.text.units }),
                isSafe: value.isSafe
            )
        case .list(let items):
            try charge(size(items.count))
            return .list(items.isEmpty ? [] : (0..<count).flatMap { _ in items })
        case .tuple(let items):
            try charge(size(items.count))
            return .tuple(items.isEmpty ? [] : (0..<count).flatMap { _ in items })
        default: throw failure("\(value.typeName) cannot be repeated")
        }
    }

    private mutating func apply(
        _ operation: JinjaExpression.Binary,
        _ left: Int,
        _ right: Int
    ) throws(JinjaError) -> JinjaValue {
        switch operation {
        case .add:
            let (value, overflow) = left.addingReportingOverflow(right)
            return .int(try checked(value, overflow))
        case .subtract:
            let (value, overflow) = left.subtractingReportingOverflow(right)
            return .int(try checked(value, overflow))
        case .multiply:
            let (value, overflow) = left.multipliedReportingOverflow(by: right)
            return .int(try checked(value, overflow))
        case .divide:
            return .float(try apply(.divide, Double(left), Double(right)))
        case .floorDivide, .modulo:
            guard right != 0 else { throw failure("division by zero") }
            let (quotient, overflow) = left.dividedReportingOverflow(by: right)
            if overflow {
                return operation == .modulo ? .int(0) : .int(try checked(quotient, true))
            }
            let rest = left % right
            let isBelow = rest != 0 && (rest < 0) != (right < 0)
            return .int(
                operation == .modulo ? rest + (isBelow ? right : 0) : quotient - (isBelow ? 1 : 0)
            )
        case .power:
            guard right >= 0 else {
                return .float(try apply(.power, Double(left), Double(right)))
            }
            if (-1...1).contains(left) {
                return .int(right == 0 ? 1 : left < 0 && right % 2 == 0 ? 1 : left)
            }
            var result = 1
            for _ in 0..<min(right, 64) {
                let (value, overflow) = result.multipliedReportingOverflow(by: left)
                result = try checked(value, overflow)
            }
            return .int(result)
        }
    }

    private func apply(
        _ operation: JinjaExpression.Binary,
        _ left: Double,
        _ right: Double
    ) throws(JinjaError) -> Double {
        switch operation {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw failure("division by zero") }
            if operation == .divide { return left / right }
            var rest = left.truncatingRemainder(dividingBy: right)
            if rest != 0, (rest < 0) != (right < 0) { rest += right }
            if rest == 0 { rest = right.sign == .minus ? -0.0 : 0 }
            return operation == .modulo ? rest : ((left - rest) / right).rounded()
        case .power:
            guard left != 0 || right >= 0 else { throw failure("division by zero") }
            let result = pow(left, right)
            guard result.isFinite || !left.isFinite || !right.isFinite else {
                throw failure("the result of '**' is not a finite number")
            }
            return result
        }
    }

    // MARK: - Comparison

    mutating func compare(
        _ left: JinjaValue,
        _ comparison: JinjaExpression.Comparison,
        _ right: JinjaValue
    ) throws(JinjaError) -> Bool {
        switch comparison {
        case .equal: return try areEqual(left, right)
        case .notEqual: return try !areEqual(left, right)
        case .less: return try isLess(left, right, orEqual: false)
        case .lessOrEqual: return try isLess(left, right, orEqual: true)
        case .greater: return try isLess(right, left, orEqual: false)
        case .greaterOrEqual: return try isLess(right, left, orEqual: true)
        case .isIn: return try contains(right, left)
        case .isNotIn: return try !contains(right, left)
        }
    }

    mutating func areEqual(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> Bool {
        try weigh(left)
        try weigh(right)
        return left == right
    }

    mutating func isLess(
        _ left: JinjaValue,
        _ right: JinjaValue,
        orEqual: Bool
    ) throws(JinjaError) -> Bool {
        if let left = left.number, let right = right.number {
            return left < right || (orEqual && left == right)
        }
        switch (left, right) {
        case (.string(let left), .string(let right)):
            try charge(min(left.text.count, right.text.count) / 16)
            return left.text < right.text || (orEqual && left.text == right.text)
        case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
            for (left, right) in zip(first, second) where try !areEqual(left, right) {
                return try deeper { (this) throws(JinjaError) in
                    try this.isLess(left, right, orEqual: orEqual)
                }
            }
            return first.count < second.count || (orEqual && first.count == second.count)
        default:
            throw failure("\(left.typeName) and \(right.typeName) have no order")
        }
    }

    mutating func contains(
        _ container: JinjaValue,
        _ value: JinjaValue
    ) throws(JinjaError) -> Bool {
        switch container {
        case .string(let container):
            guard case .string(let value) = value else {
                throw failure("'in' a string, of \(value.typeName)")
            }
            try charge((container.text.count + value.text.count) / 4)
            return container.text.firstIndex(of: value.text) != nil
        case .list(let items), .tuple(let items):
            for item in items where try areEqual(item, value) { return true }
            return false
        case .dictionary(let dictionary):
            try weigh(value)
            guard JinjaValue.Key(value) != nil else {
                throw failure("\(value.typeName) cannot be a key")
            }
            return dictionary[value] != nil
        case .undefined: return false
        default: throw failure("'in' \(container.typeName)")
        }
    }
}
