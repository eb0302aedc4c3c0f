import Foundation
import Kernels

/// What `inspect --topology` tells: the machine, and how a run would use it.
struct TopologyReport: Encodable {
    /// Cores and the memory near them.
    struct Node: Encodable {
        var node: Int
        var cores: [Int]
        var memoryBytes: Int
        var freeBytes: Int
        /// To each listed node; 10: its own memory.
        var distances: [Int]
    }

    /// How weights, KV cache and workers are placed.
    struct Placement: Encodable {
        var numa: String
        var threads: Int
        /// Whether pages can be bound to nodes; if not, they lie where they are first touched.
        var bindsMemory: Bool
        /// Empty: nothing is bound to a node.
        var nodes: [Part]
    }

    /// One node's part of a run.
    struct Part: Encodable {
        var node: Int
        var workers: Int
        /// Where the workers run.
        var cores: [Int]
        /// Share of every matrix's rows; 1: all of them.
        var weightShare: Double
        /// Share of the KV cache's heads, before it is rounded to whole ones.
        var cacheShare: Double
    }

    var cores: Int
    var instructionSets: [String]
    var chosen: String
    var nodes: [Node]
    var placement: Placement

    init(_ mode: NUMAMode, threadCount: Int) {
        cores = ModelOptions.coreCount
        instructionSets = InstructionSet.available.map(\.rawValue)
        chosen = InstructionSet.native.rawValue
        let topology = Topology.current
        nodes = topology.nodes.map {
            Node(
                node: $0.id,
                cores: $0.cores,
                memoryBytes: $0.byteCount,
                freeBytes: $0.freeByteCount,
                distances: $0.distances
            )
        }
        let plan = NodePlan(mode, topology, threadCount: threadCount)
        placement = Placement(
            numa: mode.rawValue,
            threads: threadCount,
            bindsMemory: plan.bindsMemory,
            nodes: plan.parts.map {
                Part(
                    node: $0.node,
                    workers: $0.workerCount,
                    cores: $0.cores,
                    weightShare: mode == .replicate ? 1 : $0.share,
                    cacheShare: $0.share
                )
            }
        )
    }

    /// The report as a person reads it.
    var text: String {
        var lines = [
            line("cores", "\(cores)"),
            line("instruction sets", instructionSets.joined(separator: ", ")),
            line("chosen", chosen),
            line("nodes", "\(nodes.count)"),
        ]
        lines += nodes.map { node in
            line(
                "  node \(node.node)",
                "\(Self.list(node.cores)); \(Self.size(node.memoryBytes)), "
                    + "\(Self.size(node.freeBytes)) free; distances "
                    + node.distances.map { "\($0)" }.joined(separator: " ")
            )
        }
        guard !placement.nodes.isEmpty else {
            let why = nodes.count > 1 ? "nothing is bound to a node" : "one node: nothing to place"
            return (lines + [line("placement", why + ", \(placement.threads) threads")])
                .joined(separator: "\n")
        }
        let binding = placement.bindsMemory ? "" : "; the system lets no memory be bound"
        lines.append(line("placement", "\(placement.numa), \(placement.threads) threads\(binding)"))
        lines += placement.nodes.map { part in
            let weights =
                part.weightShare == 1
                ? "all weights" : String(format: "%.0f %% of the weights", 100 * part.weightShare)
            let cache = String(format: "%.0f %% of the KV cache", 100 * part.cacheShare)
            return line(
                "  node \(part.node)",
                "\(part.workers) workers on \(Self.list(part.cores)); \(weights), \(cache)"
            )
        }
        return lines.joined(separator: "\n")
    }

    private func line(_ name: String, _ value: String) -> String {
        name.padding(toLength: 19, withPad: " ", startingAt: 0) + value
    }

    /// Cores as runs: `cores 0-3, 8-11`.
    private static func list(_ cores: [Int]) -> String {
        guard !cores.isEmpty else { return "no cores" }
        var runs: [ClosedRange<Int>] = []
        for core in cores {
            if let last = runs.last, last.upperBound == core - 1 {
                runs[runs.count - 1] = last.lowerBound...core
            } else {
                runs.append(core...core)
            }
        }
        let texts = runs.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }
        return "cores " + texts.joined(separator: ", ")
    }

    private static func size(_ bytes: Int) -> String {
        String(format: "%.0f MB", Double(bytes) / 1e6)
    }
}
