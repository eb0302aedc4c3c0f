import Foundation
import Testing

@testable import ModelFiles

@Suite("GGUF in parts")
struct GGUFSplitTests {
    /// The parts of the tiny model: metadata and the first tensors, then the others.
    private func parts(_ count: Int = 3) -> [GGUFWriter] {
        let whole = TinyLlama().writer
        let size = (whole.tensors.count + count - 1) / count
        return (0..<count).map { index in
            var part = whole
            if index > 0 { part.metadata = [] }
            part.add("split.no", .raw(2, littleEndian(UInt16(index))))
            part.add("split.count", .raw(2, littleEndian(UInt16(count))))
            part.add("split.tensors.count", .int32(Int32(whole.tensors.count)))
            part.tensors = Array(whole.tensors.dropFirst(index * size).prefix(size))
            return part
        }
    }

    private func name(_ index: Int, of count: Int = 3) -> String {
        "m-0000\(index + 1)-of-0000\(count).gguf"
    }

    /// Writes the parts, and opens the one with the index.
    private func open(_ parts: [GGUFWriter?], _ index: Int = 0) throws -> GGUF {
        try withTemporaryFolder { folder in
            for (index, part) in parts.enumerated() {
                guard let part else { continue }
                try Data(part.bytes).write(to: folder.appending(path: name(index)))
            }
            return try GGUF(path: folder.appending(path: name(index)).path)
        }
    }

    @Test("reads the whole model, whichever part is named", arguments: 0..<3)
    func whole(index: Int) throws {
        var parts = parts()
        let last = parts[2].tensors.count - 1
        let values: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
        parts[2].tensors[last].data = values.flatMap { littleEndian($0.bitPattern) }
        let gguf = try open(parts, index)
        #expect(gguf.files.count == 3)
        #expect(gguf.tensors.map(\.name) == TinyLlama().writer.tensors.map(\.name))
        #expect(Set(gguf.tensors.map(\.part)) == [0, 1, 2])
        #expect(try gguf.row(0, of: "output_norm.weight") == values)
        let file = try ModelFile(gguf)
        #expect(file.config.layerCount == 2)
        #expect(file.tensors.count == gguf.tensors.count)
    }

    @Test("names a part that is missing")
    func missing() {
        var parts: [GGUFWriter?] = parts()
        parts[1] = nil
        let error = #expect(throws: ModelFileError.self) { try open(parts) }
        guard case .missingPart(let path, 2, 3, _) = error else {
            Issue.record("another error: \(error as Any)")
            return
        }
        #expect(path.hasSuffix(name(1)))
    }

    /// Key and part of the error about a foreign part.
    private func foreign(_ change: (inout GGUFWriter) -> Void) -> String? {
        var parts = parts()
        change(&parts[1])
        let error = #expect(throws: ModelFileError.self) { try open(parts) }
        switch error {
        case .badMetadata(let path, let key, _, _): return "\(key) \(path.suffix(13))"
        case .missingMetadata(let path, let key, _): return "\(key) \(path.suffix(13))"
        case .malformed(let path, _, let field, _, _): return "\(field) \(path.suffix(13))"
        default: return nil
        }
    }

    @Test("refuses parts of other models")
    func foreign() {
        let part = "02-of-00003.gguf".suffix(13)
        #expect(foreign { $0.metadata[0].value = .uint32(2) } == "split.no \(part)")
        #expect(foreign { $0.metadata[0].value = .string("1") } == "split.no \(part)")
        #expect(foreign { $0.metadata.remove(at: 0) } == "split.no \(part)")
        #expect(foreign { $0.metadata[1].value = .uint32(4) } == "split.count \(part)")
        #expect(foreign { $0.metadata[2].value = .uint32(4) } == "split.tensors.count \(part)")
        let first = "01-of-00003.gguf".suffix(13)
        #expect(foreign { $0.tensors.removeLast() } == "split.tensors.count \(first)")
        #expect(
            foreign { $0.tensors[0].name = "token_embd.weight" }
                == "tensor token_embd.weight \(part)"
        )
    }

    @Test("refuses a part under another name, or in memory")
    func renamed() throws {
        let part = parts()[0]
        try withTemporaryFolder { folder in
            for name in ["m.gguf", "m-00001-of-00002.gguf", "m-00000-of-00003.gguf"] {
                let url = folder.appending(path: name)
                try Data(part.bytes).write(to: url)
                let error = #expect(throws: ModelFileError.self) { try GGUF(path: url.path) }
                guard case .badMetadata(_, "split.count", _, _) = error else {
                    Issue.record("another error: \(error as Any)")
                    continue
                }
            }
        }
        #expect(throws: ModelFileError.self) { try GGUF(bytes: part.bytes) }
    }
}
