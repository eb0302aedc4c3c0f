import Foundation

/// Writes the seeds of the corpus to the folder in the first argument.
@main
struct Seeds {
    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1])
        for (name, writer) in all {
            try Data(writer.bytes).write(to: folder.appending(path: name))
        }
    }

    private static var all: [(String, GGUFWriter)] {
        [
            ("empty", GGUFWriter()), ("values", values), ("formats", formats),
            ("llama", TinyLlama().writer), ("version-2", versionTwo),
        ]
    }

    private static var values: GGUFWriter {
        var writer = GGUFWriter()
        writer.add("general.alignment", .uint32(64))
        writer.alignment = 64
        writer.add("float", .float64(1))
        writer.add("strings", .strings(["a", "bc", "ä"]))
        for type in UInt32(0)...12 where type != 8 && type != 9 {
            let one = littleEndian(UInt64(1))
            writer.add("scalar-\(type)", .raw(type, Array(one.prefix(sizes[Int(type)]))))
            let array = littleEndian(type) + littleEndian(UInt64(1)) + one.prefix(sizes[Int(type)])
            writer.add("array-\(type)", .raw(9, array))
            writer.add("nested-\(type)", .raw(9, littleEndian(UInt32(9)) + one + array))
        }
        return writer
    }

    private static let sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]

    private static var formats: GGUFWriter {
        var writer = GGUFWriter()
        let blocks: [(UInt32, Int)] = [
            (0, 128), (1, 64), (2, 18), (3, 20), (6, 22), (7, 24), (8, 34), (10, 84), (11, 110),
            (12, 144), (13, 176), (14, 210), (15, 292), (20, 18), (23, 136), (30, 64),
        ]
        let wide = 10...15
        for (type, size) in blocks {
            writer.addTensor(
                "t\(type)",
                [wide.contains(Int(type)) || type == 23 ? 256 : 32, 2],
                type: type,
                data: [UInt8](repeating: 0x3c, count: size * 2)
            )
        }
        return writer
    }

    private static var versionTwo: GGUFWriter {
        var writer = TinyLlama().writer
        writer.version = 2
        writer.addTensor("output.weight", [8, 5])
        return writer
    }
}
