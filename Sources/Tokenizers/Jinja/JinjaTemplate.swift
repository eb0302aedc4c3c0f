/// A Jinja template, as Hugging Face's `transformers` runs a model's chat template.
///
/// The language is that of Jinja's immutable sandbox with `trim_blocks`, `lstrip_blocks` and
/// `break`/`continue`. Where Jinja would give a generator or a view of a mapping, there is a list.
public struct JinjaTemplate: Sendable {
    private let body: [JinjaStatement]

    /// The longest source that is read, in UTF-8 bytes.
    public static let maximumSourceSize = 1 << 20

    /// Reads a template.
    ///
    /// - Throws: `JinjaError` when it is too long, not well formed, or uses what is not supported.
    /// - Complexity: O(*n*) in the length of the source.
    public init(_ source: String) throws(JinjaError) {
        guard source.utf8.count <= Self.maximumSourceSize else {
            throw .limitExceeded(line: 1, limit: "\(Self.maximumSourceSize) bytes of template")
        }
        body = try JinjaParser.statements(of: source)
    }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - context: The variables.
    ///   - limits: What it may cost.
    ///   - now: What `strftime_now` tells; without it, the template has no such function.
    /// - Returns: The text in stretches of the same trust, none empty.
    /// - Throws: `JinjaError` when an operation fails, the template calls `raise_exception`, or
    ///   rendering would cost more than `limits`.
    public func render(
        _ context: [String: JinjaValue],
        limits: JinjaLimits = JinjaLimits(),
        now: JinjaDate? = nil
    ) throws(JinjaError) -> [PromptPiece] {
        var interpreter = JinjaInterpreter(context: context, limits: limits, now: now)
        for value in context.values { try interpreter.weigh(value) }
        _ = try interpreter.execute(body)
        return interpreter.output.pieces
    }
}
