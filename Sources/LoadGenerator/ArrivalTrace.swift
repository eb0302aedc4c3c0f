import Foundation

/// A recorded load: when requests came, and how long their prompts and answers were.
///
/// The format is the one in which Azure published its traces (Splitwise, ISCA 2024): CSV with a
/// header that names `TIMESTAMP`, `ContextTokens` and `GeneratedTokens`, in any order and among
/// others.
public struct ArrivalTrace: Sendable, Equatable {
    /// The requests in the order of arrival, the first at zero.
    public let requests: [PlannedRequest]

    /// Bytes of a file.
    private static let byteLimit = 1 << 30
    /// Bytes of a line.
    private static let lineByteLimit = 4_096
    /// Largest number of tokens.
    private static let tokenLimit = 10_000_000

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: A regular file of at most 1 GiB.
    ///   - limit: Lines after so many requests are not looked at.
    /// - Throws: `LoadError`.
    public init(path: String, limit: Int = .max) throws(LoadError) {
        let url = URL(filePath: path)
        let data: Data
        do {
            let values = try url.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
            guard values.isRegularFile == true, (values.fileSize ?? 0) <= Self.byteLimit else {
                throw CocoaError(.fileReadTooLarge)
            }
            data = try Data(contentsOf: url, options: .mappedIfSafe)
        } catch CocoaError.fileReadTooLarge {
            throw .unreadableTrace(path: path, reason: "not a regular file of at most 1 GiB")
        } catch {
            throw .unreadableTrace(path: path, reason: error.localizedDescription)
        }
        try self.init(data, path: path, limit: limit)
    }

    /// Reads a text; `path` stands in errors.
    init(_ data: Data, path: String, limit: Int = .max) throws(LoadError) {
        var columns: ArrivalTraceColumns?
        var entries: [(time: Int64, prompt: Int, output: Int)] = []
        var number = 0
        var rest = data[...]
        while !rest.isEmpty, entries.count < limit {
            number += 1
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let line = rest[..<(end ?? rest.endIndex)]
            rest = end.map { rest[rest.index(after: $0)...] } ?? rest[rest.endIndex...]
            let fields = try Self.fields(line, path: path, number: number)
            guard fields.contains(where: { !$0.isEmpty }) else { continue }
            guard let known = columns else {
                columns = try ArrivalTraceColumns(header: fields, path: path, line: number)
                continue
            }
            func field(_ column: Int, _ expected: String) throws(LoadError) -> String {
                guard column < fields.count else {
                    throw .malformedTrace(
                        path: path,
                        line: number,
                        expected: "\(expected) in column \(column + 1)",
                        found: "\(fields.count) columns"
                    )
                }
                return fields[column]
            }
            func count(_ column: Int, _ name: String) throws(LoadError) -> Int {
                let text = try field(column, name)
                guard let value = Int(text), 0...Self.tokenLimit ~= value else {
                    throw .malformedTrace(
                        path: path,
                        line: number,
                        expected: "\(name) from 0 to \(Self.tokenLimit)",
                        found: "'\(text.prefix(40))'"
                    )
                }
                return value
            }
            let text = try field(known.timestamp, "TIMESTAMP")
            guard let time = TraceTimestamp(text) else {
                throw .malformedTrace(
                    path: path,
                    line: number,
                    expected: "TIMESTAMP as YYYY-MM-DD hh:mm:ss.fffffff",
                    found: "'\(text.prefix(40))'"
                )
            }
            entries.append(
                (
                    time.nanoseconds, try count(known.prompt, "ContextTokens"),
                    try count(known.output, "GeneratedTokens")
                )
            )
        }
        guard let first = entries.map(\.time).min() else {
            throw .malformedTrace(
                path: path,
                line: max(1, number),
                expected: "a header and at least one request",
                found: "the end"
            )
        }
        // A request without tokens is of no use to anybody; the trace's few such are made of one.
        requests = entries.map { entry in
            PlannedRequest(
                arrival: .nanoseconds(entry.time - first),
                promptTokenCount: max(1, entry.prompt),
                outputTokenCount: max(1, entry.output)
            )
        }.sorted { $0.arrival < $1.arrival }
    }

    /// The same requests with times multiplied by `factor` and lengths cut to the given ones.
    ///
    /// - Parameters:
    ///   - factor: 0.5: twice as fast. Not negative, and finite.
    ///   - maxPromptTokens: At least 1; nil: as recorded.
    ///   - maxOutputTokens: At least 1; nil: as recorded.
    /// - Returns: The requests, in the same order.
    public func scaled(
        by factor: Double,
        maxPromptTokens: Int? = nil,
        maxOutputTokens: Int? = nil
    ) -> [PlannedRequest] {
        requests.map { request in
            PlannedRequest(
                arrival: request.arrival * factor,
                promptTokenCount: min(request.promptTokenCount, maxPromptTokens ?? .max),
                outputTokenCount: min(request.outputTokenCount, maxOutputTokens ?? .max)
            )
        }
    }

    private static func fields(
        _ line: Data.SubSequence,
        path: String,
        number: Int
    ) throws(LoadError) -> [String] {
        guard line.count <= lineByteLimit else {
            throw .malformedTrace(
                path: path,
                line: number,
                expected: "at most \(lineByteLimit) bytes",
                found: "\(line.count)"
            )
        }
        guard var text = String(validating: line, as: UTF8.self) else {
            throw .malformedTrace(path: path, line: number, expected: "UTF-8", found: "other bytes")
        }
        if number == 1, text.first == "\u{FEFF}" { text.removeFirst() }
        return text.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }
}
