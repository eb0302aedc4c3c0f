/// A statement of a template, and the line where it begins.
struct JinjaStatement: Sendable {
    let kind: Kind
    let line: Int

    indirect enum Kind: Sendable {
        case text(JinjaText)
        case output(JinjaExpression)
        case conditional([(condition: JinjaExpression, body: [JinjaStatement])], [JinjaStatement])
        case loop(Loop)
        case assignment(Target, JinjaExpression)
        /// `{% set x %}…{% endset %}`, perhaps with filters.
        case assignmentBlock(Target, filter: JinjaExpression?, [JinjaStatement])
        case macro(Macro)
        /// `{% call(…) f() %}…{% endcall %}`.
        case call(JinjaExpression, caller: Macro)
        case filter(JinjaExpression, [JinjaStatement])
        case with([(Target, JinjaExpression)], [JinjaStatement])
        /// `{% generation %}`, whose body is written as it stands.
        case scope([JinjaStatement])
        case breakLoop
        case continueLoop
    }

    indirect enum Target: Sendable {
        case name(String)
        case field(of: String, String)
        case tuple([Target])
    }

    struct Loop: Sendable {
        var target: Target
        var items: JinjaExpression
        var condition: JinjaExpression?
        var isRecursive: Bool
        var body: [JinjaStatement]
        var otherwise: [JinjaStatement]
    }

    struct Macro: Sendable {
        var name: String
        var parameters: [String]
        /// Defaults of the last parameters.
        var defaults: [JinjaExpression]
        var body: [JinjaStatement]
        /// Of `varargs`, `kwargs` and `caller`, those that the macro's source names.
        var mentions: Set<String> = []
    }
}
