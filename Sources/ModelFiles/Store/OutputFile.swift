import Foundation

/// A file that is written from front to back.
struct OutputFile: ~Copyable {
    let path: String

    /// Bytes in the file so far.
    private(set) var count: Int

    private let handle: FileHandle

    /// Opens a file for writing behind what it already holds; creates it when there is none.
    init(appendingTo path: String) throws(ModelFileError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .system(operation: "create", path: path, code: errno)
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let end: UInt64
        do {
            end = try handle.seekToEnd()
        } catch {
            throw Self.translate(error, path: path, needed: 0)
        }
        self.path = path
        self.handle = handle
        count = Int(end)
    }

    /// Forgets what the file holds.
    mutating func clear() throws(ModelFileError) {
        guard count > 0 else { return }
        do {
            try handle.truncate(atOffset: 0)
            try handle.seek(toOffset: 0)
            count = 0
        } catch {
            throw Self.translate(error, path: path, needed: 0)
        }
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `ModelFileError`, which is `diskFull` when there is no room.
    mutating func write(_ bytes: some Collection<UInt8>) throws(ModelFileError) {
        do {
            try handle.write(contentsOf: Data(bytes))
            count += bytes.count
        } catch {
            throw Self.translate(error, path: path, needed: bytes.count)
        }
    }

    /// Waits until the disk has everything.
    func synchronize() throws(ModelFileError) {
        do {
            try handle.synchronize()
        } catch {
            throw Self.translate(error, path: path, needed: 0)
        }
    }

    /// Gives the finished file its name, also on the disk; replaces a file of that name.
    func rename(to target: String) throws(ModelFileError) {
        guard unsafe Foundation.rename(path, target) == 0 else {
            throw .system(operation: "rename to \(target)", path: path, code: errno)
        }
        let folder = URL(filePath: target).deletingLastPathComponent().path
        let descriptor = unsafe open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(operation: "open", path: folder, code: errno)
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .system(operation: "write", path: folder, code: errno)
        }
    }

    private static func translate(_ error: any Error, path: String, needed: Int) -> ModelFileError {
        let code = errnoCode(of: error)
        guard code != ENOSPC, code != EDQUOT else {
            return .diskFull(path: path, needed: needed, available: nil)
        }
        return .system(operation: "write", path: path, code: code)
    }
}

/// The `errno` behind an error of Foundation.
func errnoCode(of error: any Error) -> Int32 {
    let error = error as NSError
    if error.domain == NSPOSIXErrorDomain { return Int32(error.code) }
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? any Error {
        return errnoCode(of: cause)
    }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileWriteOutOfSpace: return ENOSPC
    case .fileWriteNoPermission: return EACCES
    case .fileNoSuchFile: return ENOENT
    default: return EIO
    }
}
