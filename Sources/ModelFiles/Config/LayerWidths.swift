/// What static pruning may leave different from layer to layer.
public struct LayerWidths: Sendable, Equatable {
    /// Query heads, a positive multiple of the key-value heads.
    public let headCount: Int
    /// Intermediate channels of the MLP, positive.
    public let channelCount: Int
}

extension LayerWidths {
    /// The widths that a file's arrays give its layers; nil: no array, or all layers alike.
    ///
    /// - Parameters:
    ///   - keys: Keys of the architecture.
    ///   - layerCount: Layers.
    ///   - kvHeadCount: Key-value heads, the same in every layer.
    /// - Returns: A width for each layer.
    /// - Throws: `ModelFileError` when an array has another length, or a width that cannot be run.
    static func all(
        _ keys: GGUFKeys,
        layerCount: Int,
        kvHeadCount: Int
    ) throws(ModelFileError) -> [LayerWidths]? {
        let heads = try keys.sizes(
            "attention.head_count",
            count: layerCount,
            upTo: SizeLimit.heads
        )
        if let layer = heads.firstIndex(where: { $0 % kvHeadCount != 0 }) {
            throw keys.bad(
                "attention.head_count",
                expected: "multiples of the \(kvHeadCount) key-value heads",
                found: "\(heads[layer]) in layer \(layer)"
            )
        }
        let channels = try keys.sizes(
            "feed_forward_length",
            count: layerCount,
            upTo: SizeLimit.channels
        )
        let widths = zip(heads, channels).map(LayerWidths.init)
        return widths.allSatisfy { $0 == widths[0] } ? nil : widths
    }
}
