extension JinjaInterpreter {
    /// Functions that every template can call; `strftime_now` needs the time.
    static let functionNames: Set<String> = [
        "dict", "namespace", "raise_exception", "range", "strftime_now",
    ]

    /// As Jinja's sandbox has it.
    private static let maximumRange = 100_000

    mutating func call(
        _ function: JinjaValue,
        with call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        if case .undefined(let reason) = function { throw failure("a call: \(reason)") }
        guard case .reference(let reference) = function else {
            throw failure("\(function.typeName) cannot be called")
        }
        switch reference.kind {
        case .function(let name): return try self.call(functionNamed: name, call)
        case .method(let name, of: .reference(let receiver)):
            guard case .loop(let index) = receiver.kind else { break }
            return try callLoop(index, method: name, call)
        case .method(let name, let receiver):
            return try self.call(method: name, of: receiver, call)
        case .macro(let index): return try callMacro(index, call)
        case .loop(let index): return try callLoop(index, call)
        case .namespace: break
        }
        throw failure("\(function.typeName) cannot be called")
    }

    // MARK: - Functions

    private mutating func call(
        functionNamed name: String,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        switch name {
        case "dict": return .dictionary(try dictionary(from: call))
        case "namespace":
            try charge(16)
            namespaces.append(try dictionary(from: call))
            return .reference(JinjaValue.Reference(kind: .namespace(namespaces.count - 1)))
        case "raise_exception":
            let message = try call.bound("message", line: line)[0] ?? .trusted("")
            throw .raised(message: try string(of: message).string)
        case "range": return try range(call)
        default:
            let format = try call.bound("format", line: line)[0]
            guard let now, case .string(let format)? = format else {
                throw failure("strftime_now: expected a format")
            }
            guard let text = now.formatted(format.text.string) else {
                throw .unsupported(
                    line: line,
                    construct: "strftime_now(\(format.text.string.debugDescription))",
                    supported: JinjaDate.conversions.map { "%\($0)" }
                )
            }
            return try self.text(JinjaText(text))
        }
    }

    /// The mapping that `dict(…)` and `namespace(…)` make.
    private mutating func dictionary(
        from call: JinjaCall
    ) throws(JinjaError) -> JinjaValue.Dictionary {
        guard call.positional.count <= 1 else { throw failure("expected at most 1 argument") }
        var dictionary = JinjaValue.Dictionary()
        switch call.positional.first {
        case nil: break
        case .dictionary(let value)?:
            try charge(value.count)
            dictionary = value
        case .some(let value):
            for pair in try items(of: value) {
                let pair = try items(of: pair)
                guard pair.count == 2 else { throw failure("expected pairs of key and value") }
                try weigh(pair[0])
                guard dictionary.set(pair[0], to: pair[1]) else {
                    throw failure("\(pair[0].typeName) cannot be a key")
                }
            }
        }
        for (name, value) in call.named { dictionary.set(.trusted(name), to: value) }
        try weigh(.dictionary(dictionary))
        return dictionary
    }

    private mutating func range(_ call: JinjaCall) throws(JinjaError) -> JinjaValue {
        var bounds: [Int] = []
        for value in try call.bound("start", "stop", "step", line: line) {
            guard let value else { break }
            guard let bound = integer(value) else {
                throw failure("range: expected an integer, found \(value.typeName)")
            }
            bounds.append(bound)
        }
        guard !bounds.isEmpty, call.named.isEmpty else {
            throw failure("range: expected 1 to 3 integers")
        }
        let (start, stop) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
        let step = bounds.count == 3 ? bounds[2] : 1
        guard step != 0 else { throw failure("range: the step is zero") }
        let (distance, overflow) = stop.subtractingReportingOverflow(start)
        guard distance == 0 || overflow || (distance < 0) == (step < 0) else { return .list([]) }
        let count = distance.magnitude.advancedUp(to: step.magnitude)
        guard !overflow, count <= Self.maximumRange else {
            throw .limitExceeded(line: line, limit: "\(Self.maximumRange) elements in a range")
        }
        try charge(Int(count))
        return .list((0..<Int(count)).map { .int(start + $0 * step) })
    }

    // MARK: - Macros

    private mutating func callMacro(
        _ index: Int,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        let macro = macros[index]
        let definition = macro.definition
        var values: [String: JinjaValue] = [:]
        for (name, value) in zip(definition.parameters, call.positional) { values[name] = value }
        let extra = call.positional.dropFirst(definition.parameters.count)
        guard extra.isEmpty || definition.mentions.contains("varargs") else {
            throw failure(
                "the macro '\(definition.name)' takes \(definition.parameters.count) arguments, "
                    + "found \(call.positional.count)"
            )
        }
        var others = JinjaValue.Dictionary()
        for (name, value) in call.named {
            if definition.parameters.contains(name), values[name] == nil {
                values[name] = value
            } else if name == "caller", definition.mentions.contains("caller") {
                values[name] = value
            } else if definition.mentions.contains("kwargs"), values[name] == nil {
                others.set(.trusted(name), to: value)
            } else {
                throw failure("the macro '\(definition.name)': unexpected argument '\(name)'")
            }
        }
        if definition.mentions.contains("varargs") { values["varargs"] = .tuple(Array(extra)) }
        if definition.mentions.contains("kwargs") { values["kwargs"] = .dictionary(others) }
        if definition.mentions.contains("caller"), values["caller"] == nil {
            values["caller"] = .undefined("no caller defined")
        }
        let text = try deeper { (this) throws(JinjaError) in
            try this.run(definition, in: macro.scope, with: values)
        }
        return .text(text)
    }

    private mutating func run(
        _ macro: JinjaStatement.Macro,
        in scope: Int,
        with values: [String: JinjaValue]
    ) throws(JinjaError) -> JinjaText {
        try scoped(in: scope) { (this) throws(JinjaError) in
            for (name, value) in values { this.set(name, to: value) }
            let firstDefault = macro.parameters.count - macro.defaults.count
            for (index, name) in macro.parameters.enumerated() where values[name] == nil {
                let value: JinjaValue =
                    index >= firstDefault
                    ? try this.evaluate(macro.defaults[index - firstDefault])
                    : .undefined("parameter '\(name)' was not provided")
                this.set(name, to: value)
            }
            return try this.captured(macro.body)
        }
    }

    // MARK: - Loops

    /// `loop(items)`, in a recursive loop.
    private mutating func callLoop(
        _ index: Int,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        guard loops.indices.contains(index), loops[index].statement.isRecursive else {
            throw failure("'loop' can be called in a loop with 'recursive' only")
        }
        guard let items = try call.bound("iterable", line: line)[0] else {
            throw failure("loop: expected a list")
        }
        let loop = loops[index]
        let text = try deeper { (this) throws(JinjaError) in
            try this.capturing { (this) throws(JinjaError) in
                try this.run(
                    loop.statement,
                    over: items,
                    depth: loop.depth + 1,
                    in: loop.scope
                )
            }
        }
        return .text(text)
    }

    private mutating func callLoop(
        _ index: Int,
        method: String,
        _ call: JinjaCall
    ) throws(JinjaError) -> JinjaValue {
        guard loops.indices.contains(index), call.named.isEmpty else {
            throw failure("loop.\(method): unexpected arguments")
        }
        let values = call.positional
        if method == "cycle" {
            guard !values.isEmpty else { throw failure("loop.cycle: expected values") }
            return values[loops[index].index % values.count]
        }
        if let last = loops[index].lastChanged, try areEqual(.list(last), .list(values)) {
            return .bool(false)
        }
        loops[index].lastChanged = values
        return .bool(true)
    }
}

extension UInt {
    /// How many steps it takes to cover this distance.
    fileprivate func advancedUp(to step: UInt) -> UInt {
        self / step + (self % step == 0 ? 0 : 1)
    }
}
