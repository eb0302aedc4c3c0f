import Foundation
import Testing

@testable import ModelFiles

@Suite("MappedFile")
struct MappedFileTests {
    @Test("loads little-endian integers at any offset")
    func loads() {
        let file = MappedFile(bytes: [1, 2, 3, 4, 5, 6, 7, 8, 9], name: "numbers")
        #expect(file.load(UInt8.self, at: 8) == 9)
        #expect(file.load(UInt16.self, at: 1) == 0x0302)
        #expect(file.load(UInt32.self, at: 5) == 0x0908_0706)
        #expect(file.load(UInt64.self, at: 1) == 0x0908_0706_0504_0302)
    }

    @Test(
        "refuses loads that do not lie inside the file",
        arguments: [-1, 2, 3, 9, .max, .max - 2, .min]
    )
    func refuses(offset: Int) {
        let file = MappedFile(bytes: [1, 2, 3], name: "three")
        #expect(file.load(UInt16.self, at: offset) == nil)
        #expect(file.loadArray(UInt16.self, count: 1, at: offset) == nil)
    }

    @Test("refuses array counts that overflow or exceed the file")
    func refusesArrays() {
        let file = MappedFile(bytes: [1, 2, 3, 4], name: "four")
        #expect(file.loadArray(UInt64.self, count: .max, at: 0) == nil)
        #expect(file.loadArray(UInt16.self, count: 3, at: 0) == nil)
        #expect(file.loadArray(UInt16.self, count: -1, at: 0) == nil)
        #expect(file.loadArray(UInt16.self, count: 2, at: 0) == [0x0201, 0x0403])
        #expect(file.loadArray(UInt16.self, count: 0, at: 4) == [])
    }

    @Test("maps a file, and reads it again after its pages were released")
    func maps() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "file")
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
            try Data(bytes).write(to: url)
            let file = try MappedFile(path: url.path)
            file.adviseSequential()
            #expect(file.count == 100_000)
            #expect(file.bytes(in: 0..<100_000) == bytes)
            file.release()
            #expect(file.bytes(in: 99_990..<100_000) == Array(bytes.suffix(10)))
            #expect(file.withBytes(in: 5..<8) { $0.byteCount } == 3)
        }
    }

    @Test("maps an empty file")
    func mapsNothing() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "empty")
            try Data().write(to: url)
            let file = try MappedFile(path: url.path)
            file.release()
            #expect(file.count == 0)
            #expect(file.load(UInt8.self, at: 0) == nil)
            #expect(file.bytes(in: 0..<0) == [])
        }
    }

    @Test("hashes one file as others do, and several in their order")
    func hashes() {
        let files = ["abc", ""].map { MappedFile(bytes: Array($0.utf8), name: "m") }
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(modelSHA256([files[0]]) == abc)
        #expect(modelSHA256([files[1]]) == empty)
        let both = modelSHA256([MappedFile(bytes: Array((abc + empty).utf8), name: "m")])
        #expect(modelSHA256(files) == both)
        #expect(modelSHA256(files.reversed()) != both)
    }

    @Test("says why a file cannot be opened")
    func opens() throws {
        #expect(
            throws: ModelFileError.system(operation: "open", path: "/nowhere", code: ENOENT)
        ) {
            try MappedFile(path: "/nowhere")
        }
        #expect(throws: ModelFileError.notRegularFile(path: "/dev/null")) {
            try MappedFile(path: "/dev/null")
        }
    }
}

/// Runs `body` with a folder of its own, which is gone afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}

/// Runs `body` with a folder of its own, which is gone afterwards.
func withTemporaryFolder<Result: Sendable>(
    _ body: (URL) async throws -> Result
) async throws -> Result {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

private func makeTemporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "ModelFilesTests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
}
