import Foundation
import ProbeScheduler
import Testing

@testable import Runtime

@Suite("HistoryFile")
struct HistoryFileTests {
    private static let shape = ModelShape(
        layerCount: 3,
        hiddenSize: 8,
        headCount: 2,
        kvHeadCount: 1,
        headDimension: 4,
        channelCount: 5
    )
    private static let hash = String(repeating: "ab", count: 32)
    /// Magic, version and the header's length.
    private static let preamble = 16
    /// `[positions, width]` of the two covered layers' blocks, each entry 4 bytes.
    private static let statisticsByteCount = 4 * (2 * (8 + 5)) * 4

    /// A new folder, removed at the end.
    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(component: "history-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func makeHistory() -> HistoryFile {
        let policy = RatioPolicy(nominalRatio: 0, skippedLayerCount: 1)
        var history = ProbeHistory(shape: Self.shape, positionCount: 4, policy: policy)
        history.replaceSampleCounts([9, 7, 7, 0])
        var next: Float = 0
        for block in Self.shape.blocks where history.covers(block) {
            let count = history[block].count
            history.replace(block, with: (0..<count).map { next + 0.1 * Float($0) })
            next += 100
        }
        return HistoryFile(
            header: HistoryFile.Header(
                modelSHA256: Self.hash,
                text: "some text — “quoted”",
                tokenCount: 23,
                positionCount: 4,
                sampleCounts: [9, 7, 7, 0],
                skippedLayerCount: 1
            ),
            history: history
        )
    }

    /// The bytes of a sound file.
    private func bytes() throws -> Data {
        var data = Data()
        try inFolder { folder in
            let url = folder.appending(component: "history")
            try makeHistory().write(to: url)
            data = try Data(contentsOf: url)
        }
        return data
    }

    /// What the reader throws for these bytes, given the path at which they lie.
    private func expectError(
        _ data: Data,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ error: (_ path: String) -> HistoryFileError
    ) throws {
        try inFolder { folder in
            let url = folder.appending(component: "history")
            try data.write(to: url)
            #expect(throws: error(url.path), sourceLocation: sourceLocation) {
                try HistoryFile(contentsOf: url, shape: Self.shape, modelSHA256: Self.hash)
            }
        }
    }

    /// A sound file with another header.
    private func bytes(withHeader json: String) throws -> Data {
        let data = try bytes()
        let header = Data(json.utf8)
        let length = (0..<4).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        return data.prefix(12) + length + header + data.suffix(Self.statisticsByteCount)
    }

    /// A header in which some fields are replaced.
    private func json(_ fields: [String: String] = [:]) -> String {
        var all = [
            "modelSHA256": "\"\(Self.hash)\"", "text": "\"t\"", "tokenCount": "23",
            "positionCount": "4", "sampleCounts": "[9,7,7,0]", "skippedLayerCount": "1",
        ]
        all.merge(fields) { $1 }
        return "{" + all.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    // MARK: - Sound files

    @Test("what is written is read back")
    func roundTrip() throws {
        try inFolder { folder in
            let url = folder.appending(components: "new", "folders", "history")
            let written = makeHistory()
            try written.write(to: url)
            let read = try HistoryFile(
                contentsOf: url,
                shape: Self.shape,
                modelSHA256: Self.hash
            )
            #expect(read.header == written.header)
            #expect(read.history == written.history)
            let files = try FileManager.default.contentsOfDirectory(
                atPath: url.deletingLastPathComponent().path
            )
            #expect(files == ["history"])
        }
    }

    @Test("writing replaces what was there")
    func overwrites() throws {
        try inFolder { folder in
            let url = folder.appending(component: "history")
            try Data(repeating: 7, count: 100_000).write(to: url)
            try makeHistory().write(to: url)
            #expect(
                try HistoryFile(contentsOf: url, shape: Self.shape, modelSHA256: Self.hash)
                    .history == makeHistory().history
            )
        }
    }

    @Test("begins with the magic, the version and the header's length, little-endian")
    func layout() throws {
        let data = try bytes()
        #expect(data.prefix(8) == Data("SONDEHST".utf8))
        #expect(data[8..<12] == Data([2, 0, 0, 0]))
        let length = Int(data[12]) | Int(data[13]) << 8
        #expect(data.count == Self.preamble + length + Self.statisticsByteCount)
        // The first block's second entry: 0.1.
        let first = Self.preamble + length + 4
        #expect(data[first..<first + 4] == Data([0xCD, 0xCC, 0xCC, 0x3D]))
        let reread = try bytes(withHeader: json())
        try inFolder { folder in
            let url = folder.appending(component: "history")
            try reread.write(to: url)
            let file = try HistoryFile(
                contentsOf: url,
                shape: Self.shape,
                modelSHA256: Self.hash
            )
            #expect(file.history == makeHistory().history)
        }
    }

    // MARK: - Damaged files

    @Test("a file cut short is refused, wherever it ends")
    func truncated() throws {
        let data = try bytes()
        let header = data.count - Self.statisticsByteCount
        for count in [0, 1, 7, 8, 11, 12, 15] {
            try expectError(data.prefix(count)) { .notAHistory(path: $0) }
        }
        for count in [16, 17, header - 1] {
            try expectError(data.prefix(count)) {
                .wrongSize(path: $0, found: count, expected: header)
            }
        }
        for count in [header, header + 3, header + 4, data.count - 4, data.count - 1] {
            try expectError(data.prefix(count)) {
                .wrongSize(path: $0, found: count, expected: data.count)
            }
        }
    }

    @Test("a file that goes on after its end is refused")
    func tooLong() throws {
        let data = try bytes()
        try expectError(data + [0]) {
            .wrongSize(path: $0, found: data.count + 1, expected: data.count)
        }
    }

    @Test("another magic is refused", arguments: 0..<8)
    func wrongMagic(index: Int) throws {
        var data = try bytes()
        data[index] ^= 0x20
        try expectError(data) { .notAHistory(path: $0) }
    }

    @Test("another version is refused", arguments: [0, 1, 3, 0x0100_0000, .max] as [UInt32])
    func wrongVersion(version: UInt32) throws {
        var data = try bytes()
        for index in 0..<4 { data[8 + index] = UInt8(truncatingIfNeeded: version >> (8 * index)) }
        try expectError(data) { .unsupportedVersion(path: $0, found: version, expected: 2) }
    }

    @Test("a header longer than the file is refused")
    func hugeHeader() throws {
        var data = try bytes()
        for index in 12..<16 { data[index] = 0xFF }
        try expectError(data) {
            .wrongSize(path: $0, found: data.count, expected: 16 + Int(UInt32.max))
        }
    }

    @Test("another model's history is refused")
    func anotherModel() throws {
        let other = String(repeating: "c", count: 64)
        try expectError(try bytes(withHeader: json(["modelSHA256": "\"\(other)\""]))) {
            .anotherModel(path: $0, found: other, expected: Self.hash)
        }
    }

    @Test(
        "a header that is not the expected JSON is refused",
        arguments: [
            "", "{", "[]", "{}", "null", "{\"modelSHA256\":1}", "\u{0}",
        ]
    )
    func notJSON(text: String) throws {
        try expectError(try bytes(withHeader: text)) {
            .damagedHeader(path: $0, reason: "not the JSON that `calibrate` writes")
        }
    }

    @Test("a header that is not UTF-8 is refused")
    func notUTF8() throws {
        var data = try bytes()
        data[Self.preamble] = 0xFF
        try expectError(data) {
            .damagedHeader(path: $0, reason: "not the JSON that `calibrate` writes")
        }
    }

    @Test(
        "a number that does not fit is refused",
        arguments: ["1e300", "9223372036854775808", "4.5", "\"4\"", "null"]
    )
    func unfitNumber(text: String) throws {
        try expectError(try bytes(withHeader: json(["positionCount": text]))) {
            .damagedHeader(path: $0, reason: "not the JSON that `calibrate` writes")
        }
    }

    @Test(
        "positions, counts and layers out of range are refused",
        arguments: [
            ["positionCount": "0", "sampleCounts": "[]"],
            ["positionCount": "-1"],
            ["positionCount": "5"],
            ["positionCount": "1048577"],
            ["positionCount": "9223372036854775807"],
            ["positionCount": "-9223372036854775808"],
            ["sampleCounts": "[]"],
            ["sampleCounts": "[9,7,7]"],
            ["sampleCounts": "[9,7,7,-1]"],
            ["skippedLayerCount": "-1"],
            ["skippedLayerCount": "4"],
            ["skippedLayerCount": "9223372036854775807"],
        ]
    )
    func outOfRange(fields: [String: String]) throws {
        try expectError(try bytes(withHeader: json(fields))) {
            .damagedHeader(path: $0, reason: "positions, counts or layers out of range")
        }
    }

    @Test("other layers than the statistics cover are refused")
    func otherLayers() throws {
        let data = try bytes(withHeader: json(["skippedLayerCount": "2"]))
        try expectError(data) {
            .wrongSize(
                path: $0,
                found: data.count,
                expected: data.count - Self.statisticsByteCount / 2
            )
        }
    }

    @Test(
        "a statistic that is negative or not finite is refused, with its block",
        arguments: [Float.nan, .infinity, -.infinity, -1, -.leastNonzeroMagnitude]
    )
    func invalidValue(value: Float) throws {
        // Entries of the covered blocks: 32, 20, 32, 20.
        for (index, layer, block) in [
            (0, 1, "attention"), (31, 1, "attention"), (32, 1, "mlp"), (52, 2, "attention"),
            (84, 2, "mlp"), (103, 2, "mlp"),
        ] {
            var data = try bytes()
            let first = data.count - Self.statisticsByteCount + 4 * index
            for byte in 0..<4 {
                data[first + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * byte))
            }
            try expectError(data) { .invalidValue(path: $0, layer: layer, block: block) }
        }
    }

    // MARK: - The file system

    @Test("a missing file and a folder are unreadable")
    func unreadable() throws {
        try inFolder { folder in
            for url in [folder, folder.appending(component: "missing")] {
                let error = try #require(throws: HistoryFileError.self) {
                    try HistoryFile(contentsOf: url, shape: Self.shape, modelSHA256: Self.hash)
                }
                guard case .unreadable(url.path, let reason) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!reason.isEmpty)
            }
        }
    }

    @Test("an unwritable path is refused and leaves nothing behind")
    func unwritable() throws {
        try inFolder { folder in
            // A file where a folder should be, and a folder where the file should be.
            let file = folder.appending(component: "file")
            try Data([1]).write(to: file)
            let taken = folder.appending(component: "taken")
            try FileManager.default.createDirectory(
                at: taken.appending(component: "inner"),
                withIntermediateDirectories: true
            )
            for url in [file.appending(component: "history"), taken] {
                let error = try #require(throws: HistoryFileError.self) {
                    try makeHistory().write(to: url)
                }
                guard case .unwritable(url.path, let reason) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!reason.isEmpty)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(names.sorted() == ["file", "taken"])
            #expect(try Data(contentsOf: file) == Data([1]))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: taken.path) == ["inner"]
            )
        }
    }

    @Test("errors say where, what was found and what was expected")
    func describesErrors() {
        #expect(
            HistoryFileError.wrongSize(path: "/h", found: 3, expected: 5).description
                == "/h: history of 3 bytes; its header asks for 5"
        )
        #expect(
            HistoryFileError.unsupportedVersion(path: "/h", found: 2, expected: 1).description
                == "/h: history version 2; expected 1; calibrate again"
        )
        #expect(
            HistoryFileError.invalidValue(path: "/h", layer: 2, block: "mlp").description
                == "/h: layer 2 mlp holds a statistic that is negative or not finite"
        )
    }
}
