import Foundation
import Testing

@testable import LoadGenerator

@Suite("ArrivalTrace")
struct ArrivalTraceTests {
    private func read(_ text: String, limit: Int = .max) throws -> ArrivalTrace {
        try ArrivalTrace(Data(text.utf8), path: "t.csv", limit: limit)
    }

    private static let header = "TIMESTAMP,ContextTokens,GeneratedTokens\n"

    @Test("arrivals count from the first, to the nanosecond, across midnight and a leap day")
    func times() throws {
        let trace = try read(
            Self.header
                + "2024-02-28 23:59:59.9999999,374,44\n2024-02-29 00:00:00.0000001,396,109\n"
                + "2024-03-01T00:00:00,8,0\n"
        )
        #expect(
            trace.requests == [
                PlannedRequest(arrival: .zero, promptTokenCount: 374, outputTokenCount: 44),
                PlannedRequest(
                    arrival: .nanoseconds(200),
                    promptTokenCount: 396,
                    outputTokenCount: 109
                ),
                PlannedRequest(
                    arrival: .seconds(86_400) + .nanoseconds(100),
                    promptTokenCount: 8,
                    outputTokenCount: 1
                ),
            ]
        )
    }

    @Test("columns in another order, others among them, CRLF, blank lines, a byte-order mark")
    func dialects() throws {
        let trace = try read(
            "\u{FEFF}id,generatedtokens,TIMESTAMP,ContextTokens\r\n\r\n"
                + "x,5,2023-11-16 18:15:46.68,7\r\n"
        )
        #expect(trace.requests == [PlannedRequest(promptTokenCount: 7, outputTokenCount: 5)])
    }

    @Test("requests come in the order of time, whatever the order of lines")
    func sorts() throws {
        let trace = try read(
            Self.header + "2023-11-16 00:00:02,2,1\n2023-11-16 00:00:01,1,1"
        )
        #expect(trace.requests.map(\.promptTokenCount) == [1, 2])
        #expect(trace.requests.map(\.arrival) == [.zero, .seconds(1)])
    }

    @Test("lines after the limit are not looked at")
    func limit() throws {
        let trace = try read(Self.header + "2023-11-16 00:00:02,2,1\nnonsense\n", limit: 1)
        #expect(trace.requests.count == 1)
    }

    @Test("scaling stretches time and cuts lengths")
    func scales() throws {
        let trace = try read(
            Self.header + "2023-11-16 00:00:00,10,20\n2023-11-16 00:00:04,1000,2000\n"
        )
        let scaled = trace.scaled(by: 0.25, maxPromptTokens: 100, maxOutputTokens: 50)
        #expect(scaled.map(\.arrival) == [.zero, .seconds(1)])
        #expect(scaled.map(\.promptTokenCount) == [10, 100])
        #expect(scaled.map(\.outputTokenCount) == [20, 50])
    }

    @Test(
        "a hostile line is refused with its number",
        arguments: [
            ("2023-11-16 18:15:46,1", 2), ("2023-11-16 18:15:46,-1,2", 2),
            ("2023-11-16 18:15:46,99999999999999999999,2", 2), ("2023-11-16 18:15:46,1,2e3", 2),
            ("2023-02-29 18:15:46,1,2", 2), ("2023-13-01 18:15:46,1,2", 2),
            ("2023-00-01 18:15:46,1,2", 2), ("2023-11-16 24:15:46,1,2", 2),
            ("2023-11-16 18:15:46.,1,2", 2), ("2023-11-16 18:15:46.1234567890,1,2", 2),
            ("9999-11-16 18:15:46,1,2", 2), ("٢٠٢٣-11-16 18:15:46,1,2", 2), (",,x", 2),
            ("2023-11-16 18:15:46,1,2\n\u{0},1,2", 3),
        ]
    )
    func hostileLines(line: String, number: Int) {
        #expect {
            try read(Self.header + line + "\n")
        } throws: { error in
            guard case LoadError.malformedTrace("t.csv", number, _, _) = error else { return false }
            return !"\(error)".contains(where: \.isNewline)
        }
    }

    @Test("no header, no request, bytes that are not UTF-8, an endless line: each is refused")
    func hostileFiles() {
        let files: [[UInt8]] = [
            [], Array("a,b,c\n1,2,3\n".utf8), Array(Self.header.utf8),
            Array(Self.header.utf8) + [0xff, 0xfe, 0x2c],
            [UInt8](repeating: UInt8(ascii: "9"), count: 100_000),
        ]
        for file in files {
            #expect(throws: LoadError.self) {
                try ArrivalTrace(Data(file), path: "t.csv")
            }
        }
    }

    @Test("a folder, a device and a missing file cannot be read")
    func unreadable() {
        for path in ["/tmp", "/dev/zero", "/nowhere/at/all.csv"] {
            #expect {
                try ArrivalTrace(path: path)
            } throws: { error in
                if case LoadError.unreadableTrace(path, _) = error { true } else { false }
            }
        }
    }
}
