/// What each channel of a consumer's input is on average, from calibration.
///
/// A block that removes channels loses their mean contribution too; adding it back as a bias is FLAP's
/// compensation (arXiv:2312.11983). The first position of a sequence, the attention sink, has
/// activations of its own: given apart, it gets a bias of its own (ours).
public struct ExpectedInput: Sendable, Equatable {
    /// Mean of each channel, `[width]`; of the rows after the first position where that stands apart.
    public let means: [Float]
    /// Mean of each channel at the first position, `[width]`; nil: as everywhere.
    public let firstPositionMeans: [Float]?

    /// Means of a consumer's input.
    public init(means: [Float], firstPositionMeans: [Float]? = nil) {
        self.means = means
        self.firstPositionMeans = firstPositionMeans
    }
}

/// A vector that a block adds to its output in place of what a mask removes.
public struct OutputBias: Sendable, Equatable {
    /// Added to every row that the other does not serve, `[hidden]`.
    public let vector: [Float]
    /// Added to rows at the first position of a sequence, `[hidden]`; nil: as everywhere.
    public let firstPositionVector: [Float]?

    /// A bias.
    public init(vector: [Float], firstPositionVector: [Float]?) {
        self.vector = vector
        self.firstPositionVector = firstPositionVector
    }
}
