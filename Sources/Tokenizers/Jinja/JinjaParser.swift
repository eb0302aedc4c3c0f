/// Reads the statements of a template.
struct JinjaParser {
    private let tokens: [JinjaToken]
    private var index = 0
    private var depth = 0
    private var loopDepth = 0
    private var conditionalDepth = 0

    /// Whether what is read may never run; a filter that is not known fails only when it does.
    var isConditional: Bool { conditionalDepth > 0 }

    static let statementNames = [
        "break", "call", "continue", "filter", "for", "generation", "if", "macro", "raw", "set",
        "with",
    ]

    init(_ tokens: [JinjaToken]) {
        self.tokens = tokens
    }

    /// The statements of a whole template.
    static func statements(of source: String) throws(JinjaError) -> [JinjaStatement] {
        var parser = JinjaParser(try JinjaLexer.tokens(of: source))
        let body = try parser.body(until: [])
        return body
    }

    // MARK: - Tokens

    var current: JinjaToken { tokens[min(index, tokens.count - 1)] }
    var next: JinjaToken { tokens[min(index + 1, tokens.count - 1)] }
    var line: Int { current.line }

    mutating func advance() { index += 1 }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }
    func isName(_ name: String) -> Bool { current.kind == .name(name) }

    mutating func skip(_ symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String) throws(JinjaError) {
        guard skip(symbol) else { throw unexpected("'\(symbol)'") }
    }

    mutating func name() throws(JinjaError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        advance()
        return name
    }

    func unexpected(_ expected: String) -> JinjaError {
        .syntax(line: line, message: "expected \(expected), found \(current.description)")
    }

    /// Runs a reader one level deeper.
    mutating func nested<Result>(
        _ read: (inout JinjaParser) throws(JinjaError) -> Result
    ) throws(JinjaError) -> Result {
        guard depth < JinjaLimits.maximumSyntaxDepth else {
            throw .limitExceeded(
                line: line,
                limit: "\(JinjaLimits.maximumSyntaxDepth) levels of nesting"
            )
        }
        depth += 1
        defer { depth -= 1 }
        return try read(&self)
    }

    // MARK: - Statements

    /// Statements up to one of `ends`, whose name is left as the current token.
    private mutating func body(until ends: [String]) throws(JinjaError) -> [JinjaStatement] {
        try nested { (parser) throws(JinjaError) in
            var statements: [JinjaStatement] = []
            while true {
                let line = parser.line
                switch parser.current.kind {
                case .text(let text):
                    parser.advance()
                    statements.append(JinjaStatement(kind: .text(JinjaText(text)), line: line))
                case .tag("{{"):
                    parser.advance()
                    let value = try parser.tuple()
                    try parser.endTag("}}")
                    statements.append(JinjaStatement(kind: .output(value), line: line))
                case .tag("{%"):
                    parser.advance()
                    if case .name(let name) = parser.current.kind, ends.contains(name) {
                        return statements
                    }
                    let kind = try parser.statement()
                    statements.append(JinjaStatement(kind: kind, line: line))
                default:
                    guard ends.isEmpty, parser.current.kind == .end else {
                        throw parser.unexpected(
                            ends.map { "{% \($0) %}" }.joined(separator: " or ")
                        )
                    }
                    return statements
                }
            }
        }
    }

    private mutating func endTag(_ tag: String) throws(JinjaError) {
        guard current.kind == .tag(tag) else { throw unexpected("'\(tag)'") }
        advance()
    }

    /// A body between the end of this tag and `{% end %}`.
    private mutating func block(_ end: String) throws(JinjaError) -> [JinjaStatement] {
        try endTag("%}")
        let body = try body(until: [end])
        advance()
        try endTag("%}")
        return body
    }

    private mutating func statement() throws(JinjaError) -> JinjaStatement.Kind {
        let line = line
        let name = try name()
        switch name {
        case "if": return try conditional()
        case "for": return try loop()
        case "set": return try assignment()
        case "macro":
            let name = try self.name()
            return .macro(try macro(named: name, end: "endmacro"))
        case "call": return try call()
        case "filter":
            let filter = try filters(of: nil)
            return .filter(filter, try block("endfilter"))
        case "with": return try with()
        case "generation": return .scope(try block("endgeneration"))
        case "break", "continue":
            guard loopDepth > 0 else {
                throw .syntax(line: line, message: "{% \(name) %} outside of a loop")
            }
            try endTag("%}")
            return name == "break" ? .breakLoop : .continueLoop
        case _ where name.hasPrefix("end") || name == "else" || name == "elif":
            throw .syntax(line: line, message: "unexpected {% \(name) %}")
        default:
            throw .unsupported(
                line: line,
                construct: "the statement {% \(name) %}",
                supported: Self.statementNames
            )
        }
    }

    private mutating func conditional() throws(JinjaError) -> JinjaStatement.Kind {
        var branches: [(condition: JinjaExpression, body: [JinjaStatement])] = []
        conditionalDepth += 1
        defer { conditionalDepth -= 1 }
        while true {
            let condition = try tuple(allowsConditional: false)
            try endTag("%}")
            branches.append((condition, try body(until: ["elif", "else", "endif"])))
            if skip(name: "elif") { continue }
            let otherwise = skip(name: "else") ? try block("endif") : []
            if otherwise.isEmpty, skip(name: "endif") { try endTag("%}") }
            return .conditional(branches, otherwise)
        }
    }

    private mutating func loop() throws(JinjaError) -> JinjaStatement.Kind {
        let target = try target(allowsField: false)
        guard skip(name: "in") else { throw unexpected("'in'") }
        let items = try tuple(allowsConditional: false, ends: ["recursive"])
        let condition = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        try endTag("%}")
        loopDepth += 1
        let body = try body(until: ["else", "endfor"])
        loopDepth -= 1
        var otherwise: [JinjaStatement] = []
        if skip(name: "else") {
            otherwise = try block("endfor")
        } else {
            advance()
            try endTag("%}")
        }
        return .loop(
            JinjaStatement.Loop(
                target: target,
                items: items,
                condition: condition,
                isRecursive: isRecursive,
                body: body,
                otherwise: otherwise
            )
        )
    }

    private mutating func assignment() throws(JinjaError) -> JinjaStatement.Kind {
        let target = try target(allowsField: true)
        if skip("=") {
            let value = try tuple()
            try endTag("%}")
            return .assignment(target, value)
        }
        let filter = isSymbol("|") ? try filters(of: nil) : nil
        return .assignmentBlock(target, filter: filter, try block("endset"))
    }

    private mutating func target(allowsField: Bool) throws(JinjaError) -> JinjaStatement.Target {
        var targets: [JinjaStatement.Target] = []
        var isTuple = false
        repeat {
            if isName("in") || isSymbol("=") || isSymbol(")") { break }
            if skip("(") {
                targets.append(
                    try nested { (parser) throws(JinjaError) in
                        try parser.target(allowsField: allowsField)
                    }
                )
                try expect(")")
            } else {
                let line = line
                let name = try name()
                guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
                    throw .syntax(line: line, message: "'\(name)' cannot be assigned to")
                }
                if allowsField, skip(".") {
                    targets.append(.field(of: name, try self.name()))
                } else {
                    targets.append(.name(name))
                }
            }
            if isSymbol(",") { isTuple = true }
        } while skip(",")
        if !isTuple, let target = targets.first { return target }
        guard !targets.isEmpty else { throw unexpected("a name") }
        return .tuple(targets)
    }

    private mutating func macro(
        named name: String,
        end: String
    ) throws(JinjaError) -> JinjaStatement.Macro {
        var macro = JinjaStatement.Macro(name: name, parameters: [], defaults: [], body: [])
        try parameters(of: &macro)
        let outerLoops = loopDepth
        loopDepth = 0
        let start = index
        macro.body = try block(end)
        macro.mentions = mentions(from: start)
        loopDepth = outerLoops
        return macro
    }

    private mutating func parameters(of macro: inout JinjaStatement.Macro) throws(JinjaError) {
        try expect("(")
        while !isSymbol(")") {
            if !macro.parameters.isEmpty { try expect(",") }
            if isSymbol(")") { break }
            macro.parameters.append(try name())
            if skip("=") {
                macro.defaults.append(try expression())
            } else if !macro.defaults.isEmpty {
                throw unexpected("a default, as the parameter before has one")
            }
        }
        try expect(")")
    }

    private mutating func call() throws(JinjaError) -> JinjaStatement.Kind {
        var caller = JinjaStatement.Macro(name: "caller", parameters: [], defaults: [], body: [])
        if isSymbol("(") { try parameters(of: &caller) }
        let line = line
        let callee = try expression()
        guard case .call = callee.kind else {
            throw .syntax(line: line, message: "expected a call after {% call")
        }
        let outerLoops = loopDepth
        loopDepth = 0
        let start = index
        caller.body = try block("endcall")
        caller.mentions = mentions(from: start)
        loopDepth = outerLoops
        return .call(callee, caller: caller)
    }

    private func mentions(from start: Int) -> Set<String> {
        Set(
            ["varargs", "kwargs", "caller"].filter { name in
                tokens[start..<index].contains { $0.kind == .name(name) }
            }
        )
    }

    private mutating func with() throws(JinjaError) -> JinjaStatement.Kind {
        var bindings: [(JinjaStatement.Target, JinjaExpression)] = []
        while current.kind != .tag("%}") {
            if !bindings.isEmpty { try expect(",") }
            let target = JinjaStatement.Target.name(try name())
            try expect("=")
            bindings.append((target, try expression()))
        }
        return .with(bindings, try block("endwith"))
    }
}
