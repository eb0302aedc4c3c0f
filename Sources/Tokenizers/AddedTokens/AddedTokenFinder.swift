/// Cuts text at its added tokens.
struct AddedTokenFinder: Sendable {
    /// A stretch of text: an added token, or what lies between two of them.
    struct Part: Equatable {
        /// The added token; `nil` for text.
        var token: Int32?
        /// Where the text lies.
        var range: Range<Int>
    }

    /// Whether some token is one that only markup may name.
    let hasControl: Bool

    private let tokens: [AddedToken]
    private var trie = AddedTokenTrie()

    /// Looks for `tokens`, whose texts stand as `spelling` gives them.
    init(_ tokens: [AddedToken], spelling: (String) -> [UInt8] = { Array($0.utf8) }) {
        self.tokens = tokens
        hasControl = tokens.contains { $0.isControl }
        for (number, token) in tokens.enumerated() {
            trie.insert(
                spelling(token.content),
                number: Int32(number),
                isControl: token.isControl
            )
        }
    }

    /// Whether there is nothing to find.
    var isEmpty: Bool { tokens.isEmpty }

    /// The parts of a text, in order; no text part is empty.
    ///
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - sections: Where the text is searched, in order and without gaps; each with whether
    ///     control tokens count in it. No token reaches across two of them, but text does.
    /// - Returns: Parts that cover the text without gaps.
    func parts(of text: [UInt8], _ sections: [(range: Range<Int>, isMarkup: Bool)]) -> [Part] {
        var parts: [Part] = []
        var start = sections.first?.range.lowerBound ?? 0
        let textEnd = sections.last?.range.upperBound ?? 0
        for section in sections {
            var index = section.range.lowerBound
            while index < section.range.upperBound {
                let match = trie.longestMatch(
                    in: text,
                    index..<section.range.upperBound,
                    includesControl: section.isMarkup
                )
                guard let match else {
                    index += 1
                    continue
                }
                let token = tokens[match.number]
                let found = index..<match.end
                index = match.end
                guard !token.isSingleWord || isAlone(found, in: text) else { continue }
                let stretch = stretch(of: token, found, in: text, from: start, to: textEnd)
                if start < stretch.lowerBound {
                    parts.append(Part(token: nil, range: start..<stretch.lowerBound))
                }
                parts.append(Part(token: token.id, range: stretch))
                start = stretch.upperBound
                index = max(index, start)
            }
        }
        if start < textEnd { parts.append(Part(token: nil, range: start..<textEnd)) }
        return parts
    }

    private func isAlone(_ range: Range<Int>, in text: [UInt8]) -> Bool {
        if range.lowerBound > 0, text.scalar(before: range.lowerBound).scalar.isWordCharacter {
            return false
        }
        return range.upperBound == text.count
            || !text.scalar(at: range.upperBound).scalar.isWordCharacter
    }

    /// The token's text with the white space that it swallows.
    private func stretch(
        of token: AddedToken,
        _ range: Range<Int>,
        in text: [UInt8],
        from start: Int,
        to end: Int
    ) -> Range<Int> {
        var (first, last) = (max(range.lowerBound, start), range.upperBound)
        while token.stripsLeft, first > start {
            let (scalar, byteCount) = text.scalar(before: first)
            guard scalar.properties.isWhitespace else { break }
            first -= byteCount
        }
        while token.stripsRight, last < end {
            let (scalar, byteCount) = text.scalar(at: last)
            guard scalar.properties.isWhitespace else { break }
            last += byteCount
        }
        return first..<last
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is a part of words, as `\w` has it (Unicode TS #18).
    var isWordCharacter: Bool {
        if isASCII {
            return ScalarClass(self) == .letter || ScalarClass(self) == .number || self == "_"
        }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default:
            return properties.isAlphabetic || properties.isJoinControl
        }
    }
}
