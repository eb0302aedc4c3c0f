/// The sizes of a decoder-only model that masks and accounts need.
public struct ModelShape: Sendable, Equatable {
    /// Decoder layers.
    public let layerCount: Int
    /// Width of the residual stream.
    public let hiddenSize: Int
    /// Query heads.
    public let headCount: Int
    /// Key-value heads; fewer than `headCount` under GQA.
    public let kvHeadCount: Int
    /// Width of one head.
    public let headDimension: Int
    /// MLP channels, the width of gate and up.
    public let channelCount: Int
    /// Whether the MLP has a gate beside up and down.
    public let isGated: Bool

    /// A shape; every size is positive and `headCount` is a multiple of `kvHeadCount`.
    public init(
        layerCount: Int,
        hiddenSize: Int,
        headCount: Int,
        kvHeadCount: Int,
        headDimension: Int,
        channelCount: Int,
        isGated: Bool = true
    ) {
        self.layerCount = layerCount
        self.hiddenSize = hiddenSize
        self.headCount = headCount
        self.kvHeadCount = kvHeadCount
        self.headDimension = headDimension
        self.channelCount = channelCount
        self.isGated = isGated
    }

    /// Width of the input of a block's consumer: `o` in attention, `down` in the MLP.
    public func consumerWidth(_ kind: PrunableBlock.Kind) -> Int {
        switch kind {
        case .attention: headCount * headDimension
        case .mlp: channelCount
        }
    }

    /// All blocks, in the order in which they run.
    public var blocks: [PrunableBlock] {
        (0..<layerCount).flatMap { [.attention(layer: $0), .mlp(layer: $0)] }
    }
}
