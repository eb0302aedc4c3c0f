import Foundation

/// What the model thought of one token, before penalties, bias and temperature.
public struct TokenLogprob: Sendable, Equatable {
    /// A token and its natural log-probability.
    public struct Entry: Sendable, Equatable {
        /// The token.
        public let token: Int32
        /// Natural logarithm of its probability.
        public let logprob: Float
    }

    /// The token that stands in the text.
    public let chosen: Entry
    /// The most likely tokens, the likeliest first; of equal ones the lower id.
    public let top: [Entry]

    /// Reads one row of logits.
    ///
    /// - Parameters:
    ///   - token: The token that stands in the text.
    ///   - logits: Shape `[vocabulary]`.
    ///   - topCount: Most likely tokens to list.
    /// - Complexity: O(vocabulary · log topCount).
    init(of token: Int32, in logits: Span<Float>, topCount: Int) {
        var largest = -Float.infinity
        for index in logits.indices { largest = max(largest, logits[index]) }
        var total = 0.0
        for index in logits.indices { total += Double(exp(logits[index] - largest)) }
        let normalizer = largest + Float(log(total))
        chosen = Entry(
            token: token,
            logprob: logits.indices.contains(Int(token))
                ? logits[Int(token)] - normalizer : -.infinity
        )
        top = Self.largest(topCount, of: logits).map {
            Entry(token: $0, logprob: logits[Int($0)] - normalizer)
        }
    }

    /// The ids of the largest logits, the largest first.
    private static func largest(_ count: Int, of logits: Span<Float>) -> [Int32] {
        var best: [Int32] = []
        guard count > 0 else { return best }
        for index in logits.indices {
            let value = logits[index]
            if best.count == count, let last = best.last, value <= logits[Int(last)] { continue }
            var (low, high) = (0, best.count)
            while low < high {
                let middle = (low + high) / 2
                if logits[Int(best[middle])] >= value { low = middle + 1 } else { high = middle }
            }
            best.insert(Int32(index), at: low)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}
