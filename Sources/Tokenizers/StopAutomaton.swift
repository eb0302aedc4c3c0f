/// The Aho-Corasick automaton of a few strings.
///
/// A state is the longest end of the text that begins one of the strings.
struct StopAutomaton: Sendable {
    private struct State {
        var next: [UInt8: Int] = [:]
        var depth = 0
        /// The state of the longest proper suffix.
        var fallback = 0
        /// The longest string that ends here.
        var match: String?
    }

    private var states = [State()]

    init(_ strings: [String]) {
        for string in strings { insert(string) }
        linkFallbacks()
    }

    /// The state after one more byte.
    func state(after byte: UInt8, from state: Int) -> Int {
        var state = state
        while true {
            if let next = states[state].next[byte] { return next }
            guard state != 0 else { return 0 }
            state = states[state].fallback
        }
    }

    /// The number of bytes at the end of the text that begin one of the strings.
    func depth(of state: Int) -> Int { states[state].depth }

    /// The longest string that the text ends with.
    func match(at state: Int) -> String? { states[state].match }

    private mutating func insert(_ string: String) {
        var state = 0
        for byte in string.utf8 {
            if let next = states[state].next[byte] {
                state = next
            } else {
                states.append(State(depth: states[state].depth + 1))
                states[state].next[byte] = states.count - 1
                state = states.count - 1
            }
        }
        states[state].match = string
    }

    /// Breadth first, so that the fallback of a state is linked before it.
    private mutating func linkFallbacks() {
        var queue = Array(states[0].next.values)
        var index = 0
        while index < queue.count {
            let parent = queue[index]
            for (byte, child) in states[parent].next {
                let fallback = state(after: byte, from: states[parent].fallback)
                states[child].fallback = fallback
                states[child].match = states[child].match ?? states[fallback].match
                queue.append(child)
            }
            index += 1
        }
    }
}
