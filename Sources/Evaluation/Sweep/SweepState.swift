public import Foundation

/// What a sweep has measured so far, in a file that survives an interruption.
///
/// JSON lines: a header that says what was swept, then one record a line, each appended by one write and
/// forced to the disk. A last line that was cut short is dropped when the sweep resumes.
public final class SweepState {
    /// What must not change between the parts of a sweep.
    public struct Header: Codable, Sendable, Equatable {
        /// Version of the file.
        public var version = 1
        /// SHA-256 of the model.
        public var modelSHA256: String
        /// Storage of the weights, threads, instruction set, probe and history: what else decides.
        public var settings: [String: String]

        /// A header.
        public init(modelSHA256: String, settings: [String: String]) {
            self.modelSHA256 = modelSHA256
            self.settings = settings
        }
    }

    /// Everything measured, in the order of measuring.
    public private(set) var records: [SweepRecord] = []
    private let file: FileHandle
    private let path: String
    private var done: Set<Key> = []

    private struct Key: Hashable {
        let cell: SweepCell
        let run: SweepRun
        let index: Int

        init(cell: SweepCell, run: SweepRun, index: Int) {
            self.cell = cell
            self.run = run
            self.index = index
        }

        init(_ record: SweepRecord) {
            self.init(cell: record.cell, run: record.run, index: record.index)
        }
    }

    /// Opens a state file, or makes one.
    ///
    /// - Parameters:
    ///   - url: The file.
    ///   - header: What is swept now.
    /// - Throws: `EvaluationError.sweepState` when the file is of another sweep, is damaged before its
    ///   last line, or cannot be written.
    public init(url: URL, header: Header) throws(EvaluationError) {
        path = url.path
        let manager = FileManager.default
        var kept = 0
        if manager.fileExists(atPath: url.path) {
            let data: Data
            do { data = try Data(contentsOf: url) } catch {
                throw .sweepState(
                    path: url.path,
                    reason: "cannot read: \(error.localizedDescription)"
                )
            }
            (records, kept) = try Self.read(data, path: url.path, header: header)
        } else {
            guard manager.createFile(atPath: url.path, contents: nil) else {
                throw .sweepState(path: url.path, reason: "cannot be made")
            }
        }
        do {
            file = try FileHandle(forUpdating: url)
            try file.truncate(atOffset: UInt64(kept))
            try file.seekToEnd()
        } catch {
            throw .sweepState(
                path: url.path,
                reason: "cannot write: \(error.localizedDescription)"
            )
        }
        for record in records { done.insert(Key(record)) }
        if kept == 0 { try write(header) }
    }

    /// Whether a batch of a run has been measured.
    public func contains(_ cell: SweepCell, _ run: SweepRun, _ index: Int) -> Bool {
        done.contains(Key(cell: cell, run: run, index: index))
    }

    /// Adds a record and forces it to the disk.
    ///
    /// - Throws: `EvaluationError.sweepState` when the disk refuses.
    public func append(_ record: SweepRecord) throws(EvaluationError) {
        try write(record)
        records.append(record)
        done.insert(Key(record))
    }

    private func write(_ value: some Encodable) throws(EvaluationError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try file.write(contentsOf: try encoder.encode(value) + Data("\n".utf8))
            try file.synchronize()
        } catch {
            throw .sweepState(path: path, reason: "cannot write: \(error.localizedDescription)")
        }
    }

    private static func read(
        _ data: Data,
        path: String,
        header: Header
    ) throws(EvaluationError) -> ([SweepRecord], Int) {
        var records: [SweepRecord] = []
        var (kept, number) = (0, 0)
        let decoder = JSONDecoder()
        while let end = data[(data.startIndex + kept)...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = data[(data.startIndex + kept)..<end]
            number += 1
            if number == 1 {
                guard let found = try? decoder.decode(Header.self, from: line) else {
                    throw .sweepState(path: path, reason: "not the state of a sweep")
                }
                guard found == header else {
                    throw .sweepState(path: path, reason: Self.difference(found, header))
                }
            } else if let record = try? decoder.decode(SweepRecord.self, from: line) {
                records.append(record)
            } else {
                throw .sweepState(path: path, reason: "line \(number) is damaged")
            }
            kept = end - data.startIndex + 1
        }
        return (records, kept)
    }

    private static func difference(_ found: Header, _ expected: Header) -> String {
        guard found.modelSHA256 == expected.modelSHA256 else { return "of another model" }
        for (name, value) in expected.settings.sorted(by: { $0.key < $1.key })
        where found.settings[name] != value {
            return "begun with \(name) \(found.settings[name] ?? "unknown"), not \(value); "
                + "use another output folder"
        }
        return "of another version or other settings; use another output folder"
    }
}
