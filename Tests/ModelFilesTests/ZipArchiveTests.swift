import Foundation
import Testing

@testable import ModelFiles

@Suite("ZipArchive")
struct ZipArchiveTests {
    /// More than one step of inflation, and compressible.
    private static let contents = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    private func extract(
        _ bytes: [UInt8],
        _ name: String = "a/model",
        byteCount: Int = contents.count
    ) throws -> [UInt8] {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "out")
            var output = try OutputFile(appendingTo: url.path)
            let archive = try ZipArchive(MappedFile(bytes: bytes, name: "z"))
            try archive.extract(name, byteCount: byteCount, to: &output)
            return Array(try Data(contentsOf: url))
        }
    }

    private func archive(deflated: Bool = true, _ change: (inout ZipWriter) -> Void = { _ in })
        -> [UInt8]
    {
        var writer = ZipWriter()
        writer.members = [
            .init(name: "../../escape", contents: [1, 2, 3]),
            .init(name: "a/model", contents: Self.contents, isDeflated: deflated),
        ]
        change(&writer)
        return writer.bytes
    }

    /// The field of the error that the bytes give.
    private func field(
        _ bytes: [UInt8],
        byteCount: Int = contents.count,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> String? {
        let error = #expect(throws: ModelFileError.self, sourceLocation: sourceLocation) {
            try extract(bytes, byteCount: byteCount)
        }
        guard case .malformed("z", _, let field, _, _) = error else { return nil }
        return field
    }

    @Test("takes out a member, stored or deflated", arguments: [true, false])
    func extracts(deflated: Bool) throws {
        #expect(try extract(archive(deflated: deflated)) == Self.contents)
    }

    @Test("takes out an empty member", arguments: [true, false])
    func extractsNothing(deflated: Bool) throws {
        let bytes = archive(deflated: deflated) { $0.members[1].contents = [] }
        #expect(try extract(bytes, byteCount: 0) == [])
    }

    @Test("finds the directory before a comment, even one that holds a signature")
    func comment() throws {
        let bytes = archive { $0.comment = littleEndian(UInt32(0x0605_4b50)) + [1, 2, 3] }
        #expect(try extract(bytes) == Self.contents)
    }

    @Test("never makes a path of a member's name")
    func pathTricks() throws {
        let contents = try extract(archive(), "../../escape", byteCount: 3)
        #expect(contents == [1, 2, 3])
    }

    @Test("names a member that is missing")
    func missing() {
        #expect(throws: ModelFileError.self) { try extract(archive(), "a/other") }
        let error = #expect(throws: ModelFileError.self) { try extract(archive(), "a/other") }
        #expect(error?.description.contains("expected a/other, found 2 other members") == true)
    }

    @Test("refuses files that are no zip, and every cut", .tags(.property))
    func cuts() {
        #expect(field([]) == "zip end record")
        #expect(field([UInt8](repeating: 7, count: 70_000)) == "zip end record")
        let bytes = archive { $0.members[1].contents = Array(repeating: 5, count: 40) }
        for length in 0..<bytes.count {
            #expect(throws: ModelFileError.self) {
                try extract(Array(bytes[..<length]), byteCount: 40)
            }
        }
    }

    @Test("refuses an end record whose numbers do not fit")
    func endRecord() {
        #expect(field(archive { $0.endPatches = [4: [1]] }) == "zip end record: disk numbers")
        #expect(
            field(archive { $0.endPatches = [8: [9]] })
                == "zip end record: member count on this disk"
        )
        let tooMany = archive { $0.endPatches = [8: [3, 0, 3, 0]] }
        #expect(field(tooMany) == "zip member 2: signature")
        #expect(field(archive { $0.endPatches = [8: [1, 0, 1, 0]] }) == "zip directory")
        for offset in [12, 16] {
            let absurd = archive { $0.endPatches = [offset: [255, 255, 255, 255]] }
            #expect(field(absurd) == "zip end record: directory offset")
        }
    }

    @Test("refuses a directory entry that is damaged")
    func directory() {
        func patched(_ offset: Int, _ bytes: [UInt8]) -> String? {
            field(archive { $0.members[1].patches = [offset: bytes] })
        }
        #expect(patched(0, [0]) == "zip member 1: signature")
        #expect(patched(8, [1]) == "zip member 1: flags")
        #expect(patched(10, [12]) == "zip member 1: method")
        #expect(patched(28, [255, 255]) == "zip member 1: sizes")
        #expect(patched(30, [255, 255]) == "zip member 1: sizes")
        #expect(patched(46, [0xff]) == "zip member 1: name")
        #expect(patched(42, [255, 255, 255, 255]) == "zip a/model: record")
        #expect(patched(42, [0]) == "zip a/model: method")
        #expect(patched(20, [255, 255, 255, 255]) == "zip a/model: data")
        #expect(patched(24, [255, 255, 255, 255]) == "zip size of a/model")
        let stored = archive(deflated: false) { $0.members[1].patches = [20: [1]] }
        #expect(field(stored) == "zip member 1: compressed size")
        #expect(field(archive { $0.members[0].name = "a/model" }) == "zip member 1: name")
    }

    @Test("refuses a local header that contradicts the directory")
    func localHeader() {
        func patched(_ offset: Int, _ bytes: [UInt8]) -> String? {
            field(archive { $0.members[1].localPatches = [offset: bytes] })
        }
        #expect(patched(0, [0]) == "zip a/model: signature")
        #expect(patched(8, [0]) == "zip a/model: method")
        #expect(patched(28, [255, 255]) == "zip a/model: data")
        #expect(patched(30, [0x62]) == "zip a/model: name")
    }

    @Test("refuses data that inflates to more than it claims, without inflating it all")
    func bomb() {
        let claim = littleEndian(UInt32(10))
        let bytes = archive { $0.members[1].patches = [24: claim] }
        #expect(field(bytes, byteCount: 10) == "zip data of a/model")
    }

    @Test("refuses data that is cut, followed by more, or no deflate stream")
    func data() {
        #expect(field(archive { $0.members[1].data = [0xff, 0xff] }) == "zip data of a/model")
        #expect(field(archive { $0.members[1].data = [] }) == "zip data of a/model")
        // An empty final block, and a byte too much.
        let empty = archive {
            $0.members[1].contents = []
            $0.members[1].data = [3, 0, 9]
        }
        #expect(field(empty, byteCount: 0) == "zip data of a/model")
    }

    @Test("compares the checksum")
    func checksum() {
        for deflated in [true, false] {
            let error = #expect(throws: ModelFileError.self) {
                try extract(
                    archive(deflated: deflated) { $0.members[1].patches = [16: [0, 0, 0, 0]] }
                )
            }
            guard case .checksumMismatch("z: a/model", "CRC-32", "0", _) = error else {
                Issue.record("another error: \(error as Any)")
                continue
            }
        }
    }

    @Test(
        "says so when the disk is full",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))
    )
    func fullDisk() throws {
        var output = try OutputFile(appendingTo: "/dev/full")
        let archive = try ZipArchive(MappedFile(bytes: archive(), name: "z"))
        let error = #expect(throws: ModelFileError.self) {
            try archive.extract("a/model", byteCount: Self.contents.count, to: &output)
        }
        guard case .diskFull("/dev/full", _, nil) = error else {
            Issue.record("another error: \(error as Any)")
            return
        }
    }
}
