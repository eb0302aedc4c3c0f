/// How the numbers of a tensor are stored: blocks of `blockSize` numbers in `blockByteCount` bytes.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
    /// The number that stands for the type in a file.
    public let code: UInt32

    /// The name that ggml gives it, such as `Q4_1`.
    public let description: String

    /// Numbers in one block.
    public let blockSize: Int

    /// Bytes of one block.
    public let blockByteCount: Int

    init(_ code: UInt32, _ name: String, blockSize: Int, blockByteCount: Int) {
        self.code = code
        description = name
        self.blockSize = blockSize
        self.blockByteCount = blockByteCount
    }

    /// The type that `code` stands for, or nil when no type does whose size is known.
    init?(code: UInt32) {
        guard let type = Self.byCode[code] else { return nil }
        self = type
    }

    /// Whether `GGUF.copyRow` can turn the blocks into floats.
    public var isDecodable: Bool { format != nil }

    /// The decoder.
    var format: (any BlockFormat.Type)? { Self.formats[code] }

    /// Names of all types that can be decoded, by code.
    static var decodable: [String] {
        formats.values.map { $0.type }.sorted { $0.code < $1.code }.map(\.description)
    }

    /// To support another format, write its `BlockFormat` and name it here.
    private static let formats: [UInt32: any BlockFormat.Type] = {
        let all: [any BlockFormat.Type] = [
            F32Format.self, F16Format.self, BF16Format.self,
            Q4_0Format.self, Q4_1Format.self, Q5_0Format.self, Q5_1Format.self, Q8_0Format.self,
            Q2_KFormat.self, Q3_KFormat.self, Q4_KFormat.self, Q5_KFormat.self, Q6_KFormat.self,
            Q8_KFormat.self, IQ4_NLFormat.self, IQ4_XSFormat.self,
        ]
        return Dictionary(uniqueKeysWithValues: all.map { ($0.type.code, $0) })
    }()

    private static let byCode: [UInt32: TensorType] = {
        let all = formats.values.map { $0.type } + undecodable
        return Dictionary(uniqueKeysWithValues: all.map { ($0.code, $0) })
    }()

    /// Known in size only, so that an error can name the type instead of calling the file damaged.
    private static let undecodable = [
        TensorType(16, "IQ2_XXS", blockSize: 256, blockByteCount: 66),
        TensorType(17, "IQ2_XS", blockSize: 256, blockByteCount: 74),
        TensorType(18, "IQ3_XXS", blockSize: 256, blockByteCount: 98),
        TensorType(19, "IQ1_S", blockSize: 256, blockByteCount: 50),
        TensorType(21, "IQ3_S", blockSize: 256, blockByteCount: 110),
        TensorType(22, "IQ2_S", blockSize: 256, blockByteCount: 82),
        TensorType(24, "I8", blockSize: 1, blockByteCount: 1),
        TensorType(25, "I16", blockSize: 1, blockByteCount: 2),
        TensorType(26, "I32", blockSize: 1, blockByteCount: 4),
        TensorType(27, "I64", blockSize: 1, blockByteCount: 8),
        TensorType(28, "F64", blockSize: 1, blockByteCount: 8),
        TensorType(29, "IQ1_M", blockSize: 256, blockByteCount: 56),
    ]
}
