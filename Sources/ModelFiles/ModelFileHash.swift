import Crypto

/// The SHA-256 of a file, as 64 lower-case hexadecimal digits.
///
/// - Throws: `ModelFileError` when the file cannot be read.
public func modelSHA256(_ path: String) throws(ModelFileError) -> String {
    let file = try MappedFile(path: path)
    file.adviseSequential()
    defer { file.release() }
    var hash = SHA256()
    let step = 1 << 20
    for start in stride(from: 0, to: file.count, by: step) {
        let part = start..<min(start + step, file.count)
        hash.update(data: file.bytes(in: part))
    }
    return hexadecimal(hash.finalize())
}

/// The bytes of a digest as lower-case hexadecimal digits.
func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}
