import JSONText
import ProbeScheduler
import Runtime
import Synchronization

/// The last masks of every layer, for `/v1/pruning`; written by the engine's thread, read by any.
final class PruningStatus: Sendable {
    /// What is known of a block; nil: no mask has been made.
    private struct Block {
        var keptShare: Double?
        var jaccard: Double?

        var json: JSONValue {
            func value(_ number: Double?) -> JSONValue { number.map(JSONValue.finite) ?? .null }
            return .object(["kept_share": value(keptShare), "jaccard": value(jaccard)])
        }
    }

    private let blocks = Mutex<[PrunableBlock: Block]>([:])

    /// Takes over what the engine has done so far.
    ///
    /// - Parameters:
    ///   - keptShares: Of each block's last mask.
    ///   - jaccard: Of each block's last two masks.
    func update(keptShares: [PrunableBlock: Double], jaccard: [PrunableBlock: Double]) {
        blocks.withLock { blocks in
            for (block, share) in keptShares {
                blocks[block] = Block(keptShare: share, jaccard: jaccard[block])
            }
        }
    }

    /// One object a layer that has had a mask, in the order of layers.
    var layers: JSONValue {
        let blocks = blocks.withLock { $0 }
        return .array(
            Set(blocks.keys.map(\.layer)).sorted().map { layer in
                var members: [String: JSONValue] = ["layer": .integer(layer)]
                for kind in PrunableBlock.Kind.allCases {
                    let block = blocks[PrunableBlock(layer: layer, kind: kind)] ?? Block()
                    members[kind.rawValue] = block.json
                }
                return .object(members)
            }
        )
    }
}
