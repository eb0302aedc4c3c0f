import Kernels
import ProbeScheduler

/// The drawing of one sequence's next token, apart from all others'.
struct Draw {
    /// Row of the logits.
    let row: Int
    /// Whose sampler draws.
    private(set) var answer: Answer
    let state: SequenceState
    /// What was drawn.
    private(set) var token: Int32 = 0

    /// Nil when there is no such sequence any more.
    init?(row: Int, answer: Answer?, state: SequenceState?) {
        guard let answer, let state else { return nil }
        self.row = row
        self.answer = answer
        self.state = state
    }

    /// Draws from its row of the logits, `[sequences, vocabulary]`.
    fileprivate mutating func run(_ logits: borrowing Activations) {
        token = answer.sample(logits.row(row), state)
    }
}

extension [Draw] {
    /// Draws all of them at once: a vocabulary's worth of exponentials each.
    mutating func run(_ logits: borrowing Activations, compute: Compute) {
        unsafe withUnsafeMutableBufferPointer { draws in
            compute.forEach(draws.count) { index in
                // SAFETY: each draw is one task's.
                unsafe draws[index].run(logits)
            }
        }
    }
}
