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

    init(row: Int, answer: Answer, state: SequenceState) {
        self.row = row
        self.answer = answer
        self.state = state
    }

    /// Draws from its row of the logits, `[sequences, vocabulary]`.
    mutating func run(_ logits: borrowing Activations) {
        token = answer.sample(logits.row(row), state)
    }
}
