/// A run of units for each node, one behind the other: of rows, of kept rows, of heads, of tasks.
struct NodeShares: Sendable, Equatable {
    /// Where each share starts, and where the last one ends.
    private let bounds: [Int]

    /// Shares of the given sizes.
    init(counts: some Sequence<Int>) {
        bounds = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    }

    /// Splits units in proportion to the nodes' weights.
    ///
    /// - Parameters:
    ///   - count: Units.
    ///   - weights: One a node, not negative, together more than 0.
    ///   - grain: What shares are multiples of, the last one excepted.
    init(_ count: Int, weights: [Int], grain: Int = 1) {
        let sums = weights.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let total = sums[sums.count - 1]
        let grains = (count + grain - 1) / grain
        bounds = sums.map { min(count, (grains * $0 + total / 2) / total * grain) }
    }

    private init(bounds: [Int]) {
        self.bounds = bounds
    }

    /// The shares in smaller units, `factor` of which make one of these.
    func scaled(by factor: Int) -> NodeShares {
        NodeShares(bounds: bounds.map { $0 * factor })
    }

    /// Shares, empty ones included.
    var nodeCount: Int { bounds.count - 1 }

    /// Units in all.
    var count: Int { bounds[nodeCount] }

    /// The units of one node.
    subscript(node: Int) -> Range<Int> { bounds[node]..<bounds[node + 1] }

    /// The node that has a unit.
    func node(of unit: Int) -> Int {
        var node = 0
        while node < nodeCount - 1, unit >= bounds[node + 1] { node += 1 }
        return node
    }

    /// The entries of an ascending list of units, by the node that has them; nil: it does not ascend.
    func shares(of list: [Int32]) -> NodeShares? {
        var counts = [Int](repeating: 0, count: nodeCount)
        var (node, last) = (0, Int32.min)
        for unit in list {
            guard unit >= last else { return nil }
            while node < nodeCount - 1, Int(unit) >= bounds[node + 1] { node += 1 }
            counts[node] += 1
            last = unit
        }
        return NodeShares(counts: counts)
    }
}
