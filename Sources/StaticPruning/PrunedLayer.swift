import ProbeScheduler

/// What one layer of a pruned file has.
struct PrunedLayer {
    let index: Int
    /// Query heads in the file.
    let headCount: Int
    /// Rows of q, those of a key-value head's group behind those of the one before.
    let queryRows: [Int32]
    /// For each of `queryRows` the column of o; nil: the head was removed, and only fills its group.
    let outputColumns: [Int32?]
    /// Kept MLP channels, ascending.
    let channels: [Int32]

    init(_ index: Int, of shape: ModelShape, plan: StaticPlan) {
        self.index = index
        channels =
            plan.masks[.mlp(layer: index)]?.kept ?? (0..<Int32(shape.channelCount)).map(\.self)
        let kept = plan.masks[.attention(layer: index)].map { Set($0.kept) }
        let groupSize = shape.headCount / shape.kvHeadCount
        let groups = (0..<shape.kvHeadCount).map { group in
            let heads = (group * groupSize..<(group + 1) * groupSize).map(Int32.init)
            return (
                kept: heads.filter { kept?.contains($0) ?? true },
                removed: heads.filter { !(kept?.contains($0) ?? true) }
            )
        }
        let size = max(1, groups.map(\.kept.count).max() ?? 1)
        let width = Int32(shape.headDimension)
        var (rows, columns): ([Int32], [Int32?]) = ([], [])
        for group in groups {
            let fillers = group.removed.prefix(size - group.kept.count)
            for (heads, isKept) in [(group.kept[...], true), (fillers, false)] {
                for channel in heads.flatMap({ $0 * width..<($0 + 1) * width }) {
                    rows.append(channel)
                    columns.append(isKept ? channel : nil)
                }
            }
        }
        headCount = size * shape.kvHeadCount
        queryRows = rows
        outputColumns = columns
    }
}
