/// A token that is found in the text as a whole, before the text is cut into words.
struct AddedToken: Sendable, Equatable {
    /// The token.
    var id: Int32

    /// Its text.
    var content: String

    /// Whether only trusted markup may name it.
    var isControl: Bool

    /// Whether it swallows the white space before it.
    var stripsLeft = false

    /// Whether it swallows the white space after it.
    var stripsRight = false

    /// Whether it counts only where no letter, mark, digit or underscore touches it.
    var isSingleWord = false

    /// Whether it is looked for in the normalised text rather than in the text as it came.
    var isNormalized = false
}
