/// SentencePiece's white space: a visible mark instead of spaces, and one before the text.
struct Metaspace: PreTokenizationStep {
    /// Which words the mark is put before, if they do not begin with it.
    enum PrependScheme: String, Sendable, CaseIterable {
        /// The first of the input.
        case first
        /// Every stretch between added tokens.
        case always
        /// None.
        case never
    }

    /// Stands for a space; nearly always U+2581.
    var mark: Unicode.Scalar = "\u{2581}"

    /// Where marks are added.
    var prependScheme: PrependScheme

    /// Whether words are cut before every mark.
    var cutsWords: Bool

    func apply(to text: inout PreTokenizedText) {
        text.rewrite { word, isStart, words in
            let needsMark = word.first != mark && word.first != " "
            if needsMark, prependScheme == .always || prependScheme == .first && isStart {
                words.scalars.append(mark)
            }
            for scalar in word {
                let scalar = scalar == " " ? mark : scalar
                if cutsWords, scalar == mark { words.endWord() }
                words.scalars.append(scalar)
            }
        }
    }
}

/// Puts a space before every word that does not begin with one.
struct SpacePrefix: PreTokenizationStep {
    func apply(to text: inout PreTokenizedText) {
        text.rewrite { word, _, words in
            if word.first != " " { words.scalars.append(" ") }
            words.scalars += word
        }
    }
}
