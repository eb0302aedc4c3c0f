extension JinjaParser {
    private func node(
        _ kind: JinjaExpression.Kind,
        _ line: Int,
        over children: [JinjaExpression]
    ) throws(JinjaError) -> JinjaExpression {
        let nesting = 1 + (children.map(\.nesting).max() ?? 0)
        guard nesting <= JinjaLimits.maximumNesting else {
            throw .limitExceeded(
                line: line,
                limit: "\(JinjaLimits.maximumNesting) levels of nesting"
            )
        }
        return JinjaExpression(kind: kind, line: line, nesting: nesting)
    }

    /// An expression, or a tuple without parentheses.
    mutating func tuple(
        allowsConditional: Bool = true,
        ends: [String] = [],
        inParentheses: Bool = false
    ) throws(JinjaError) -> JinjaExpression {
        let line = line
        var items: [JinjaExpression] = []
        var isTuple = false
        while true {
            if !items.isEmpty {
                guard skip(",") else { break }
                isTuple = true
            }
            if isSymbol(")") || isTagEnd || ends.contains(where: isName) { break }
            items.append(try allowsConditional ? expression() : or())
        }
        if !isTuple, let item = items.first { return item }
        guard !items.isEmpty || inParentheses else { throw unexpected("an expression") }
        return try node(.tuple(items), line, over: items)
    }

    private var isTagEnd: Bool {
        if case .tag = current.kind { true } else { false }
    }

    /// An expression, perhaps with `if … else …`.
    mutating func expression() throws(JinjaError) -> JinjaExpression {
        try nested { (parser) throws(JinjaError) in
            let line = parser.line
            var value = try parser.or()
            while parser.skip(name: "if") {
                let condition = try parser.or()
                let otherwise = parser.skip(name: "else") ? try parser.expression() : nil
                value = try parser.node(
                    .conditional(value, condition: condition, otherwise: otherwise),
                    line,
                    over: [value, condition] + (otherwise.map { [$0] } ?? [])
                )
            }
            return value
        }
    }

    private mutating func or() throws(JinjaError) -> JinjaExpression {
        let line = line
        var left = try and()
        while skip(name: "or") {
            let right = try and()
            left = try node(.or(left, right), line, over: [left, right])
        }
        return left
    }

    private mutating func and() throws(JinjaError) -> JinjaExpression {
        let line = line
        var left = try not()
        while skip(name: "and") {
            let right = try not()
            left = try node(.and(left, right), line, over: [left, right])
        }
        return left
    }

    private mutating func not() throws(JinjaError) -> JinjaExpression {
        let line = line
        guard skip(name: "not") else { return try comparison() }
        let value = try nested { (parser) throws(JinjaError) in try parser.not() }
        return try node(.unary(.not, value), line, over: [value])
    }

    private mutating func comparison() throws(JinjaError) -> JinjaExpression {
        let line = line
        let left = try sum()
        var rest: [(JinjaExpression.Comparison, JinjaExpression)] = []
        while true {
            if case .symbol(let symbol) = current.kind,
                let comparison = JinjaExpression.Comparison(rawValue: symbol)
            {
                advance()
                rest.append((comparison, try sum()))
            } else if skip(name: "in") {
                rest.append((.isIn, try sum()))
            } else if isName("not"), next.kind == .name("in") {
                advance()
                advance()
                rest.append((.isNotIn, try sum()))
            } else {
                break
            }
        }
        guard !rest.isEmpty else { return left }
        return try node(.comparison(left, rest), line, over: [left] + rest.map(\.1))
    }

    private mutating func sum() throws(JinjaError) -> JinjaExpression {
        let line = line
        var left = try concatenation()
        while case .symbol(let symbol) = current.kind, symbol == "+" || symbol == "-" {
            advance()
            let right = try concatenation()
            let operation: JinjaExpression.Binary = symbol == "+" ? .add : .subtract
            left = try node(.binary(operation, left, right), line, over: [left, right])
        }
        return left
    }

    private mutating func concatenation() throws(JinjaError) -> JinjaExpression {
        let line = line
        var parts = [try product()]
        while skip("~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try node(.concatenation(parts), line, over: parts)
    }

    private mutating func product() throws(JinjaError) -> JinjaExpression {
        let line = line
        var left = try power()
        while case .symbol(let symbol) = current.kind, ["*", "/", "//", "%"].contains(symbol),
            let operation = JinjaExpression.Binary(rawValue: symbol)
        {
            advance()
            let right = try power()
            left = try node(.binary(operation, left, right), line, over: [left, right])
        }
        return left
    }

    private mutating func power() throws(JinjaError) -> JinjaExpression {
        let line = line
        var left = try unary(allowsFilter: true)
        while skip("**") {
            let right = try unary(allowsFilter: true)
            left = try node(.binary(.power, left, right), line, over: [left, right])
        }
        return left
    }

    private mutating func unary(allowsFilter: Bool) throws(JinjaError) -> JinjaExpression {
        let line = line
        var value: JinjaExpression
        if isSymbol("-") || isSymbol("+") {
            let sign: JinjaExpression.Unary = isSymbol("-") ? .minus : .plus
            advance()
            let operand = try nested { (parser) throws(JinjaError) in
                try parser.unary(allowsFilter: false)
            }
            value = try node(.unary(sign, operand), line, over: [operand])
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return allowsFilter ? try filtersAndTests(value) : value
    }

    private mutating func primary() throws(JinjaError) -> JinjaExpression {
        let line = line
        switch current.kind {
        case .name(let name):
            advance()
            switch name {
            case "true", "True": return try node(.constant(.bool(true)), line, over: [])
            case "false", "False": return try node(.constant(.bool(false)), line, over: [])
            case "none", "None": return try node(.constant(.none), line, over: [])
            default: return try node(.name(name), line, over: [])
            }
        case .string:
            var text = ""
            while case .string(let part) = current.kind {
                text += part
                advance()
            }
            return try node(.constant(.trusted(text)), line, over: [])
        case .integer(let value):
            advance()
            return try node(.constant(.int(value)), line, over: [])
        case .float(let value):
            advance()
            return try node(.constant(.float(value)), line, over: [])
        case .symbol("("):
            advance()
            let value = try nested { (parser) throws(JinjaError) in
                try parser.tuple(inParentheses: true)
            }
            try expect(")")
            return value
        case .symbol("["):
            advance()
            var items: [JinjaExpression] = []
            while !isSymbol("]") {
                if !items.isEmpty { try expect(",") }
                if isSymbol("]") { break }
                items.append(try expression())
            }
            try expect("]")
            return try node(.list(items), line, over: items)
        case .symbol("{"):
            return try dictionary()
        default:
            throw unexpected("an expression")
        }
    }

    private mutating func dictionary() throws(JinjaError) -> JinjaExpression {
        let line = line
        advance()
        var entries: [(JinjaExpression, JinjaExpression)] = []
        while !isSymbol("}") {
            if !entries.isEmpty { try expect(",") }
            if isSymbol("}") { break }
            let key = try expression()
            try expect(":")
            entries.append((key, try expression()))
        }
        try expect("}")
        return try node(.dictionary(entries), line, over: entries.flatMap { [$0.0, $0.1] })
    }

    private mutating func postfix(_ start: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        var value = start
        while true {
            let line = line
            if skip(".") {
                if case .integer(let index) = current.kind {
                    advance()
                    let index = try node(.constant(.int(index)), line, over: [])
                    value = try node(.item(value, index), line, over: [value, index])
                } else {
                    value = try node(.attribute(value, try name()), line, over: [value])
                }
            } else if skip("[") {
                value = try subscripted(value, line)
                try expect("]")
            } else if isSymbol("(") {
                let arguments = try arguments()
                let children = [value] + arguments.expressions
                value = try node(.call(value, arguments), line, over: children)
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(
        _ value: JinjaExpression,
        _ line: Int
    ) throws(JinjaError) -> JinjaExpression {
        var bounds: [JinjaExpression?] = []
        var bound: JinjaExpression?
        while !isSymbol("]") {
            if skip(":") {
                bounds.append(bound)
                bound = nil
            } else if bound == nil {
                bound = try expression()
            } else {
                break
            }
        }
        guard !bounds.isEmpty else {
            guard let bound else { throw unexpected("an expression") }
            return try node(.item(value, bound), line, over: [value, bound])
        }
        bounds.append(bound)
        guard bounds.count <= 3 else { throw unexpected("']'") }
        let step = bounds.count == 3 ? bounds[2] : nil
        return try node(
            .slice(value, bounds[0], bounds[1], step),
            line,
            over: [value] + bounds.compactMap(\.self)
        )
    }

    private mutating func arguments() throws(JinjaError) -> JinjaArguments {
        var arguments = JinjaArguments()
        try expect("(")
        var isFirst = true
        while !isSymbol(")") {
            if !isFirst { try expect(",") }
            if isSymbol(")") { break }
            isFirst = false
            if isSymbol("*") || isSymbol("**") {
                throw .unsupported(
                    line: line,
                    construct: "an argument with \(current.description)",
                    supported: ["f(value)", "f(name=value)"]
                )
            }
            if case .name(let name) = current.kind, next.kind == .symbol("=") {
                advance()
                advance()
                guard !arguments.named.contains(where: { $0.0 == name }) else {
                    throw .syntax(line: line, message: "the argument \(name) is repeated")
                }
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty else { throw unexpected("a named argument") }
                arguments.positional.append(try expression())
            }
        }
        try expect(")")
        return arguments
    }

    /// `value|filter|…`; without a value, the first filter's name comes next, or after `|`.
    mutating func filters(of value: JinjaExpression?) throws(JinjaError) -> JinjaExpression {
        var result = value
        var isInline = value == nil && !isSymbol("|")
        while isInline || isSymbol("|") {
            let line = line
            if !isInline { advance() }
            isInline = false
            var name = try name()
            while skip(".") { name += "." + (try self.name()) }
            guard isConditional || JinjaInterpreter.filterNames.contains(name) else {
                throw .unsupported(
                    line: line,
                    construct: "the filter '\(name)'",
                    supported: JinjaInterpreter.filterNames.sorted()
                )
            }
            let arguments = isSymbol("(") ? try arguments() : JinjaArguments()
            let children = (result.map { [$0] } ?? []) + arguments.expressions
            result = try node(.filter(result, name, arguments), line, over: children)
        }
        guard let result else { throw unexpected("a filter") }
        return result
    }

    private mutating func filtersAndTests(
        _ start: JinjaExpression
    ) throws(JinjaError) -> JinjaExpression {
        var value = start
        while true {
            let line = line
            if isSymbol("|") {
                value = try filters(of: value)
            } else if skip(name: "is") {
                value = try test(of: value, line)
            } else if isSymbol("(") {
                let arguments = try arguments()
                let children = [value] + arguments.expressions
                value = try node(.call(value, arguments), line, over: children)
            } else {
                return value
            }
        }
    }

    private mutating func test(
        of value: JinjaExpression,
        _ line: Int
    ) throws(JinjaError) -> JinjaExpression {
        let isNegated = skip(name: "not")
        let name = try name()
        guard isConditional || JinjaInterpreter.testNames.contains(name) else {
            throw .unsupported(
                line: line,
                construct: "the test '\(name)'",
                supported: JinjaInterpreter.testNames.sorted()
            )
        }
        var arguments = JinjaArguments()
        switch current.kind {
        case .symbol("("):
            arguments = try self.arguments()
        case .name("else"), .name("or"), .name("and"):
            break
        case .name("is"):
            throw .syntax(line: line, message: "tests cannot be chained with 'is'")
        case .name, .string, .integer, .float, .symbol("["), .symbol("{"):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let children = [value] + arguments.expressions
        let test = try node(.test(value, name, arguments), line, over: children)
        return isNegated ? try node(.unary(.not, test), line, over: [test]) : test
    }
}
