import Crypto

/// The SHA-256 of a file, as 64 lower-case hexadecimal digits.
///
/// - Throws: `ModelFileError` when the file cannot be read.
public func modelSHA256(_ path: String) throws(ModelFileError) -> String {
    sha256(of: try MappedFile(path: path))
}

/// The SHA-256 of a model in one file or several, as 64 lower-case hexadecimal digits.
///
/// One file has its own hash; several have the hash of their hashes' digits, in order.
///
/// - Parameter files: As `ModelFile.files`.
/// - Returns: The digits.
public func modelSHA256(_ files: [MappedFile]) -> String {
    let hashes = files.map(sha256(of:))
    guard hashes.count != 1 else { return hashes[0] }
    return hexadecimal(SHA256.hash(data: Array(hashes.joined().utf8)))
}

private func sha256(of file: MappedFile) -> String {
    file.adviseSequential()
    defer { file.release() }
    var hash = SHA256()
    let step = 1 << 20
    for start in stride(from: 0, to: file.count, by: step) {
        let part = start..<min(start + step, file.count)
        hash.update(data: file.bytes(in: part))
        // Page by page or all at once, reading costs the same; memory does not.
        file.release()
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
