/// Renders the statements of a template, within limits.
struct JinjaInterpreter {
    /// Names of one block; those of `parent` show through.
    struct Scope {
        var parent: Int?
        var values: [String: JinjaValue] = [:]
    }

    /// What `loop` stands for.
    struct Loop {
        var items: [JinjaValue]
        var index = 0
        var depth: Int
        var lastChanged: [JinjaValue]?
        /// For `loop(…)` of a recursive loop.
        var statement: JinjaStatement.Loop
        var scope: Int
    }

    /// A macro, and where it was defined.
    struct Macro {
        var definition: JinjaStatement.Macro
        var scope: Int
    }

    enum Flow {
        case normal, breakLoop, continueLoop
    }

    let limits: JinjaLimits
    let now: JinjaDate?
    var output = JinjaText()
    var line = 1
    var namespaces: [JinjaValue.Dictionary] = []
    var loops: [Loop] = []
    var macros: [Macro] = []
    private(set) var scopes: [Scope]
    private(set) var scope = 0
    /// Scopes below this index may be needed by a macro.
    private var pinnedScopeCount = 1
    private var stepsLeft: Int
    private var depth = 0
    private var outputSize = 0

    init(context: [String: JinjaValue], limits: JinjaLimits, now: JinjaDate?) {
        scopes = [Scope(parent: nil, values: context)]
        self.limits = limits
        self.now = now
        stepsLeft = limits.stepCount
    }

    // MARK: - Limits and errors

    func failure(_ message: String) -> JinjaError {
        .evaluation(line: line, message: message)
    }

    /// Counts work against the budget.
    mutating func charge(_ steps: Int) throws(JinjaError) {
        stepsLeft -= min(max(steps, 0), stepsLeft + 1)
        guard stepsLeft >= 0 else {
            throw .limitExceeded(line: line, limit: "\(limits.stepCount) evaluation steps")
        }
    }

    /// A text, paid for.
    mutating func text(_ text: JinjaText) throws(JinjaError) -> JinjaValue {
        try charge(text.count / 4 + 1)
        return .text(text)
    }

    /// Counts every part of a value, which an operation is about to visit, and bounds its nesting.
    mutating func weigh(_ value: JinjaValue, level: Int = 0) throws(JinjaError) {
        guard level <= JinjaLimits.maximumNesting else {
            throw .limitExceeded(
                line: line,
                limit: "\(JinjaLimits.maximumNesting) nested lists or mappings"
            )
        }
        switch value {
        case .list(let items), .tuple(let items):
            try charge(items.count + 1)
            for item in items { try weigh(item, level: level + 1) }
        case .dictionary(let dictionary):
            try charge(2 * dictionary.count + 1)
            for entry in dictionary.entries {
                try weigh(entry.key, level: level + 1)
                try weigh(entry.value, level: level + 1)
            }
        case .string(let value):
            try charge(value.text.count / 16 + 1)
        case .reference(let reference):
            guard case .method(_, let receiver) = reference.kind else { return }
            try weigh(receiver, level: level + 1)
        default: break
        }
    }

    /// Runs one level deeper, which costs a step.
    mutating func deeper<Result>(
        _ body: (inout JinjaInterpreter) throws(JinjaError) -> Result
    ) throws(JinjaError) -> Result {
        guard depth < limits.depth else {
            throw .limitExceeded(line: line, limit: "\(limits.depth) nested evaluations")
        }
        try charge(1)
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    // MARK: - Names

    func lookUp(_ name: String) -> JinjaValue? {
        var next: Int? = scope
        while let current = next {
            if let value = scopes[current].values[name] { return value }
            next = scopes[current].parent
        }
        return nil
    }

    mutating func set(_ name: String, to value: JinjaValue) {
        scopes[scope].values[name] = value
    }

    /// Runs in a new scope.
    mutating func scoped<Result>(
        in parent: Int? = nil,
        _ body: (inout JinjaInterpreter) throws(JinjaError) -> Result
    ) throws(JinjaError) -> Result {
        let outer = scope
        scopes.append(Scope(parent: parent ?? scope))
        scope = scopes.count - 1
        defer {
            scopes.removeLast(max(scopes.count - max(pinnedScopeCount, outerCount(outer)), 0))
            scope = outer
        }
        return try body(&self)
    }

    /// How many scopes there must be for `outer` and what it is in.
    private func outerCount(_ outer: Int) -> Int {
        max(outer, scope - 1) + 1
    }

    /// Keeps the current scopes for the rest of the rendering, as a macro reads them.
    mutating func define(_ definition: JinjaStatement.Macro) throws(JinjaError) -> JinjaValue {
        try charge(32)
        pinnedScopeCount = scopes.count
        macros.append(Macro(definition: definition, scope: scope))
        return .reference(JinjaValue.Reference(kind: .macro(macros.count - 1)))
    }

    // MARK: - Output

    mutating func write(_ text: JinjaText) throws(JinjaError) {
        try charge(text.count / 4 + 1)
        for unit in text.units { outputSize += UTF8.width(JinjaText.scalar(unit)) }
        guard outputSize <= limits.outputSize else {
            throw .limitExceeded(line: line, limit: "\(limits.outputSize) bytes of output")
        }
        output.append(text)
    }

    /// What statements write.
    mutating func captured(_ body: [JinjaStatement]) throws(JinjaError) -> JinjaText {
        try capturing { (this) throws(JinjaError) in _ = try this.execute(body) }
    }

    /// What `body` writes, which is not output yet.
    mutating func capturing(
        _ body: (inout JinjaInterpreter) throws(JinjaError) -> Void
    ) throws(JinjaError) -> JinjaText {
        let outer = output
        let outerSize = outputSize
        output = JinjaText()
        try body(&self)
        let text = output
        output = outer
        outputSize = outerSize
        return text
    }
}
