/// Cuts text into the words within which byte pairs are merged.
///
/// A pattern of another model family is one more conforming type and one more line in
/// `preTokenizer(named:)`.
protocol PreTokenizer: Sendable {
    /// Appends where each word ends, as an index of `text`; the words cover `text` without gaps.
    ///
    /// - Complexity: O(*n*).
    func appendWordEnds(of text: ArraySlice<Unicode.Scalar>, to ends: inout [Int])
}

/// Names of the supported patterns, as GGUF spells them.
let supportedPreTokenizers = ["gpt-2", "gpt2", "smollm"]

/// The pattern that a model file names.
func preTokenizer(named name: String) throws(TokenizerError) -> any PreTokenizer {
    switch name {
    case "gpt-2", "gpt2": GPT2PreTokenizer()
    case "smollm": SmolLMPreTokenizer()
    default: throw .unsupportedPreTokenizer(name, supported: supportedPreTokenizers)
    }
}
