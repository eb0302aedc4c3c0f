public import ArgumentParser
import Foundation
import Kernels
import ModelFiles
public import ProbeScheduler
import Runtime
import StaticPruning

extension MaskScope: ExpressibleByArgument {}
extension StaticPreset: ExpressibleByArgument {}

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
            compensation; for evaluation), full-batch (the probe is the whole batch; an upper \
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
        for (name, share) in [("tokens", probeTokens), ("samples", probeSamples)] {
            guard share > 0, share <= 1 else {
                throw ValidationError("--probe-\(name) \(share): expected 0 < share ≤ 1")
            }
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
        switch chosen {
        case .dense: return .dense
        case .wandaSP, .flap, .magnitude, .ppsp:
            return .fixed(try staticPlan(model).pruner)
        case .spread:
            throw BadInput("--method spread is for evaluation and sweeps; generate with pp")
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
        switch chosen {
        case .dense: return DensePruner()
        case .wandaSP, .flap, .magnitude, .ppsp: return try staticPlan(model, loaded).pruner
        case .spread:
            let pruner = SpreadProbePruner(
                shape: model.network.shape,
                norms: model.network.norms,
                policy: policy,
                configuration: ProbeConfiguration(
                    tokenRatio: probeTokens,
                    sampleRatio: probeSamples
                ),
                history: try loaded ?? loadHistory(model)
            )
            pruner.onDecision = onDecision
            return pruner
        case .pp, .fullBatch:
            let pruner = try probePruner(model, loaded, collecting: false)
            pruner.onDecision = onDecision
            return pruner
        }
    }

    // MARK: - Parts

    private var policy: RatioPolicy { RatioPolicy(nominalRatio: pruneRatio) }

    private func probePruner(
        _ model: LoadedModel,
        _ loaded: ProbeHistory? = nil,
        collecting: Bool,
        warns: Bool = true
    ) throws -> ProbePruner {
        var configuration = ProbeConfiguration(
            tokenRatio: probeTokens,
            sampleRatio: probeSamples
        )
        var history: ProbeHistory?
        if chosen == .fullBatch {
            configuration = .fullBatch
        } else {
            history = try loaded ?? loadHistory(model)
            if warns, history == nil, !noHistory, pruneRatio > 0 {
                Console.warn(
                    "no history for this model, so the probe alone decides; "
                        + "`sonde calibrate --self 32` makes one"
                )
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

    private func staticPlan(
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
