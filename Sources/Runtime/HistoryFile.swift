public import Foundation
public import ProbeScheduler

/// Reads and writes a history: the file that `calibrate` makes and Probe Pruning starts from.
///
/// Layout, little-endian: the magic `SONDEHST`, a version (`UInt32`), the header's length (`UInt32`), the
/// header as JSON, then for each covered block, in order, `[positions, width]` 32-bit floats; then, where
/// the header names moments, their lists for every block of every layer (`ChannelMoments`).
public struct HistoryFile: Sendable {
    /// What a history rests on.
    public struct Header: Codable, Sendable, Equatable {
        /// SHA-256 of the model file.
        public var modelSHA256: String
        /// Where the text came from.
        public var text: String
        /// Tokens of the text that were run.
        public var tokenCount: Int
        /// Positions that are kept apart.
        public var positionCount: Int
        /// Samples that each position has seen.
        public var sampleCounts: [Int]
        /// Layers at the start without statistics.
        public var skippedLayerCount: Int
        /// What the moments rest on; nil: the file has none.
        public var moments: Moments?

        /// What the moments of every layer's channels rest on.
        public struct Moments: Codable, Sendable, Equatable {
            /// Tokens seen.
            public var tokenCount: Int
            /// Samples seen.
            public var sampleCount: Int
            /// Samples whose first position was seen.
            public var firstPositionCount: Int
            /// Whether the estimates that depend on the order are there.
            public var hasRunning: Bool
        }

        /// What a history rests on.
        public init(
            modelSHA256: String,
            text: String,
            tokenCount: Int,
            positionCount: Int,
            sampleCounts: [Int],
            skippedLayerCount: Int,
            moments: Moments? = nil
        ) {
            self.modelSHA256 = modelSHA256
            self.text = text
            self.tokenCount = tokenCount
            self.positionCount = positionCount
            self.sampleCounts = sampleCounts
            self.skippedLayerCount = skippedLayerCount
            self.moments = moments
        }
    }

    /// What the history rests on.
    public let header: Header
    /// The statistics.
    public let history: ProbeHistory

    private static let magic = Data("SONDEHST".utf8)
    private static let version: UInt32 = 2
    /// Magic, version and the header's length.
    private static let preambleByteCount = 16

    /// A history with its origin; the header's account of the moments follows from the history.
    public init(header: Header, history: ProbeHistory) {
        var header = header
        header.moments = history.moments?.first.map {
            Header.Moments(
                tokenCount: $0.tokenCount,
                sampleCount: $0.sampleCount,
                firstPositionCount: $0.firstPositionCount,
                hasRunning: $0.running != nil
            )
        }
        self.header = header
        self.history = history
    }

    // MARK: - Writing

    /// Writes to a temporary file beside `url`, then renames it.
    ///
    /// - Throws: `HistoryFileError.unwritable`.
    public func write(to url: URL) throws(HistoryFileError) {
        var data = Self.magic
        do {
            let json = try JSONEncoder().encode(header)
            data.append(littleEndian: Self.version)
            data.append(littleEndian: UInt32(json.count))
            data.append(json)
            for block in history.shape.blocks {
                for value in history[block] { data.append(littleEndian: value.bitPattern) }
            }
            for list in (history.moments ?? []).flatMap(\.lists) {
                for value in list { data.append(littleEndian: value.bitPattern) }
            }
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try data.write(to: url, options: .atomic)
        } catch {
            throw .unwritable(path: url.path, reason: error.localizedDescription)
        }
    }

    // MARK: - Reading

    /// Reads a history and checks every field.
    ///
    /// - Parameters:
    ///   - url: The file.
    ///   - shape: Sizes of the loaded model.
    ///   - modelSHA256: Hash of the loaded model.
    /// - Throws: `HistoryFileError` when the file is damaged or of another model.
    public init(
        contentsOf url: URL,
        shape: ModelShape,
        modelSHA256: String
    ) throws(HistoryFileError) {
        let path = url.path
        let data: Data
        do { data = try Data(contentsOf: url, options: .alwaysMapped) } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        let header = try Self.readHeader(data, path: path)
        guard header.value.modelSHA256 == modelSHA256 else {
            throw .anotherModel(path: path, found: header.value.modelSHA256, expected: modelSHA256)
        }
        history = try Self.readStatistics(
            data,
            from: header.end,
            header: header.value,
            shape: shape,
            path: path
        )
        self.header = header.value
    }

    private static func readHeader(
        _ data: Data,
        path: String
    ) throws(HistoryFileError) -> (value: Header, end: Int) {
        guard data.count >= preambleByteCount, data.prefix(magic.count) == magic else {
            throw .notAHistory(path: path)
        }
        let found = data.littleEndian(at: magic.count)
        guard found == version else {
            throw .unsupportedVersion(path: path, found: found, expected: version)
        }
        let end = preambleByteCount + Int(data.littleEndian(at: magic.count + 4))
        guard end <= data.count else {
            throw .wrongSize(path: path, found: data.count, expected: end)
        }
        do {
            let json = data.subdata(in: preambleByteCount..<end)
            return (try JSONDecoder().decode(Header.self, from: json), end)
        } catch {
            throw .damagedHeader(path: path, reason: "not the JSON that `calibrate` writes")
        }
    }

    private static func readStatistics(
        _ data: Data,
        from start: Int,
        header: Header,
        shape: ModelShape,
        path: String
    ) throws(HistoryFileError) -> ProbeHistory {
        // Far beyond any context, and small enough that no product below overflows.
        guard (1...1 << 20).contains(header.positionCount),
            header.sampleCounts.count == header.positionCount,
            header.sampleCounts.allSatisfy({ $0 >= 0 }),
            (0...shape.layerCount).contains(header.skippedLayerCount)
        else {
            throw .damagedHeader(path: path, reason: "positions, counts or layers out of range")
        }
        let policy = RatioPolicy(nominalRatio: 0, skippedLayerCount: header.skippedLayerCount)
        let covered = shape.blocks.filter { policy.covers(layer: $0.layer, of: shape) }
        let width = covered.reduce(0) { $0 + shape.consumerWidth($1.kind) }
        let momentCount = try momentCount(header.moments, shape: shape, path: path)
        let expected =
            start + (header.positionCount * width + momentCount) * MemoryLayout<Float>.size
        guard data.count == expected else {
            throw .wrongSize(path: path, found: data.count, expected: expected)
        }
        var history = ProbeHistory(
            shape: shape,
            positionCount: header.positionCount,
            policy: policy
        )
        history.replaceSampleCounts(header.sampleCounts)
        var offset = start
        for block in covered {
            let count = header.positionCount * shape.consumerWidth(block.kind)
            let values = data.floats(at: offset, count: count)
            guard values.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
                throw .invalidValue(path: path, layer: block.layer, block: block.kind.rawValue)
            }
            history.replace(block, with: values)
            offset += count * MemoryLayout<Float>.size
        }
        if let moments = header.moments {
            history.moments = try readMoments(data, from: offset, moments, shape, path: path)
        }
        return history
    }
}

extension Data {
    mutating func append(littleEndian value: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }

    func littleEndian(at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(self[startIndex + offset + $1]) << UInt32(8 * $1) }
    }

    func floats(at offset: Int, count: Int) -> [Float] {
        precondition(offset >= 0 && count >= 0 && offset + 4 * count <= self.count)
        // SAFETY: the range is inside; the bytes need no alignment. Byte by byte a history takes most of
        // a second.
        return unsafe withUnsafeBytes { bytes in
            (0..<count).map {
                let bits = unsafe bytes.loadUnaligned(
                    fromByteOffset: offset + 4 * $0,
                    as: UInt32.self
                )
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
    }
}
