/// Writes safetensors files, sound and unsound ones.
///
/// It stands on its own, without `import ModelFiles`, because the fuzz target writes its seeds with
/// it too.
struct SafetensorsWriter {
    /// Rows of the header: name and JSON.
    var entries: [(name: String, json: String)] = []
    var data: [UInt8] = []
    /// Nil: the true length.
    var headerLength: UInt64?

    mutating func add(
        _ name: String,
        _ shape: [Int],
        type: String = "F32",
        data bytes: [UInt8]? = nil
    ) {
        let bytes = bytes ?? [UInt8](repeating: 0, count: shape.reduce(4, *))
        let offsets = [data.count, data.count + bytes.count]
        data += bytes
        addEntry(name, #"{"dtype": "\#(type)", "shape": \#(shape), "data_offsets": \#(offsets)}"#)
    }

    mutating func addEntry(_ name: String, _ json: String) {
        entries.append((name, json))
    }

    var bytes: [UInt8] {
        let rows = [#""__metadata__": {"format": "pt"}"#] + entries.map { "\"\($0)\": \($1)" }
        let header = Array("{\(rows.joined(separator: ", "))}".utf8)
        return littleEndian(headerLength ?? UInt64(header.count)) + header + data
    }
}
