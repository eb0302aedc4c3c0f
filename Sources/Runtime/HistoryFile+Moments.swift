import Foundation
import ProbeScheduler

extension HistoryFile {
    /// Floats that the moments of all layers take; 0 where there are none.
    static func momentCount(
        _ moments: Header.Moments?,
        shape: ModelShape,
        path: String
    ) throws(HistoryFileError) -> Int {
        guard let moments else { return 0 }
        guard moments.tokenCount >= 0, moments.sampleCount >= 0,
            (0...moments.tokenCount).contains(moments.firstPositionCount)
        else {
            throw .damagedHeader(path: path, reason: "moments of a negative number of tokens")
        }
        let width = shape.blocks.reduce(0) { $0 + shape.consumerWidth($1.kind) }
        return width * listCount(moments)
    }

    /// Reads the moments of every layer, in the order of `ChannelMoments.lists`.
    static func readMoments(
        _ data: Data,
        from start: Int,
        _ header: Header.Moments,
        _ shape: ModelShape,
        path: String
    ) throws(HistoryFileError) -> [ChannelMoments] {
        var offset = start
        var moments: [ChannelMoments] = []
        for block in shape.blocks {
            let width = shape.consumerWidth(block.kind)
            var lists: [[Float]] = []
            for _ in 0..<listCount(header) {
                lists.append(data.floats(at: offset, count: width))
                offset += width * MemoryLayout<Float>.size
            }
            guard lists.allSatisfy({ $0.allSatisfy(\.isFinite) }),
                lists[1].allSatisfy({ $0 >= 0 })
            else {
                throw .invalidValue(path: path, layer: block.layer, block: block.kind.rawValue)
            }
            moments.append(
                ChannelMoments(
                    tokenCount: header.tokenCount,
                    sampleCount: header.sampleCount,
                    means: lists[0],
                    deviations: lists[1],
                    firstPositionCount: header.firstPositionCount,
                    firstPositionMeans: lists[2],
                    running: header.hasRunning
                        ? RunningFluctuations(Array(lists.dropFirst(3))) : nil
                )
            )
        }
        return moments
    }

    /// Mean, deviation, first position; and the running estimates.
    private static func listCount(_ moments: Header.Moments) -> Int {
        3 + (moments.hasRunning ? RunningFluctuations.listCount : 0)
    }
}

extension ChannelMoments {
    /// The lists of a block, in the order in which a file has them.
    var lists: [[Float]] {
        [means, deviations, firstPositionMeans] + (running?.lists ?? [])
    }
}
