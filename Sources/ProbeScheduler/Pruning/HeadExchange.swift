/// Keeps more heads than a policy does, and fewer channels for as many multiply-adds.
///
/// A head is coarse, few of them carry a layer, and removing the wrong one is what costs most: so all
/// heads stay where the channels can pay for them.
struct HeadExchange: Equatable {
    /// Query heads kept in a pruned layer.
    let headCount: Int
    /// MLP channels kept in a pruned layer, at least half of what the policy keeps.
    let channelCount: Int

    /// - Parameters:
    ///   - policy: How much is kept without the exchange.
    ///   - shape: Sizes of the model.
    init(_ policy: RatioPolicy, _ shape: ModelShape) {
        let (heads, channels) = (policy.keptHeads(shape), policy.keptChannels(shape))
        let matrices = shape.isGated ? 3 : 2
        // A head is as many rows of q and of o; keys and values stay whatever the mask.
        func price(_ count: Int) -> Int {
            (2 * shape.headDimension * count + matrices - 1) / matrices
        }
        let removed = shape.headCount - heads
        let bought =
            (0...removed).last { channels - price($0) >= max(1, (channels + 1) / 2) } ?? 0
        headCount = heads + bought
        channelCount = channels - price(bought)
    }
}
