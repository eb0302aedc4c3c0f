import Foundation

/// Copies a wheel that already lies on this machine, as pip's `find-links` may have it.
struct LocalCopy {
    let source: String
    let target: String
    let limit: Int

    init(from source: String, to target: String, limit: Int) {
        self.source = source
        self.target = target
        self.limit = limit
    }

    /// Replaces what the target holds.
    func run(_ progress: PullProgress) throws(ModelFileError) {
        let file = try MappedFile(path: source)
        guard file.count == limit else {
            throw .wrongSize(path: source, expected: limit, found: file.count)
        }
        file.adviseSequential()
        var output = try OutputFile(appendingTo: target)
        try output.clear()
        for start in stride(from: 0, to: file.count, by: 1 << 20) {
            guard !Task.isCancelled else { throw .cancelled(path: target) }
            try output.write(file.bytes(in: start..<min(start + 1 << 20, file.count)))
            progress(output.count, file.count)
        }
        try output.synchronize()
    }
}
