/// A stretch of a prompt that is either trusted markup or plain text.
///
/// Only markup may name control tokens, so what a user writes cannot end their own turn.
public struct PromptPiece: Sendable, Equatable {
    /// The text of this stretch.
    public var text: String

    /// Whether control tokens in `text` are recognised.
    public var parsesSpecial: Bool

    /// Makes a piece of a prompt.
    public init(text: String, parsesSpecial: Bool) {
        self.text = text
        self.parsesSpecial = parsesSpecial
    }
}
