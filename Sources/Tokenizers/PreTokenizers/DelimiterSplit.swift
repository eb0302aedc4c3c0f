/// Cuts words at the scalars or strings that match, and says what becomes of these.
struct DelimiterSplit: PreTokenizationStep {
    /// What becomes of a delimiter; the names are those of `tokenizer.json`.
    enum Behavior: String, Sendable, CaseIterable {
        /// It is left out.
        case removed = "Removed"
        /// It is a word.
        case isolated = "Isolated"
        /// It ends the word before it.
        case mergedWithPrevious = "MergedWithPrevious"
        /// It begins the word after it.
        case mergedWithNext = "MergedWithNext"
        /// It is a word together with the delimiters that touch it.
        case contiguous = "Contiguous"
    }

    /// What counts as a delimiter.
    enum Delimiter: Sendable, Equatable {
        /// This text, which is not empty.
        case text([Unicode.Scalar])
        /// White space.
        case whitespace
        /// Numbers (`\p{N}`).
        case number
        /// Punctuation, and ASCII's symbols.
        case punctuation
    }

    /// Where words are cut.
    var delimiter: Delimiter

    /// What becomes of the delimiters.
    var behavior: Behavior

    func apply(to text: inout PreTokenizedText) {
        text.rewrite { word, _, words in
            var index = word.startIndex
            var isAfterDelimiter = false
            while index < word.endIndex {
                let length = matchLength(in: word, at: index)
                let end = index + max(length, 1)
                append(word[index..<end], length > 0, isAfterDelimiter, to: &words)
                isAfterDelimiter = length > 0
                index = end
            }
        }
    }

    private func append(
        _ scalars: ArraySlice<Unicode.Scalar>,
        _ isDelimiter: Bool,
        _ isAfterDelimiter: Bool,
        to words: inout PreTokenizedText.Words
    ) {
        switch behavior {
        case .removed:
            if isDelimiter { words.endWord() } else { words.scalars += scalars }
        case .isolated:
            if isDelimiter || isAfterDelimiter { words.endWord() }
            words.scalars += scalars
        case .mergedWithPrevious:
            if isAfterDelimiter { words.endWord() }
            words.scalars += scalars
        case .mergedWithNext:
            if isDelimiter { words.endWord() }
            words.scalars += scalars
        case .contiguous:
            if isDelimiter != isAfterDelimiter { words.endWord() }
            words.scalars += scalars
        }
    }

    /// How many scalars at `index` are a delimiter; none: zero.
    private func matchLength(in word: ArraySlice<Unicode.Scalar>, at index: Int) -> Int {
        switch delimiter {
        case .text(let text):
            word[index...].starts(with: text) ? text.count : 0
        case .whitespace:
            ScalarClass(word[index]) == .whitespace ? 1 : 0
        case .number:
            ScalarClass(word[index]) == .number ? 1 : 0
        case .punctuation:
            word[index].isPunctuation ? 1 : 0
        }
    }
}

/// `\w+|[^\w\s]+`: words and runs of marks, without the white space between them.
struct WhitespacePreTokenizer: PreTokenizationStep {
    func apply(to text: inout PreTokenizedText) {
        text.rewrite { word, _, words in
            var wasWord: Bool?
            for scalar in word {
                let isSpace = ScalarClass(scalar) == .whitespace
                let isWord = isSpace ? nil : scalar.isWordCharacter
                if isWord != wasWord { words.endWord() }
                if !isSpace { words.scalars.append(scalar) }
                wasWord = isWord
            }
        }
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is Unicode's or ASCII's punctuation.
    fileprivate var isPunctuation: Bool {
        switch properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            true
        case .mathSymbol, .currencySymbol, .modifierSymbol:
            isASCII
        default:
            false
        }
    }
}
