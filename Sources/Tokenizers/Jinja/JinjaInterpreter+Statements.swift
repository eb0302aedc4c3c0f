extension JinjaInterpreter {
    mutating func execute(_ body: [JinjaStatement]) throws(JinjaError) -> Flow {
        for statement in body {
            let flow = try deeper { (this) throws(JinjaError) in try this.execute(statement) }
            guard case .normal = flow else { return flow }
        }
        return .normal
    }

    private mutating func execute(_ statement: JinjaStatement) throws(JinjaError) -> Flow {
        line = statement.line
        switch statement.kind {
        case .text(let text):
            try write(text)
        case .output(let expression):
            let value = try evaluate(expression)
            try write(try string(of: value))
        case .conditional(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition).isTrue {
                return try execute(branch.body)
            }
            return try execute(otherwise)
        case .loop(let loop):
            try run(loop, over: try evaluate(loop.items), depth: 1, in: scope)
        case .assignment(let target, let expression):
            try assign(try evaluate(expression), to: target)
        case .assignmentBlock(let target, let filter, let body):
            let text = try scoped { (this) throws(JinjaError) in try this.captured(body) }
            try assign(try filtered(.text(text), by: filter), to: target)
        case .macro(let definition):
            set(definition.name, to: try define(definition))
        case .call(let expression, let definition):
            try executeCall(expression, caller: definition)
        case .filter(let filter, let body):
            let text = try scoped { (this) throws(JinjaError) in try this.captured(body) }
            let value = try filtered(.text(text), by: filter)
            try write(try string(of: value))
        case .with(let bindings, let body):
            var values: [(JinjaStatement.Target, JinjaValue)] = []
            for (target, expression) in bindings {
                values.append((target, try evaluate(expression)))
            }
            return try scoped { (this) throws(JinjaError) in
                for (target, value) in values { try this.assign(value, to: target) }
                return try this.execute(body)
            }
        case .scope(let body):
            return try scoped { (this) throws(JinjaError) in try this.execute(body) }
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .normal
    }

    private mutating func executeCall(
        _ expression: JinjaExpression,
        caller definition: JinjaStatement.Macro
    ) throws(JinjaError) {
        guard case .call(let callee, let arguments) = expression.kind else { return }
        let function = try evaluate(callee)
        var call = try evaluate(arguments)
        call.named.append(("caller", try define(definition)))
        let value = try self.call(function, with: call)
        try write(try string(of: value))
    }

    private mutating func filtered(
        _ value: JinjaValue,
        by filter: JinjaExpression?
    ) throws(JinjaError) -> JinjaValue {
        guard let filter else { return value }
        guard case .filter(let inner, let name, let arguments) = filter.kind else { return value }
        let value = try filtered(value, by: inner)
        return try apply(filter: name, to: value, try evaluate(arguments))
    }

    mutating func assign(
        _ value: JinjaValue,
        to target: JinjaStatement.Target
    ) throws(JinjaError) {
        switch target {
        case .name(let name):
            set(name, to: value)
        case .field(let name, let field):
            guard case .reference(let reference)? = lookUp(name),
                case .namespace(let index) = reference.kind
            else { throw failure("'\(name)' is not a namespace, so '\(field)' cannot be set") }
            namespaces[index].set(.trusted(field), to: value)
        case .tuple(let targets):
            let items = try items(of: value)
            guard items.count == targets.count else {
                throw failure("expected \(targets.count) values to unpack, found \(items.count)")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target) }
        }
    }

    /// Runs a loop; the name `loop` is set while the body runs.
    mutating func run(
        _ loop: JinjaStatement.Loop,
        over value: JinjaValue,
        depth: Int,
        in parent: Int
    ) throws(JinjaError) {
        var items = try items(of: value)
        if let condition = loop.condition {
            var kept: [JinjaValue] = []
            for item in items {
                let isKept = try scoped(in: parent) { (this) throws(JinjaError) in
                    try this.assign(item, to: loop.target)
                    return try this.evaluate(condition).isTrue
                }
                if isKept { kept.append(item) }
            }
            items = kept
        }
        guard !items.isEmpty else {
            _ = try scoped(in: parent) { (this) throws(JinjaError) in
                try this.execute(loop.otherwise)
            }
            return
        }
        let index = loops.count
        try charge(items.count)
        loops.append(Loop(items: items, depth: depth, statement: loop, scope: parent))
        defer { loops.removeLast(loops.count - index) }
        for position in items.indices {
            loops[index].index = position
            let flow = try scoped(in: parent) { (this) throws(JinjaError) in
                this.set("loop", to: .reference(JinjaValue.Reference(kind: .loop(index))))
                try this.assign(items[position], to: loop.target)
                return try this.execute(loop.body)
            }
            if case .breakLoop = flow { break }
        }
    }

    /// A field of `loop`.
    func field(_ name: String, ofLoop index: Int) -> JinjaValue? {
        guard loops.indices.contains(index) else { return nil }
        let loop = loops[index]
        let count = loop.items.count
        return switch name {
        case "index": .int(loop.index + 1)
        case "index0": .int(loop.index)
        case "revindex": .int(count - loop.index)
        case "revindex0": .int(count - loop.index - 1)
        case "first": .bool(loop.index == 0)
        case "last": .bool(loop.index + 1 == count)
        case "length": .int(count)
        case "depth": .int(loop.depth)
        case "depth0": .int(loop.depth - 1)
        case "previtem":
            loop.index > 0 ? loop.items[loop.index - 1] : .undefined("there is no previous item")
        case "nextitem":
            loop.index + 1 < count
                ? loop.items[loop.index + 1] : .undefined("there is no next item")
        case "cycle", "changed":
            .reference(
                JinjaValue.Reference(
                    kind: .method(
                        name,
                        of: .reference(JinjaValue.Reference(kind: .loop(index)))
                    )
                )
            )
        default: nil
        }
    }
}
