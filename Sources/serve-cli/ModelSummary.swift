import Foundation
import Kernels
import ModelFiles
import ProbeScheduler
import Runtime
import Tokenizers

/// What a user needs to know before loading a model.
struct ModelSummary: Encodable {
    /// What a mask may remove, and what it never does.
    struct Prunable: Encodable {
        var heads: Int
        var channels: Int
        /// Layers at the start that stay dense.
        var skippedLayers: Int
        var prunedLayers: Int
        var alwaysDense = ["keys and values", "norms", "embedding", "output head"]
    }

    /// What one nominal ratio comes to; probe not counted.
    struct Saving: Encodable {
        var pruneRatio: Double
        /// Share removed in a layer that is pruned.
        var layerRatio: Double
        var keptHeads: Int
        var keptChannels: Int
        /// Of the linear layers' multiply-adds, dense being 1.
        var realisedFlopsRatio: Double
        var savedPercent: Double
    }

    var architecture: String
    var name: String?
    var licence: String?
    var parameters: Int
    var layers: Int
    var hidden: Int
    var heads: Int
    var kvHeads: Int
    var headDimension: Int
    var channels: Int
    var gated: Bool
    var activation: String
    var vocabulary: Int
    var tiedEmbeddings: Bool
    var context: Int
    /// The narrowest attention window; nil: every layer sees all.
    var slidingWindow: Int?
    var tokenizer: String
    var preTokenizer: String
    var chatTemplate: Bool
    /// Bytes on disk of each tensor type.
    var weights: [String: Int]
    /// Bytes in memory of the matrices at each `--weights`.
    var memory: [String: Int]
    /// The one that `--weights auto` stands for.
    var autoWeights: String
    /// In the KV cache, at `autoWeights`.
    var kvBytesPerToken: Int
    var prunable: Prunable
    var savings: [Saving]

    init(_ file: ModelFile) throws {
        let config = file.config
        architecture = config.architecture
        name = config.name
        licence = config.licence
        parameters = file.tensors.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
        layers = config.layerCount
        hidden = config.hiddenSize
        heads = config.headCount
        kvHeads = config.kvHeadCount
        headDimension = config.headDimension
        channels = config.channelCount
        gated = config.isGated
        activation = "\(config.activation)"
        vocabulary = config.vocabularySize
        tiedEmbeddings = config.tiesEmbeddings
        context = config.contextLength
        slidingWindow = config.layerAttention.compactMap(\.window).min()
        let description = try file.tokenizerDescription()
        tokenizer = description.kind
        preTokenizer = description.preTokenizer
        chatTemplate = try file.chatTemplateSource() != nil
        weights = [:]
        for tensor in file.tensors {
            weights[tensor.type.description, default: 0] += tensor.byteCount
        }
        memory = [:]
        for format in WeightFormat.allCases {
            memory[format.rawValue] = WeightPlan(format).byteCount(of: file)
        }
        autoWeights = WeightFormat.nearest(to: file).rawValue
        kvBytesPerToken =
            layers
            * KVStore.positionByteCount(
                kvHeadCount: kvHeads,
                headDimension: headDimension,
                format: WeightPlan(.nearest(to: file)).cacheFormat
            )
        let shape = config.shape
        prunable = Self.prunable(shape)
        savings = [0.1, 0.2, 0.3, 0.4, 0.5].map { Self.saving($0, shape) }
    }

    private static func prunable(_ shape: ModelShape) -> Prunable {
        let policy = RatioPolicy(nominalRatio: 0.5)
        let pruned = (0..<shape.layerCount).count { policy.prunes(layer: $0, of: shape) }
        return Prunable(
            heads: shape.headCount,
            channels: shape.channelCount,
            skippedLayers: shape.layerCount - pruned,
            prunedLayers: pruned
        )
    }

    private static func saving(_ ratio: Double, _ shape: ModelShape) -> Saving {
        let policy = RatioPolicy(nominalRatio: ratio)
        var count = MultiplyAdds()
        for block in shape.blocks {
            let units = block.kind == .attention ? shape.headCount : shape.channelCount
            let kept =
                policy.prunes(layer: block.layer, of: shape)
                ? policy.kept(block.kind, shape) : units
            let mask = try? ChannelMask(kept: (0..<Int32(kept)).map(\.self), channelCount: units)
            count.count(block.kind, shape: shape, rows: 1, mask: mask, probeRows: 0)
        }
        return Saving(
            pruneRatio: ratio,
            layerRatio: policy.layerRatio(shape),
            keptHeads: policy.keptHeads(shape),
            keptChannels: policy.keptChannels(shape),
            realisedFlopsRatio: count.realisedRatio,
            savedPercent: 100 * (1 - count.realisedRatio)
        )
    }
}
