/// What calibration says of one block's channels, first positions apart.
struct ChannelBaseline: Sendable {
    /// Mean over the tokens after the first position.
    let laterMeans: [Float]
    /// Mean at the first position.
    let firstMeans: [Float]
    /// Variance over the tokens after the first position.
    let laterVariances: [Float]

    /// Nil where the history has no moments, or does not cover the block.
    init?(_ history: ProbeHistory, _ block: PrunableBlock) {
        guard let moments = history.moments?[block.index], history.covers(block) else { return nil }
        laterMeans = moments.laterMeans
        firstMeans = moments.firstPositionMeans
        let firsts = Double(moments.firstPositionCount)
        let later = Double(max(1, moments.tokenCount - moments.firstPositionCount))
        let firstSquares = history[block].prefix(moments.width)
        laterVariances = zip(zip(moments.meanSquares, firstSquares), laterMeans).map {
            squares,
            mean in
            let sum = Double(moments.tokenCount) * Double(squares.0) - firsts * Double(squares.1)
            return Float(max(0, sum / later - Double(mean) * Double(mean)))
        }
    }
}
