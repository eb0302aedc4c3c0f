import Tokenizers

/// One choice as tokens, in the manner of lm-evaluation-harness.
///
/// One space joins context and choice; white space at the end of the context moves to the choice; both
/// are tokenised together, and the choice is what follows as many tokens as the context alone has.
struct ScoredChoice {
    /// Context and choice.
    let tokens: [Int32]
    /// Index of the first token that is scored, at least 1.
    let firstScored: Int

    /// - Parameters:
    ///   - context: What precedes the choice; empty: `start` does.
    ///   - choice: What is scored.
    ///   - tokenizer: The model's.
    ///   - start: The token before an empty context.
    ///   - limit: Most tokens; the first ones go.
    init(
        context: String,
        choice: String,
        tokenizer: Tokenizer,
        start: Int32,
        limit: Int
    ) {
        let scalars = context.unicodeScalars
        let end = scalars.lastIndex { !$0.properties.isWhitespace }
        let trimmed = end.map { String(scalars[...$0]) } ?? ""
        let whole = tokenizer.encode(context + " " + choice)
        var prefix = trimmed.isEmpty ? 0 : tokenizer.encode(trimmed).count
        var tokens = whole
        // At least the last token is scored, whatever the tokenizer merged.
        prefix = min(prefix, tokens.count - 1)
        if prefix == 0 {
            tokens.insert(start, at: 0)
            prefix = 1
        }
        let surplus = max(0, tokens.count - limit)
        self.tokens = Array(tokens.dropFirst(surplus))
        firstScored = max(1, prefix - surplus)
    }
}
