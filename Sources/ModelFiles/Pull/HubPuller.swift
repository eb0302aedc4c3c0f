import Foundation

/// The steps of a pull from the Hugging Face Hub.
struct HubPuller: Sendable {
    let store: ModelStore
    var hub = Hub()
    var freeSpace: @Sendable (URL) -> Int? = PullFolder.freeSpace

    func pull(
        _ reference: HubReference,
        progress: PullProgress
    ) async throws(ModelFileError) -> URL {
        guard !hub.isOffline else {
            guard let url = store.location(of: reference) else {
                throw .offline(name: reference.name)
            }
            return url
        }
        let folder = PullFolder(url: store.folder(of: reference), freeSpace: freeSpace)
        try folder.create()
        let lock = try await FileLock(path: folder.url.appending(path: ".lock").path)
        let url = try await pullAlone(reference, folder, progress: progress)
        withExtendedLifetime(lock) {}
        return url
    }

    private func pullAlone(
        _ reference: HubReference,
        _ folder: PullFolder,
        progress: PullProgress
    ) async throws(ModelFileError) -> URL {
        let files = try await hub.files(
            of: reference.repository,
            scratch: folder.url.appending(path: ".listing").path
        )
        let selection = try HubSelection(reference, from: files)
        let total = selection.files.reduce(0) { $0 + $1.byteCount }
        let arrived = selection.files.reduce(0) { sum, file in
            let path = folder.url.appending(path: file.path).path
            return sum + min(file.byteCount, max(fileSize(path), fileSize(path + ".partial")))
        }
        try folder.checkSpace(for: total - arrived)
        var before = 0
        for file in selection.files {
            let start = before
            try await fetch(file, of: reference.repository, into: folder) { received, _ in
                progress(start + received, total)
            }
            before += file.byteCount
        }
        progress(total, total)
        return selection.main.map { folder.url.appending(path: $0) } ?? folder.url
    }

    /// Fetches a file, unless it is there already.
    private func fetch(
        _ file: Hub.File,
        of repository: String,
        into folder: PullFolder,
        progress: PullProgress
    ) async throws(ModelFileError) {
        let target = folder.url.appending(path: file.path)
        try PullFolder(url: target.deletingLastPathComponent()).create()
        if let sha256 = file.sha256, fileSize(target.path) == file.byteCount,
            try modelSHA256(target.path) == sha256
        {
            return
        }
        let partial = target.path + ".partial"
        // Without a hash nothing tells whether a part belongs to this version of the file.
        if file.sha256 == nil { PullFolder.remove(partial) }
        let named: String?
        do throws(ModelFileError) {
            named = try await hub.fetch(file, of: repository, to: partial, progress: progress)
        } catch {
            if case .wrongSize = error { PullFolder.remove(partial) }
            throw error
        }
        let size = fileSize(partial)
        guard size == file.byteCount else {
            PullFolder.remove(partial)
            throw .wrongSize(path: partial, expected: file.byteCount, found: size)
        }
        for sha256 in [file.sha256, named].compactMap({ $0 }) {
            try PullFolder.checkHash(of: partial, sha256)
        }
        try OutputFile(appendingTo: partial).rename(to: target.path)
    }
}

extension ModelStore {
    /// The folder of a repository: `models/hf/ORG/REPO`.
    func folder(of reference: HubReference) -> URL {
        modelsFolder.appending(path: "hf").appending(path: reference.repository)
    }

    /// Where a pulled file or repository lies; nil when it is not here.
    func location(of reference: HubReference) -> URL? {
        let folder = folder(of: reference)
        let manager = FileManager.default
        if let file = reference.file {
            let url = folder.appending(path: file)
            return manager.fileExists(atPath: url.path) ? url : nil
        }
        if manager.fileExists(atPath: folder.appending(path: "config.json").path) {
            return folder
        }
        let names = (try? manager.subpathsOfDirectory(atPath: folder.path)) ?? []
        let models = names.filter {
            $0.hasSuffix(".gguf") && (GGUFSplit.Name($0)?.index ?? 0) == 0
        }
        return models.count == 1 ? models.first.map { folder.appending(path: $0) } : nil
    }
}
