import Kernels
import ProbeScheduler

extension Activations {
    /// A matrix of the given entries, row by row.
    init(_ values: [Float], width: Int) {
        self.init(rowCount: values.count / width, width: width)
        assign(values, width: width)
    }

    /// Takes the shape and the entries, row by row.
    mutating func assign(_ values: [Float], width: Int) {
        reshape(rowCount: values.count / width, width: width)
        for row in 0..<rowCount {
            var entries = mutableRow(row)
            for column in 0..<width { entries[column] = values[row * width + column] }
        }
    }

    /// All entries, row by row.
    var values: [Float] {
        let span = span
        return span.indices.map { span[$0] }
    }
}

extension ConsumerNorms {
    /// Norms of a consumer's weights, `[outputs, inputs]` row-major.
    init(weights: [Float], inputs: Int) {
        self.init(channelCount: inputs)
        for channel in 0..<inputs {
            let column = stride(from: channel, to: weights.count, by: inputs).map { weights[$0] }
            measure(channel: channel, weights: column.span)
        }
    }
}

extension ModelShape {
    /// The shape of SmolLM2-135M.
    static let smolLM2 = ModelShape(
        layerCount: 30,
        hiddenSize: 576,
        headCount: 9,
        kvHeadCount: 3,
        headDimension: 64,
        channelCount: 1536
    )

    /// A shape small enough to compute by hand.
    static func tiny(
        layers: Int = 1,
        heads: Int = 2,
        headDimension: Int = 2,
        channels: Int = 4
    ) -> ModelShape {
        ModelShape(
            layerCount: layers,
            hiddenSize: heads * headDimension,
            headCount: heads,
            kvHeadCount: heads,
            headDimension: headDimension,
            channelCount: channels
        )
    }
}

/// Whether two lists agree entry by entry, relative to the larger of 1 and the expected value.
func agree(_ found: [Float], _ expected: [Float], tolerance: Float = 1e-5) -> Bool {
    found.count == expected.count
        && zip(found, expected).allSatisfy {
            abs($0 - $1) <= tolerance * max(1, abs($1))
        }
}
