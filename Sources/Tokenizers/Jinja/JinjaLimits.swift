/// What rendering a template may cost at most.
public struct JinjaLimits: Sendable, Equatable {
    /// Evaluation steps; a step is a node, an element or four characters made.
    public var stepCount = 8_000_000

    /// Size of the result, in UTF-8 bytes.
    public var outputSize = 16 << 20

    /// Nested evaluations.
    ///
    /// A template's own nesting is at most `maximumNesting`; macros multiply it. A level takes up
    /// to 1 KiB of the stack (x86-64, optimised; eight times that in a debug build), so this stays
    /// below half of the smallest thread's 512 KiB.
    public var depth = 200

    /// Nesting of expressions, chains of operators included, and of lists and mappings.
    static let maximumNesting = 100

    /// Nesting of blocks and brackets: the parser takes up to 3.4 KiB of the stack for a level.
    static let maximumSyntaxDepth = 64

    /// The defaults.
    public init() {}
}
