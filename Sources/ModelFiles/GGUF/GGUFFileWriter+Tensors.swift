extension GGUFFileWriter.Tensor {
    /// Some rows of a tensor of a file, as they are stored.
    ///
    /// - Parameters:
    ///   - tensor: A matrix, or a vector, which has one row.
    ///   - rows: Which rows, each in `0..<tensor.rowCount`; nil: all.
    ///   - source: Where it lies.
    ///   - name: Its name in the new file; nil: the same.
    public init(
        _ tensor: TensorInfo,
        keepingRows rows: [Int32]? = nil,
        of source: some TensorSource,
        name: String? = nil
    ) {
        self.name = name ?? tensor.name
        type = tensor.type
        dimensions = rows.map { [tensor.columnCount, $0.count] } ?? tensor.dimensions
        let (file, size) = (source.files[tensor.part], tensor.rowByteCount)
        row = { index in
            let stored = rows.map { Int($0[index]) } ?? index
            let start = tensor.offset + stored * size
            return file.bytes(in: start..<start + size)
        }
    }

    /// Some columns of a matrix, as floats: of 32 bits where the file has such or bfloat16, else of 16.
    ///
    /// Blocks of quantised numbers run along the columns, so they cannot be taken apart; half precision
    /// rounds them far less than their quantisation did.
    ///
    /// - Parameters:
    ///   - tensor: A matrix whose type can be decoded.
    ///   - columns: Which columns, each in `0..<tensor.columnCount`; nil writes zeros.
    ///   - source: Where it lies.
    public init(
        _ tensor: TensorInfo,
        keepingColumns columns: [Int32?],
        of source: some TensorSource
    ) {
        name = tensor.name
        dimensions = [columns.count, tensor.rowCount]
        let isHalf = ![F32Format.type, BF16Format.type].contains(tensor.type)
        type = isHalf ? F16Format.type : F32Format.type
        row = { (index) throws(ModelFileError) in
            var values = [Float](repeating: 0, count: tensor.columnCount)
            var span = values.mutableSpan
            try source.copyRow(index, of: tensor, into: &span)
            let kept = columns.map { $0.map { values[Int($0)] } ?? 0 }
            return isHalf ? kept.halfBytes : kept.bytes
        }
    }

    /// A vector of floats.
    public init(name: String, values: [Float]) {
        self.name = name
        dimensions = [values.count]
        type = F32Format.type
        row = { _ in values.bytes }
    }
}

extension [Float] {
    /// Little-endian 32-bit floats.
    fileprivate var bytes: [UInt8] {
        flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    /// Little-endian 16-bit floats, rounded to nearest.
    fileprivate var halfBytes: [UInt8] {
        flatMap { value in
            let bits = Float16(value).bitPattern
            return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
        }
    }
}
