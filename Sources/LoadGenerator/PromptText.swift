/// Prompts of a given length for any tokenizer: common English words, each about one token.
///
/// Every request has words of its own, so that no server answers from a cache of prefixes.
struct PromptText {
    /// Other seeds give other prompts.
    let seed: UInt64

    private static let words = [
        "the", "of", "and", "to", "in", "that", "was", "his", "with", "for", "had", "but", "she",
        "from", "have", "they", "which", "one", "you", "were", "all", "her", "would", "there",
        "their", "will", "when", "who", "him", "been", "has", "more", "out", "some", "said", "what",
        "about", "time", "could", "into", "than", "other", "only", "new", "may", "then", "first",
        "any", "like", "now", "such", "over", "man", "even", "most", "made", "after", "also",
        "many", "before", "must", "through", "years", "where",
    ]

    /// The prompt of one request, of so many words.
    func prompt(ofRequest index: Int, wordCount: Int) -> String {
        let start = Self.mixed(seed &+ UInt64(truncatingIfNeeded: index) &* 0x9e37_79b9_7f4a_7c15)
        return (0..<wordCount).map { position in
            let number = Self.mixed(start &+ UInt64(truncatingIfNeeded: position))
            return Self.words[Int(number % UInt64(Self.words.count))]
        }.joined(separator: " ")
    }

    /// Every bit of the result depends on every bit of the value (MurmurHash3's finaliser).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 33)) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ (value >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ (value >> 33)
    }
}
