/// Ends a streamed text before the first stop string in it.
///
/// Text that may begin a stop string is held back until it is clear. The stop string that is
/// complete first counts; of several that end together, the longest. How the text is cut into
/// pieces makes no difference. An Aho-Corasick automaton over UTF-8, so each byte costs O(1).
public struct StopStrings: Sendable {
    /// The stop string that was found; `nil` so far.
    public private(set) var matched: String?

    private let automaton: StopAutomaton
    private var state = 0
    private var held: [UInt8] = []

    /// Looks for `strings`; empty ones are ignored.
    public init(_ strings: [String]) {
        automaton = StopAutomaton(strings.filter { !$0.isEmpty })
    }

    /// The text that may be emitted now that `piece` has come; nothing after a stop string.
    public mutating func append(_ piece: String) -> String {
        guard matched == nil else { return "" }
        for byte in piece.utf8 {
            held.append(byte)
            state = automaton.state(after: byte, from: state)
            guard let stop = automaton.match(at: state) else { continue }
            matched = stop
            held.removeLast(stop.utf8.count)
            return release(held.count)
        }
        return release(held.count - automaton.depth(of: state))
    }

    /// The text that was still held back when the stream ends without a stop string.
    public mutating func finish() -> String {
        state = 0
        return release(held.count)
    }

    private mutating func release(_ count: Int) -> String {
        let text = String(decoding: held[..<count], as: UTF8.self)
        held.removeFirst(count)
        return text
    }
}
