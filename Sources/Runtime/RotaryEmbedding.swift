import Kernels
import ModelFiles

/// Rotary position embedding: pairs of a head's entries turn with the position.
struct RotaryEmbedding: Sendable {
    /// Which entries of a head turn, by which of `Workspace.angles`.
    let rotation: HeadPlacement.Rotation
    /// What each pair turns from one position to the next, in radians; entries of a head that have
    /// no pair stay as they are.
    let inverseFrequencies: [Float]

    /// Columns of `Workspace.angles` that this rotation takes.
    private var columnCount: Int { 2 * inverseFrequencies.count }

    /// Rotations that lie side by side in `Workspace.angles`, each different one once.
    ///
    /// - Parameter layers: What each layer wants; nil: none.
    /// - Returns: The different ones, and for each layer its own.
    static func all(
        for layers: [RotaryParameters?]
    ) -> (rotations: [RotaryEmbedding], layers: [RotaryEmbedding?]) {
        var known: [(parameters: RotaryParameters, rotation: RotaryEmbedding)] = []
        let perLayer = layers.map { parameters -> RotaryEmbedding? in
            guard let parameters else { return nil }
            if let same = known.first(where: { $0.parameters == parameters }) {
                return same.rotation
            }
            let rotation = RotaryEmbedding(
                rotation: HeadPlacement.Rotation(
                    layout: parameters.layout == .interleaved ? .interleaved : .halves,
                    pairCount: parameters.inverseFrequencies.count,
                    firstColumn: known.reduce(0) { $0 + $1.rotation.columnCount }
                ),
                inverseFrequencies: parameters.inverseFrequencies.map { Float($0) }
            )
            known.append((parameters, rotation))
            return rotation
        }
        return (known.map(\.rotation), perLayer)
    }
}
