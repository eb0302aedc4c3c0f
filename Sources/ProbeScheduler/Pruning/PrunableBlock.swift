/// One of the two blocks of a layer: what a mask belongs to.
public struct PrunableBlock: Hashable, Sendable, Comparable {
    /// Which half of a layer.
    public enum Kind: String, Sendable, CaseIterable {
        /// Query heads and rows of the output projection.
        case attention
        /// Gate, up and down channels.
        case mlp
    }

    /// Layer, counted from 0.
    public let layer: Int
    /// Which half of it.
    public let kind: Kind

    /// A block of the given layer.
    public init(layer: Int, kind: Kind) {
        self.layer = layer
        self.kind = kind
    }

    /// The attention block of a layer.
    public static func attention(layer: Int) -> Self { Self(layer: layer, kind: .attention) }

    /// The MLP block of a layer.
    public static func mlp(layer: Int) -> Self { Self(layer: layer, kind: .mlp) }

    /// Place in the order in which blocks run.
    public var index: Int { 2 * layer + (kind == .mlp ? 1 : 0) }

    /// In the order in which blocks run.
    public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}
