/// Cuts text into the words within which tokens are merged.
///
/// A pattern of another model family is one more conforming type and one more line in
/// `bytePairPatterns`, and in `splitPatterns` if `tokenizer.json` spells it out.
protocol PreTokenizer: Sendable {
    /// Appends where each word ends, as an index of `text`; the words cover `text` without gaps.
    ///
    /// - Complexity: O(*n*).
    func appendWordEnds(of text: ArraySlice<Unicode.Scalar>, to ends: inout [Int])
}

/// What a name in a model file stands for.
struct BytePairPattern: Sendable {
    /// The names, as GGUF spells them.
    var names: [String]

    /// Cuts text into words.
    var preTokenizer: any PreTokenizer

    /// Whether a word that is a token is taken whole, whatever the merges say.
    var takesWholeWords = false
}

/// The supported patterns of byte-level BPE.
let bytePairPatterns = [
    BytePairPattern(names: ["gpt-2", "gpt2", "phi-2"], preTokenizer: GPT2PreTokenizer()),
    BytePairPattern(
        names: ["smollm", "starcoder", "refact", "command-r", "codeshell"],
        preTokenizer: SmolLMPreTokenizer()
    ),
    BytePairPattern(
        names: ["llama-bpe", "llama3", "llama-v3", "falcon3", "lfm2"],
        preTokenizer: Llama3PreTokenizer(numberLimit: 3),
        takesWholeWords: true
    ),
    BytePairPattern(
        names: ["dbrx", "smaug-bpe"],
        preTokenizer: Llama3PreTokenizer(numberLimit: 3)
    ),
    BytePairPattern(
        names: ["qwen2", "deepseek-r1-qwen", "stablelm2", "megrez"],
        preTokenizer: Llama3PreTokenizer(numberLimit: 1)
    ),
]

/// Names of the supported patterns, as GGUF spells them.
let supportedPreTokenizers = bytePairPatterns.flatMap(\.names)

/// The pattern that a model file names.
func bytePairPattern(named name: String) throws(TokenizerError) -> BytePairPattern {
    guard let pattern = bytePairPatterns.first(where: { $0.names.contains(name) }) else {
        throw .unsupportedPreTokenizer(name, supported: supportedPreTokenizers)
    }
    return pattern
}

/// The patterns that `tokenizer.json` spells out as regular expressions.
let splitPatterns: [(expression: String, preTokenizer: any PreTokenizer)] = [
    (GPT2PreTokenizer.expression, GPT2PreTokenizer()),
    (Llama3PreTokenizer.expression, Llama3PreTokenizer(numberLimit: 3)),
    (Llama3PreTokenizer.qwen2Expression, Llama3PreTokenizer(numberLimit: 1)),
]
