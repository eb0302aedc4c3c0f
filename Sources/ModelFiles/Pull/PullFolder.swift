import Foundation

/// The folder that files are pulled into.
struct PullFolder: Sendable {
    let url: URL
    var freeSpace: @Sendable (URL) -> Int? = PullFolder.freeSpace

    /// Makes the folder, unless it exists.
    func create() throws(ModelFileError) {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .system(
                operation: "create the folder",
                path: url.path,
                code: errnoCode(of: error)
            )
        }
    }

    /// Asks for room on the disk.
    func checkSpace(for needed: Int) throws(ModelFileError) {
        guard let available = freeSpace(url), available < needed else { return }
        throw .diskFull(path: url.path, needed: needed, available: available)
    }

    static func freeSpace(_ folder: URL) -> Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }

    /// Checks a file's hash, and removes the file when it is wrong.
    static func checkHash(of path: String, _ expected: String) throws(ModelFileError) {
        do {
            try check(try modelSHA256(path), expected, of: path)
        } catch {
            remove(path)
            throw error
        }
    }

    /// Compares two hashes.
    static func check(
        _ found: String,
        _ expected: String,
        of path: String
    ) throws(ModelFileError) {
        guard found != expected else { return }
        throw .checksumMismatch(
            path: path,
            algorithm: "SHA-256",
            expected: expected,
            found: found
        )
    }

    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}
