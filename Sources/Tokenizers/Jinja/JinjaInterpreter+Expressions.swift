extension JinjaInterpreter {
    mutating func evaluate(_ expression: JinjaExpression) throws(JinjaError) -> JinjaValue {
        try deeper { (this) throws(JinjaError) in
            this.line = expression.line
            return try this.value(of: expression)
        }
    }

    mutating func evaluate(_ arguments: JinjaArguments) throws(JinjaError) -> JinjaCall {
        var call = JinjaCall()
        for argument in arguments.positional { call.positional.append(try evaluate(argument)) }
        for (name, argument) in arguments.named {
            call.named.append((name, try evaluate(argument)))
        }
        return call
    }

    private mutating func value(of expression: JinjaExpression) throws(JinjaError) -> JinjaValue {
        switch expression.kind {
        case .constant(let value): return value
        case .name(let name): return value(named: name)
        case .list(let items): return .list(try evaluate(all: items))
        case .tuple(let items): return .tuple(try evaluate(all: items))
        case .dictionary(let entries): return try dictionary(entries)
        case .attribute(let object, let name):
            return try attribute(name, of: try evaluate(object))
        case .item(let object, let key):
            let object = try evaluate(object)
            return try item(try evaluate(key), of: object)
        case .slice(let object, let start, let end, let step):
            return try slice(object, start, end, step)
        case .call(let callee, let arguments):
            let function = try evaluate(callee)
            return try call(function, with: try evaluate(arguments))
        case .filter(let value, let name, let arguments):
            guard let value else { throw failure("the filter '\(name)' has no value") }
            let input = try evaluate(value)
            return try apply(filter: name, to: input, try evaluate(arguments))
        case .test(let value, let name, let arguments):
            let input = try evaluate(value)
            return .bool(try apply(test: name, to: input, try evaluate(arguments)))
        case .unary(let operation, let value):
            return try apply(operation, to: try evaluate(value))
        case .binary(let operation, let left, let right):
            let left = try evaluate(left)
            return try apply(operation, to: left, try evaluate(right))
        case .and(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? try evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return value.isTrue ? value : try evaluate(right)
        case .concatenation(let parts):
            var result = JinjaText()
            for part in parts {
                let part = try evaluate(part)
                result.append(try string(of: part))
            }
            return try text(result)
        case .comparison(let first, let rest):
            return try compare(first, rest)
        case .conditional(let value, let condition, let otherwise):
            if try evaluate(condition).isTrue { return try evaluate(value) }
            guard let otherwise else { return .undefined("the inline if has no else") }
            return try evaluate(otherwise)
        }
    }

    private func value(named name: String) -> JinjaValue {
        if let value = lookUp(name) { return value }
        if Self.functionNames.contains(name), name != "strftime_now" || now != nil {
            return .reference(JinjaValue.Reference(kind: .function(name)))
        }
        return .undefined("'\(name)' is undefined")
    }

    private mutating func evaluate(all items: [JinjaExpression]) throws(JinjaError) -> [JinjaValue]
    {
        var values: [JinjaValue] = []
        for item in items { values.append(try evaluate(item)) }
        try weigh(.list(values))
        return values
    }

    private mutating func dictionary(
        _ entries: [(JinjaExpression, JinjaExpression)]
    ) throws(JinjaError) -> JinjaValue {
        var dictionary = JinjaValue.Dictionary()
        for (key, value) in entries {
            let key = try evaluate(key)
            try weigh(key)
            guard dictionary.set(key, to: try evaluate(value)) else {
                throw failure("\(key.typeName) cannot be a key")
            }
        }
        try weigh(.dictionary(dictionary))
        return .dictionary(dictionary)
    }

    private mutating func compare(
        _ first: JinjaExpression,
        _ rest: [(JinjaExpression.Comparison, JinjaExpression)]
    ) throws(JinjaError) -> JinjaValue {
        var left = try evaluate(first)
        for (comparison, expression) in rest {
            let right = try evaluate(expression)
            guard try compare(left, comparison, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    // MARK: - Fields, items, slices

    /// `object.name`: a method before an entry of that name, as Jinja has it.
    mutating func attribute(
        _ name: String,
        of object: JinjaValue
    ) throws(JinjaError) -> JinjaValue {
        try refuseUndefined(object, using: ".\(name)")
        if let method = try method(name, of: object) { return method }
        if case .dictionary(let dictionary) = object, let value = dictionary[name] { return value }
        return .undefined("\(object.typeName) has no field '\(name)'")
    }

    /// `object[key]`: an entry before a method of that name.
    mutating func item(_ key: JinjaValue, of object: JinjaValue) throws(JinjaError) -> JinjaValue {
        try refuseUndefined(object, using: "[…]")
        try weigh(key)
        switch object {
        case .dictionary(let dictionary):
            if let value = dictionary[key] { return value }
        case .list(let items), .tuple(let items):
            if let index = integer(key), let found = Self.position(index, count: items.count) {
                return items[found]
            }
        case .string(let value):
            if let index = integer(key), let at = Self.position(index, count: value.text.count) {
                return .text(value.text[at..<at + 1], isSafe: value.isSafe)
            }
        default: break
        }
        if case .string(let name) = key {
            if let method = try method(name.text.string, of: object) { return method }
        }
        return .undefined("\(object.typeName) has no such item")
    }

    private static func position(_ index: Int, count: Int) -> Int? {
        let index = index < 0 ? index + count : index
        return (0..<count).contains(index) ? index : nil
    }

    private func method(_ name: String, of object: JinjaValue) throws(JinjaError) -> JinjaValue? {
        guard !name.hasPrefix("__") else { throw failure("access to '\(name)' is not allowed") }
        if case .reference(let reference) = object {
            switch reference.kind {
            case .loop(let index): return field(name, ofLoop: index)
            case .namespace(let index): return namespaces[index][name]
            case .macro(let index) where name == "name":
                return .trusted(macros[index].definition.name)
            default: return nil
            }
        }
        guard Self.methodNames(of: object).contains(name) else { return nil }
        return .reference(JinjaValue.Reference(kind: .method(name, of: object)))
    }

    func refuseUndefined(_ value: JinjaValue, using operation: String) throws(JinjaError) {
        guard case .undefined(let reason) = value else { return }
        throw failure("\(operation) of an undefined value: \(reason)")
    }

    private mutating func slice(
        _ object: JinjaExpression,
        _ start: JinjaExpression?,
        _ end: JinjaExpression?,
        _ step: JinjaExpression?
    ) throws(JinjaError) -> JinjaValue {
        let object = try evaluate(object)
        try refuseUndefined(object, using: "[:]")
        let (start, end) = (try bound(start), try bound(end))
        let step = try bound(step) ?? 1
        guard step != 0 else { throw failure("the step of a slice is zero") }
        func picked<Element>(_ items: [Element]) -> [Element] {
            Self.indices(count: items.count, start, end, step).map { items[$0] }
        }
        switch object {
        case .list(let items):
            try charge(items.count)
            return .list(picked(items))
        case .tuple(let items):
            try charge(items.count)
            return .tuple(picked(items))
        case .string(let value):
            try charge(value.text.count / 4)
            return .text(JinjaText(units: picked(value.text.units)), isSafe: value.isSafe)
        default: throw failure("\(object.typeName) has no slices")
        }
    }

    private mutating func bound(_ expression: JinjaExpression?) throws(JinjaError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .none = value { return nil }
        guard let bound = integer(value) else {
            throw failure("the bound of a slice is \(value.typeName), not an integer")
        }
        return bound
    }

    /// The indices of Python's `start:end:step`.
    private static func indices(count: Int, _ start: Int?, _ end: Int?, _ step: Int) -> [Int] {
        let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
        func clamped(_ bound: Int) -> Int {
            min(max(bound < 0 ? max(bound, -count - 1) + count : bound, low), high)
        }
        var index = start.map(clamped) ?? (step > 0 ? low : high)
        let end = end.map(clamped) ?? (step > 0 ? high : low)
        var indices: [Int] = []
        while step > 0 ? index < end : index > end {
            indices.append(index)
            let (next, overflow) = index.addingReportingOverflow(step)
            if overflow { break }
            index = next
        }
        return indices
    }

    /// A whole number, or a truth value as one.
    func integer(_ value: JinjaValue) -> Int? {
        if case .int(let value)? = value.number { value } else { nil }
    }

    /// What a loop runs over: the characters of a text, the keys of a mapping.
    mutating func items(of value: JinjaValue) throws(JinjaError) -> [JinjaValue] {
        switch value {
        case .undefined: return []
        case .list(let items), .tuple(let items):
            try charge(items.count)
            return items
        case .dictionary(let dictionary):
            try charge(dictionary.count)
            return dictionary.keys
        case .string(let value):
            try charge(value.text.count)
            return value.text.units.map { .text(JinjaText(units: [$0])) }
        default: throw failure("\(value.typeName) cannot be iterated over")
        }
    }
}
