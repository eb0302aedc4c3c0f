public import ArgumentParser
import Foundation
import Kernels
import ModelFiles
public import ProbeScheduler
import Runtime
import StaticPruning

extension MaskScope: ExpressibleByArgument {}
extension StaticPreset: ExpressibleByArgument {}
extension ProbePlace: ExpressibleByArgument {}
extension ProbeSelection.Order: ExpressibleByArgument {}
extension ProbeConfiguration.Importance: ExpressibleByArgument {}
extension ProbeConfiguration.HistoryUse: ExpressibleByArgument {}

/// The pruning methods that a command can run.
enum PruningMethod: String, CaseIterable, ExpressibleByArgument {
    case dense
    case pp
    case spread
    case fullBatch = "full-batch"
    case wandaSP = "wanda-sp"
    case flap
    case magnitude
    case ppsp

    /// Whether every batch has masks of its own.
    var isDynamic: Bool { self != .dense && staticMethod == nil }

    /// The static method of that name; nil: the method is dynamic.
    var staticMethod: StaticMethod? { StaticMethod(rawValue: rawValue) }
}

/// Options of every command that can prune.
struct PruningOptions: ParsableArguments {
    @Option(
        help: """
            Pruning method: dense, pp (Probe Pruning), spread (ours: an MLP probe over all samples, with \
            compensation), full-batch (the probe is the whole batch; an upper \
            bound); static ones: wanda-sp, flap, magnitude, ppsp (Probe Pruning's score without a probe). \
            (default: dense; pp when a ratio is given)
            """
    )
    var method: PruningMethod?

    @Option(help: "Share of heads and channels removed, 0 ≤ R < 1.")
    var pruneRatio = 0.0

    @Option(
        help: """
            Whose version of a static method: paper, released (its authors' program), pp (the one beside \
            Probe Pruning), pp-corrected (that with FLAP's mean corrected).
            """
    )
    var preset = StaticPreset.pp

    @Option(help: "Share of positions in the probe.")
    var probeTokens = 0.5

    @Option(help: "Share of samples in the probe.")
    var probeSamples = 0.05

    @Option(help: "Most of a batch's rows that the probe takes, of few samples fewer positions.")
    var probeRows = 1.0

    @Option(help: "Which the probe chooses first: tokens (published) or samples.")
    var probeOrder = ProbeSelection.Order.tokensFirst

    @Option(help: "What ranks the probe's rows: residual (published), or input, after the norm.")
    var probeImportance = ProbeConfiguration.Importance.residual

    @Option(
        help: """
            Where the probe looks: block (published), earlier (one block ahead, so that it could run \
            beside that block), or none: the history alone decides.
            """
    )
    var probePlace = ProbePlace.block

    @Option(help: "Share of the probe when it is fused with the history. (default: by importance)")
    var probeShare: Float?

    @Option(help: "What the history does between batches: moving (published) or fixed.")
    var historyUse = ProbeConfiguration.HistoryUse.moving

    @Option(help: "Layers at the start that stay dense.")
    var skipLayers = 3

    @Option(help: "Kept channels are a multiple of this.")
    var channelMultiple = 64

    @Flag(inversion: .prefixedNo, help: "Let the other layers make up for the skipped ones.")
    var rescale = true

    @Option(help: "Calibration to start from. (default: the model's own in the cache)")
    var history: String?

    @Flag(help: "Start from no calibration: the probe alone decides.")
    var noHistory = false

    @Option(help: "Who shares a mask: batch (the paper's), or sequence (an answer of its own).")
    var maskScope = MaskScope.batch

    mutating func validate() throws {
        guard (0..<1).contains(pruneRatio) else {
            throw ValidationError("--prune-ratio \(pruneRatio): expected 0 ≤ R < 1")
        }
        for (name, share) in [
            ("tokens", probeTokens), ("samples", probeSamples), ("rows", probeRows),
        ] {
            guard share > 0, share <= 1 else {
                throw ValidationError("--probe-\(name) \(share): expected 0 < share ≤ 1")
            }
        }
        guard skipLayers >= 0, channelMultiple >= 1 else {
            throw ValidationError("--skip-layers is at least 0, --channel-multiple at least 1")
        }
        guard (0...1).contains(probeShare ?? 0) else {
            throw ValidationError("--probe-share \(probeShare ?? 0): expected 0 ≤ share ≤ 1")
        }
        guard probePlace != .none || !noHistory else {
            throw ValidationError("--probe-place none needs a history")
        }
        guard history == nil || !noHistory else {
            throw ValidationError("--history and --no-history exclude each other")
        }
    }

    /// The method in force.
    var chosen: PruningMethod { method ?? (pruneRatio > 0 ? .pp : .dense) }

    /// How an engine prunes.
    ///
    /// - Parameters:
    ///   - model: The loaded model.
    ///   - refreshInterval: Decode steps from one dense refresh to the next.
    ///   - warns: Whether a missing history is worth a warning.
    /// - Returns: The engine's way to prune.
    /// - Throws: When the history cannot be used.
    func enginePruning(
        _ model: LoadedModel,
        refreshInterval: Int?,
        warns: Bool = true
    ) throws -> EnginePruning {
        try requireUniform(model)
        switch chosen {
        case .dense: return .dense
        case .wandaSP, .flap, .magnitude, .ppsp:
            return .fixed(try staticPlan(model).pruner)
        case .spread:
            return .probe(
                try spreadPruner(model, collecting: true, warns: warns),
                refreshInterval: refreshInterval
            )
        case .pp, .fullBatch:
            return .probe(
                try probePruner(model, collecting: true, warns: warns),
                refreshInterval: refreshInterval
            )
        }
    }

    /// How an evaluation prunes, and what is told of each decision.
    ///
    /// - Parameters:
    ///   - model: The loaded model.
    ///   - loaded: The history, where it has been read already.
    ///   - onDecision: Told of every mask that a probe makes.
    /// - Returns: A pruner that has seen no batch.
    /// - Throws: When the history cannot be used.
    func pruner(
        _ model: LoadedModel,
        history loaded: ProbeHistory? = nil,
        onDecision: ((BlockDecision) -> Void)? = nil
    ) throws -> any Pruner {
        try requireUniform(model)
        switch chosen {
        case .dense: return DensePruner()
        case .wandaSP, .flap, .magnitude, .ppsp: return try staticPlan(model, loaded).pruner
        case .spread:
            let pruner = try spreadPruner(model, loaded, collecting: false)
            pruner.onDecision = onDecision
            return pruner
        case .pp, .fullBatch:
            let pruner = try probePruner(model, loaded, collecting: false)
            pruner.onDecision = onDecision
            return pruner
        }
    }

    // MARK: - Parts

    /// A model whose layers differ in width has been pruned already.
    private func requireUniform(_ model: LoadedModel) throws {
        guard chosen == .dense || model.network.isUniform else {
            throw BadInput(
                "\(model.path): its layers differ in width, so it runs with --method dense alone; "
                    + "prune the model that it was made from"
            )
        }
    }

    private var policy: RatioPolicy {
        RatioPolicy(
            nominalRatio: pruneRatio,
            skippedLayerCount: skipLayers,
            channelMultiple: channelMultiple,
            rescales: rescale
        )
    }

    /// The shares of a batch that are probed, everything else as published.
    private var shares: ProbeConfiguration {
        var result = ProbeConfiguration(tokenRatio: probeTokens, sampleRatio: probeSamples)
        result.largestRowShare = probeRows
        return result
    }

    private func spreadPruner(
        _ model: LoadedModel,
        _ loaded: ProbeHistory? = nil,
        collecting: Bool,
        warns: Bool = true
    ) throws -> SpreadProbePruner {
        var configuration = shares
        configuration.collectsSequenceStatistics = collecting
        return SpreadProbePruner(
            shape: model.network.shape,
            norms: model.network.norms,
            policy: policy,
            configuration: configuration,
            history: try startingHistory(model, loaded, warns: warns)
        )
    }

    private func probePruner(
        _ model: LoadedModel,
        _ loaded: ProbeHistory? = nil,
        collecting: Bool,
        warns: Bool = true
    ) throws -> ProbePruner {
        var configuration = shares
        var history: ProbeHistory?
        if chosen == .fullBatch {
            configuration = .fullBatch
        } else {
            configuration.order = probeOrder
            configuration.importance = probeImportance
            configuration.place = probePlace
            configuration.fusion = probeShare.map(ProbeFusion.fixed) ?? .importance
            configuration.historyUse = historyUse
            history = try startingHistory(model, loaded, warns: warns)
            guard history != nil || probePlace != .none || pruneRatio == 0 else {
                throw BadInput("--probe-place none needs a history: give --history FILE")
            }
        }
        configuration.collectsSequenceStatistics = collecting
        return ProbePruner(
            shape: model.network.shape,
            norms: model.network.norms,
            policy: policy,
            configuration: configuration,
            history: history
        )
    }

    /// What a probe starts from; nil: there is none, so the probe alone decides.
    private func startingHistory(
        _ model: LoadedModel,
        _ loaded: ProbeHistory?,
        warns: Bool = true
    ) throws -> ProbeHistory? {
        let history = try loaded ?? loadHistory(model)
        if warns, history == nil, !noHistory, probePlace != .none, pruneRatio > 0 {
            Console.warn(
                "no history for this model, so the probe alone decides; "
                    + "`sonde calibrate --self 32` makes one"
            )
        }
        return history
    }

    /// The masks of the static method that the options name.
    func staticPlan(
        _ model: LoadedModel,
        _ loaded: ProbeHistory? = nil
    ) throws -> StaticPlan {
        guard let method = chosen.staticMethod else { return StaticPlan(masks: [:]) }
        return try method.plan(
            shape: model.network.shape,
            norms: model.network.norms,
            ratio: pruneRatio,
            preset: preset,
            history: method == .magnitude ? nil : try loaded ?? loadHistory(model)
        )
    }

    /// The calibration that the options name, or the model's own; nil: there is none.
    func loadHistory(_ model: LoadedModel) throws -> ProbeHistory? {
        guard !noHistory else { return nil }
        let url = history.map { URL(filePath: $0) } ?? Self.ownHistory(of: model)
        if history == nil, !FileManager.default.fileExists(atPath: url.path) { return nil }
        return try HistoryFile(
            contentsOf: url,
            shape: model.network.shape,
            modelSHA256: model.sha256
        ).history
    }

    /// Where a model's own history lies in the cache.
    static func ownHistory(of model: LoadedModel) -> URL {
        ModelStore().folder.appending(path: "histories/\(model.sha256.prefix(16)).history")
    }
}
