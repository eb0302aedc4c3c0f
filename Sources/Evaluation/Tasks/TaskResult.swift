/// How many of a task's questions a model answers rightly.
public struct TaskResult: Sendable, Equatable {
    /// Questions.
    public private(set) var count = 0
    /// Questions whose right choice is the likeliest.
    public private(set) var correct = 0
    /// The same with each choice's log-likelihood divided by its length in code points.
    public private(set) var correctNormalised = 0

    /// No questions.
    public init() {}

    /// Adds a question.
    ///
    /// - Parameters:
    ///   - logLikelihoods: Of each choice; of equal ones the first counts.
    ///   - lengths: Code points of each choice.
    ///   - gold: The right choice.
    public mutating func add(_ logLikelihoods: [Double], lengths: [Int], gold: Int) {
        count += 1
        if Self.first(logLikelihoods) == gold { correct += 1 }
        let normalised = zip(logLikelihoods, lengths).map { $0 / Double(max(1, $1)) }
        if Self.first(normalised) == gold { correctNormalised += 1 }
    }

    /// Share of questions answered rightly.
    public var accuracy: Double { count == 0 ? 0 : Double(correct) / Double(count) }

    /// The same by normalised log-likelihood.
    public var normalisedAccuracy: Double {
        count == 0 ? 0 : Double(correctNormalised) / Double(count)
    }

    /// Standard error of the accuracy, from the sample variance.
    public var standardError: Double { Self.standardError(accuracy, count) }

    /// Standard error of the normalised accuracy.
    public var normalisedStandardError: Double { Self.standardError(normalisedAccuracy, count) }

    private static func standardError(_ share: Double, _ count: Int) -> Double {
        count < 2 ? 0 : (share * (1 - share) / Double(count - 1)).squareRoot()
    }

    private static func first(_ values: [Double]) -> Int? {
        values.indices.max { (values[$0], $1) < (values[$1], $0) }
    }
}
