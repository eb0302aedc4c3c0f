/// One multiple-choice question: contexts, the texts that may follow, and which one is right.
public struct ChoiceQuestion: Sendable, Equatable {
    /// The task that it belongs to, such as `piqa`.
    public let task: String
    /// What precedes each choice; the same for all choices but in partial scoring (winogrande).
    public let contexts: [String]
    /// The texts to compare, at least two.
    public let choices: [String]
    /// Index of the right choice.
    public let gold: Int

    /// A question; `contexts` and `choices` have one length, at least 2, and `gold` is an index of both.
    public init(task: String, contexts: [String], choices: [String], gold: Int) {
        precondition(contexts.count == choices.count && choices.indices.contains(gold))
        self.task = task
        self.contexts = contexts
        self.choices = choices
        self.gold = gold
    }
}
