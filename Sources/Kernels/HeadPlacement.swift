/// What attention does with projected queries and keys: each head is normed, then rotated to its position.
public struct HeadPlacement: Sendable {
    /// A norm of each head by its root mean square.
    public struct Norm: Sendable {
        /// Multiplied with the normed entries, `[headDim]`.
        public var gain: [Float]
        /// Added to the mean square.
        public var epsilon: Float

        /// A norm with a gain.
        public init(gain: [Float], epsilon: Float) {
            self.gain = gain
            self.epsilon = epsilon
        }
    }

    /// Pairs of a head's first entries turn by angles from `Compute.rotaryAngles`; the rest stays as it is.
    public struct Rotation: Sendable {
        /// Which entries are pairs.
        public var layout: RotaryLayout
        /// Pairs that turn; at most half a head.
        public var pairCount: Int
        /// Where in a row of angles this rotation's cosines begin.
        public var firstColumn: Int

        /// A rotation by angles that begin at a column.
        public init(layout: RotaryLayout, pairCount: Int, firstColumn: Int) {
            self.layout = layout
            self.pairCount = pairCount
            self.firstColumn = firstColumn
        }
    }

    /// Nil: queries are not normed.
    public var queryNorm: Norm?
    /// Nil: keys are not normed.
    public var keyNorm: Norm?
    /// Nil: heads do not know their position.
    public var rotation: Rotation?

    /// Norms and a rotation, each if there is one.
    public init(queryNorm: Norm? = nil, keyNorm: Norm? = nil, rotation: Rotation? = nil) {
        self.queryNorm = queryNorm
        self.keyNorm = keyNorm
        self.rotation = rotation
    }
}
