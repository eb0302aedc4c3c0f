/// An expression of a template.
struct JinjaExpression: Sendable {
    let kind: Kind
    let line: Int
    /// Levels of expressions below and including this one.
    let nesting: Int

    indirect enum Kind: Sendable {
        case constant(JinjaValue)
        case name(String)
        case list([JinjaExpression])
        case tuple([JinjaExpression])
        case dictionary([(JinjaExpression, JinjaExpression)])
        case attribute(JinjaExpression, String)
        case item(JinjaExpression, JinjaExpression)
        case slice(JinjaExpression, JinjaExpression?, JinjaExpression?, JinjaExpression?)
        case call(JinjaExpression, JinjaArguments)
        case filter(JinjaExpression?, String, JinjaArguments)
        case test(JinjaExpression, String, JinjaArguments)
        case unary(Unary, JinjaExpression)
        case binary(Binary, JinjaExpression, JinjaExpression)
        case and(JinjaExpression, JinjaExpression)
        case or(JinjaExpression, JinjaExpression)
        case concatenation([JinjaExpression])
        case comparison(JinjaExpression, [(Comparison, JinjaExpression)])
        case conditional(JinjaExpression, condition: JinjaExpression, otherwise: JinjaExpression?)
    }

    enum Unary: String, Sendable {
        case not
        case minus = "-"
        case plus = "+"
    }

    enum Binary: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "**"
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isIn = "in"
        case isNotIn = "not in"
    }
}

/// What a call, a filter or a test is given.
struct JinjaArguments: Sendable {
    var positional: [JinjaExpression] = []
    var named: [(String, JinjaExpression)] = []

    var expressions: [JinjaExpression] { positional + named.map(\.1) }
}
