/// Reads the input as a GGUF file, and uses everything that was found in it.
///
/// What is refused must be refused with an error that fits one line; what is accepted must be
/// readable throughout.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: the fuzzer lends `count` bytes for the duration of the call; they are copied.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ModelFileError) {
        let gguf = try GGUF(bytes: bytes)
        try readAllTensors(of: gguf)
        let file = try ModelFile(gguf)
        try readAllTensors(of: file)
        let config = file.config
        precondition(config.headCount % config.kvHeadCount == 0)
        precondition(config.vocabularySize * config.hiddenSize > 0)
    } catch {
        precondition(!error.description.isEmpty && !error.description.contains("\n"))
    }
    return 0
}

private func readAllTensors(of gguf: some TensorSource) throws(ModelFileError) {
    for tensor in gguf.tensors where tensor.type.isDecodable {
        precondition(gguf.tensor(named: tensor.name) == tensor)
        var row = [Float](repeating: 0, count: tensor.columnCount)
        // The first and the last row touch both ends of the data.
        for index in Set([0, tensor.rowCount - 1]) {
            var span = row.mutableSpan
            try gguf.copyRow(index, of: tensor, into: &span)
        }
    }
}
