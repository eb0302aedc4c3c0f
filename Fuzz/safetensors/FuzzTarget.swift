import JSONText

/// Reads the input as a safetensors file and as a JSON description, and uses everything that was
/// found in it.
///
/// What is refused must be refused with an error that fits one line; what is accepted must be
/// readable throughout.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: the fuzzer lends `count` bytes for the duration of the call; they are copied.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ModelFileError) {
        try readAllTensors(of: SafetensorsFile(bytes: bytes))
    } catch {
        precondition(!error.description.contains("\n"))
    }
    do throws(ModelFileError) {
        let value = try JSONReader.read(bytes, path: "memory")
        let keys = HuggingFaceKeys(path: "memory", object: value)
        let config = try ModelConfig(keys, generation: keys, tokenizer: keys, path: "memory")
        precondition(config.headCount % config.kvHeadCount == 0)
        precondition(config.layerAttention.count == config.layerCount)
        for layer in config.layerAttention {
            let pairs = layer.rotary.map { $0.dimensionCount / 2 }
            precondition(layer.rotary?.inverseFrequencies.count == pairs)
        }
    } catch {
        precondition(!error.description.contains("\n"))
    }
    return 0
}

private func readAllTensors(of file: SafetensorsFile) throws(ModelFileError) {
    for tensor in file.tensors where tensor.type.isDecodable {
        precondition(file.tensor(named: tensor.name) == tensor)
        var row = [Float](repeating: 0, count: tensor.columnCount)
        // The first and the last row touch both ends of the data.
        for index in Set([0, tensor.rowCount - 1]) {
            var span = row.mutableSpan
            try file.copyRow(index, of: tensor, into: &span)
        }
    }
}
