import CPeak
import Kernels

/// One product in one format, on as many matrices as do not fit the caches.
struct ProductBench {
    private let product: Product
    private let model: ModelShapes
    private let format: WeightFormat
    private let compute: Compute
    /// One of each for a call; two for gate and up.
    private let layers: [[WeightMatrix]]

    /// Bytes of all matrices: twice the last level of cache that a core of a server reaches.
    private static let coldBytes = 64 << 20

    init(
        _ product: Product,
        _ model: ModelShapes,
        format: WeightFormat,
        staysCached: Bool,
        compute: Compute
    ) {
        (self.product, self.model, self.format, self.compute) = (product, model, format, compute)
        let matrices = product == .gatedUnit ? 2 : 1
        let bytes = model.intermediate * format.rowByteCount(model.hidden) * matrices
        let count = staysCached ? 1 : max(2, (Self.coldBytes + bytes - 1) / bytes)
        layers = (0..<count).map { layer in
            (0..<matrices).map { matrix in
                var random = RandomNumbers(seed: UInt64(layer * 2 + matrix + 1))
                return WeightMatrix(
                    format: format,
                    rowCount: model.intermediate,
                    columnCount: model.hidden,
                    columnUnits: product == .selectIn
                        ? [Float](repeating: 1 / 8191, count: model.hidden) : nil
                ) { (_, row: inout MutableSpan<Float>) in
                    for column in row.indices { row[column] = random.next() }
                }
            }
        }
    }

    /// Times the product at each kept share, in turn.
    func row(tokens: Int, shares: [Double], rounds: Int, peak: Peak) -> ProductRow {
        let kept = shares.map(kept)
        var seconds = [[Double]](repeating: [], count: shares.count)
        var output = Activations()
        let work = Double(tokens * model.hidden * model.intermediate)
        // Few tokens wait for memory: all matrices in turn. Many only need a time that can be measured.
        let least = tokens > 16 ? 2 : layers.count
        let calls = max(least, Int((2e8 / work).rounded(.up)))
        for round in 0...rounds {
            for (index, list) in kept.enumerated() {
                let count = list?.count ?? model.intermediate
                let x = activations(tokens, product == .selectIn ? count : model.hidden)
                if product == .selectIn { output.reshape(rowCount: tokens, width: model.hidden) }
                let start = peak_thread_seconds()
                for call in 0..<calls { run(x, layers[call % layers.count], list, &output) }
                // The first round fills caches and page tables.
                if round > 0 {
                    seconds[index].append((peak_thread_seconds() - start) / Double(calls))
                }
            }
        }
        return ProductRow(
            model: model.name,
            product: product,
            format: format,
            tokens: tokens,
            operations: 2 * work * Double(layers[0].count),
            bytes: Double(layers[0].reduce(0) { $0 + $1.byteCount }),
            shares: kept.map {
                Double($0?.count ?? model.intermediate) / Double(model.intermediate)
            },
            seconds: seconds.map(\.median),
            peak: peak
        )
    }

    private func run(
        _ input: borrowing Activations,
        _ layer: [WeightMatrix],
        _ kept: [Int32]?,
        _ output: inout Activations
    ) {
        switch product {
        case .selectOut: compute.selectOut(input, layer[0], keeping: kept, into: &output)
        case .gatedUnit:
            compute.gatedUnit(input, gate: layer[0], up: layer[1], keeping: kept, into: &output)
        case .selectIn: compute.selectIn(input, layer[0], keeping: kept, addingTo: &output)
        }
    }

    /// Rows scattered as a mask's are, ascending, in multiples of 8; nil: all.
    private func kept(share: Double) -> [Int32]? {
        guard share < 1 else { return nil }
        var random = RandomNumbers(seed: 7)
        let count = Int((share * Double(model.intermediate) / 8).rounded()) * 8
        let order = (0..<model.intermediate).map { (random.next(), Int32($0)) }.sorted {
            $0.0 < $1.0
        }
        return order.prefix(count).map(\.1).sorted()
    }

    private func activations(_ rows: Int, _ width: Int) -> Activations {
        var random = RandomNumbers(seed: 5)
        var activations = Activations(rowCount: rows, width: width)
        var span = activations.mutableSpan
        for index in span.indices { span[index] = random.next() }
        return activations
    }
}
