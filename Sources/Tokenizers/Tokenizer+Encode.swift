extension Tokenizer {
    /// The tokens of `text`.
    ///
    /// Tokens that are user-defined are always recognised in the text, as in llama.cpp and Hugging
    /// Face's tokenizers. A byte that has no token is left out, as there.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - parsesSpecial: Whether the names of control tokens in the text become those tokens;
    ///     never set it for text that is not trusted.
    ///   - addsBOS: Whether the result begins with `bosToken`; `nil` for the vocabulary's default.
    /// - Returns: Token ids, each in `0..<vocabularySize`.
    /// - Complexity: O(*n* log *n*) in the length of the text.
    public func encode(
        _ text: String,
        parsesSpecial: Bool = false,
        addsBOS: Bool? = nil
    ) -> [Int32] {
        encode([PromptPiece(text: text, parsesSpecial: parsesSpecial)], addsBOS: addsBOS)
    }

    /// The tokens of the joined text of `pieces`, where only markup may name control tokens.
    ///
    /// - Parameters:
    ///   - pieces: Stretches of the prompt, in order; words reach across them.
    ///   - addsBOS: Whether the result begins with `bosToken`; `nil` for the vocabulary's default.
    /// - Returns: Token ids, each in `0..<vocabularySize`.
    /// - Complexity: O(*n* log *n*) in the length of the text.
    public func encode(_ pieces: [PromptPiece], addsBOS: Bool? = nil) -> [Int32] {
        var output: [Int32] = []
        if addsBOS ?? self.addsBOS, let bosToken { output.append(bosToken) }
        var plain: [UInt8] = []
        for piece in pieces {
            let bytes = Array(piece.text.utf8)
            var start = 0
            var index = 0
            while index < bytes.count {
                let match = specialTokens.longestMatch(
                    in: bytes,
                    from: index,
                    includesControl: piece.parsesSpecial
                )
                guard let match else {
                    index += 1
                    continue
                }
                plain += bytes[start..<index]
                append(&plain, to: &output)
                output.append(match.id)
                (start, index) = (match.end, match.end)
            }
            plain += bytes[start...]
        }
        append(&plain, to: &output)
        return output
    }

    /// Appends the tokens of text without added tokens, and empties it.
    private func append(_ plain: inout [UInt8], to output: inout [Int32]) {
        guard !plain.isEmpty else { return }
        model.append(plain, to: &output)
        plain.removeAll(keepingCapacity: true)
    }
}
