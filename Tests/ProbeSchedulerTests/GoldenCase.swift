import Foundation
import ProbeScheduler
import TestSupport

/// One batch through the published implementation, with random numbers in place of a model.
struct GoldenCase: Decodable, Sendable {
    /// Scores and choices under one metric.
    struct Metric: Decodable, Sendable {
        var attention: [Float]
        var mlp: [Float]
        var headsKept: [Int32]
        var channelsKept: [Int32]
        var ratio: Double

        private enum CodingKeys: String, CodingKey {
            case attention = "attn_metric"
            case mlp = "mlp_metric"
            case headsKept = "heads_kept"
            case channelsKept = "mlp_kept_sorted"
            case ratio = "ratio_adj"
        }
    }

    var batch: Int
    var length: Int
    var width: Int
    var heads: Int
    var tokenRatio: Double
    var sampleRatio: Double
    var multiple: Int
    var tokens: [Int]
    var samples: [Int]
    /// `[batch, length, width]`.
    var residual: [Float]
    /// `[width, width]`, outputs × inputs.
    var weights: [Float]
    /// `[length, width]`.
    var history: [Float]
    /// `[samples, tokens, width]`.
    var probe: [Float]
    var ppsp: Metric
    var wanda: Metric

    private enum CodingKeys: String, CodingKey {
        case batch = "B"
        case length = "S"
        case width = "D"
        case heads, multiple, tokens, samples
        case tokenRatio = "rho_seq"
        case sampleRatio = "rho_bsz"
        case residual = "R"
        case weights = "W"
        case history = "H"
        case probe = "P"
        case ppsp = "ppwandasp"
        case wanda = "wandasp"
    }

    /// The case of the given name.
    static func named(_ name: String) throws -> GoldenCase? {
        let data = try SharedFolder.data("reference/golden_pp.json")
        return try JSONDecoder().decode([String: GoldenCase].self, from: data)[name]
    }

    var layout: BatchLayout {
        BatchLayout(lengths: [Int](repeating: length, count: batch))
    }

    /// A model of one layer whose two consumers both have the case's width.
    var shape: ModelShape {
        ModelShape(
            layerCount: 1,
            hiddenSize: width,
            headCount: heads,
            kvHeadCount: heads,
            headDimension: width / heads,
            channelCount: width
        )
    }

    var norms: ConsumerNorms { ConsumerNorms(weights: weights, inputs: width) }

    /// `‖residual‖²` of each row.
    var squaredNorms: [Float] {
        stride(from: 0, to: residual.count, by: width).map { first in
            residual[first..<first + width].reduce(0) { $0 + $1 * $1 }
        }
    }

    /// `A[k]` by the formula of the specification, in f64.
    var activations: [Float] {
        (0..<width).map { channel in
            let sum = tokens.indices.reduce(0.0) { sum, token in
                let squares = samples.indices.map { sample -> Double in
                    let row = sample * tokens.count + token
                    let value = Double(probe[row * width + channel])
                    return value * value
                }
                let own = squares.reduce(0, +) / Double(samples.count)
                let past = Double(history[tokens[token] * width + channel])
                let share = own / (own + past + 1e-6)
                return sum + (1 - share) * past + share * own
            }
            return Float(sum)
        }
    }
}
