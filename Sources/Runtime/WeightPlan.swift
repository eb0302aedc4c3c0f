public import Kernels
public import ModelFiles

/// How the matrices of a model are stored in memory at one choice of weights.
///
/// With int4, the embedding and the head stay int8, for they touch every token, and so do `o` and
/// `down`: a file's 4-bit blocks run across their channels, so that storing them by channel rounds
/// them a second time.
public struct WeightPlan: Sendable {
    /// The choice.
    public let weights: WeightFormat

    /// The plan of a choice.
    public init(_ weights: WeightFormat) {
        self.weights = weights
    }

    /// The format of one matrix.
    ///
    /// - Parameter name: Its canonical name, such as `blk.3.attn_q.weight`.
    /// - Returns: How it is stored.
    public func format(of name: String) -> WeightFormat {
        let isFine = !name.hasPrefix("blk.") || Self.isTransposed(name)
        return weights == .int4 && isFine ? .int8 : weights
    }

    /// How keys and values are cached.
    ///
    /// bf16 beside whole numbers, which round more. Beside bf16 weights it moved the likelihood of a
    /// window by 0.0023, and bf16 may cost 0.002.
    public var cacheFormat: KVFormat {
        switch weights {
        case .f32, .bf16: .f32
        case .int8, .int4: .bf16
        }
    }

    /// Whether a matrix is stored `[channels, hidden]`, so that a channel is a contiguous row.
    static func isTransposed(_ name: String) -> Bool {
        name.hasSuffix(".attn_output.weight") || name.hasSuffix(".ffn_down.weight")
    }

    /// Bytes that the matrices of a file take in memory.
    public func byteCount(of file: ModelFile) -> Int {
        file.tensors.reduce(0) { $0 + ($1.dimensions.count == 2 ? byteCount(of: $1) : 0) }
    }

    private func byteCount(of tensor: TensorInfo) -> Int {
        let isTransposed = Self.isTransposed(tensor.name)
        let (inputs, outputs) = (tensor.dimensions[0], tensor.dimensions[1])
        return WeightMatrix.byteCount(
            format: format(of: tensor.name),
            rowCount: isTransposed ? inputs : outputs,
            columnCount: isTransposed ? outputs : inputs,
            outputCount: outputs
        )
    }
}
