extension ProbeSelection {
    /// Rows spread evenly over all samples and positions, one first position among them.
    ///
    /// The first position of a sequence, the attention sink, has activations far from all others; even
    /// steps would meet it too often or never.
    ///
    /// - Parameters:
    ///   - count: Rows to choose; at most as many as there are are chosen.
    ///   - layout: Samples and positions of the rows; at least one row.
    init(spreading count: Int, over layout: BatchLayout) {
        let begins = layout.samples.filter { $0.firstPosition == 0 && $0.rowCount > 0 }
        let sink = begins.isEmpty ? nil : begins[begins.count / 2].firstRow
        let isFirst = Set(begins.map(\.firstRow))
        let later = (0..<layout.rowCount).filter { !isFirst.contains($0) }
        let laterCount = min(later.count, max(sink == nil ? 1 : 0, count - (sink == nil ? 0 : 1)))
        var chosen = (0..<laterCount).map { index in
            // The middle of each of `laterCount` equal parts.
            later[(2 * index + 1) * later.count / (2 * laterCount)]
        }
        if let sink { chosen = (chosen + [sink]).sorted() }
        let present = Set(chosen.map { Int(layout.positions[$0]) }).sorted()
        var indexOf: [Int: Int32] = [:]
        for (index, position) in present.enumerated() { indexOf[position] = Int32(index) }
        var (samples, counts): ([Int], [Int]) = ([], [])
        for (index, sample) in layout.samples.enumerated() {
            let own = chosen.count { sample.rows.contains($0) }
            guard own > 0 else { continue }
            samples.append(index)
            counts.append(own)
        }
        self.init(
            samples: samples,
            positions: present,
            rows: chosen.map(Int32.init),
            rowPositionIndex: chosen.map { indexOf[Int(layout.positions[$0])] ?? 0 },
            sampleRowCounts: counts
        )
    }
}
