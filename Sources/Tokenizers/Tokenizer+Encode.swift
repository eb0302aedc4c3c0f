extension Tokenizer {
    /// The tokens of `text`.
    ///
    /// Tokens that are user-defined are always recognised in the text, as in llama.cpp and Hugging
    /// Face's tokenizers. What has no token is left out if there is no token for the unknown, as
    /// there.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - parsesSpecial: Whether the names of control tokens in the text become those tokens;
    ///     never set it for text that is not trusted.
    ///   - addsBOS: Whether the result begins with `bosToken`; `nil` for the vocabulary's default.
    ///   - addsEOS: Whether the result ends with `eosToken`; `nil` for the vocabulary's default.
    /// - Returns: Token ids, each in `0..<vocabularySize`.
    /// - Complexity: O(*n* log *n*) in the length of the text.
    public func encode(
        _ text: String,
        parsesSpecial: Bool = false,
        addsBOS: Bool? = nil,
        addsEOS: Bool? = nil
    ) -> [Int32] {
        let piece = PromptPiece(text: text, parsesSpecial: parsesSpecial)
        return encode([piece], addsBOS: addsBOS, addsEOS: addsEOS)
    }

    /// The tokens of the joined text of `pieces`, where only markup may name control tokens.
    ///
    /// - Parameters:
    ///   - pieces: Stretches of the prompt, in order; words reach across them.
    ///   - addsBOS: Whether the result begins with `bosToken`; `nil` for the vocabulary's default.
    ///   - addsEOS: Whether the result ends with `eosToken`; `nil` for the vocabulary's default.
    /// - Returns: Token ids, each in `0..<vocabularySize`.
    /// - Complexity: O(*n* log *n*) in the length of the text.
    public func encode(
        _ pieces: [PromptPiece],
        addsBOS: Bool? = nil,
        addsEOS: Bool? = nil
    ) -> [Int32] {
        var output = addsBOS ?? self.addsBOS ? prefix : []
        var text: [UInt8] = []
        var sections: [(range: Range<Int>, isMarkup: Bool)] = []
        for piece in pieces {
            let start = text.count
            text += piece.text.utf8
            sections.append((start..<text.count, piece.parsesSpecial))
        }
        for part in addedTokens.parts(of: text, sections) {
            if let token = part.token {
                output.append(token)
            } else {
                append(text, part.range, sections, to: &output)
            }
        }
        if addsEOS ?? self.addsEOS { output += suffix }
        return output
    }

    /// Appends the tokens of a stretch between the added tokens of the text as it came.
    private func append(
        _ text: [UInt8],
        _ range: Range<Int>,
        _ sections: [(range: Range<Int>, isMarkup: Bool)],
        to output: inout [Int32]
    ) {
        guard normalizedAddedTokens.hasControl else {
            append(Array(text[range]), isStart: range.lowerBound == 0, isMarkup: false, to: &output)
            return
        }
        // Normalising moves the borders of markup, so each section is normalised alone.
        for section in sections {
            let part = section.range.clamped(to: range)
            let bytes = Array(text[part])
            append(bytes, isStart: part.lowerBound == 0, isMarkup: section.isMarkup, to: &output)
        }
    }

    private func append(
        _ text: [UInt8],
        isStart: Bool,
        isMarkup: Bool,
        to output: inout [Int32]
    ) {
        let text = normalizer(text)
        if normalizedAddedTokens.isEmpty {
            appendPlain(text, isStart: isStart, to: &output)
            return
        }
        for part in normalizedAddedTokens.parts(of: text, [(text.indices, isMarkup)]) {
            if let token = part.token {
                output.append(token)
            } else {
                let isStart = isStart && part.range.lowerBound == 0
                appendPlain(Array(text[part.range]), isStart: isStart, to: &output)
            }
        }
    }

    /// Appends the tokens of normalised text without added tokens.
    private func appendPlain(_ text: [UInt8], isStart: Bool, to output: inout [Int32]) {
        var words = PreTokenizedText(text, isStart: isStart)
        for step in preTokenizer { step.apply(to: &words) }
        model.append(words, to: &output)
    }
}
