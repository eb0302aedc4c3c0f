/// What a token of the vocabulary is for; the raw values are GGUF's.
public enum TokenType: Int32, Sendable, CaseIterable {
    /// Text.
    case normal = 1
    /// Stands for text that has no token.
    case unknown = 2
    /// Structure, such as the end of a turn; never part of the text.
    case control = 3
    /// Text that was added as one token and is never cut.
    case userDefined = 4
    /// Left free.
    case unused = 5
    /// One byte, in vocabularies of the SentencePiece kind.
    case byte = 6
}
