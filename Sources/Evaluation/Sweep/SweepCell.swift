/// Where methods are compared: one text, cut and batched in one way.
public struct SweepCell: Codable, Sendable, Hashable {
    /// Name of the text.
    public let text: String
    /// Tokens a window.
    public let context: Int
    /// Windows a batch.
    public let batch: Int

    /// A cell.
    public init(text: String, context: Int, batch: Int) {
        self.text = text
        self.context = context
        self.batch = batch
    }

    /// One line for a title.
    public var title: String { "\(text), windows of \(context) tokens, batch \(batch)" }
}

/// What is compared: one method at one ratio.
public struct SweepRun: Codable, Sendable, Hashable {
    /// Name of the method.
    public let method: String
    /// Nominal share removed; 0 for dense.
    public let ratio: Double

    /// A run.
    public init(method: String, ratio: Double) {
        self.method = method
        self.ratio = ratio
    }

    /// `pp 40 %`.
    public var title: String {
        ratio == 0 ? method : "\(method) \(Int((100 * ratio).rounded())) %"
    }
}
