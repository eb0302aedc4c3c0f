import Foundation

/// A repository of the Hugging Face Hub, or a file in it: `hf:ORG/REPO[/FILE]`.
struct HubReference: Sendable, Equatable {
    /// `ORG/REPO`.
    let repository: String
    /// Path inside the repository; nil: the whole model.
    let file: String?

    /// Takes a name apart; nil when it does not start with `hf:`.
    ///
    /// - Throws: `ModelFileError.badReference`.
    init?(_ name: String) throws(ModelFileError) {
        guard name.hasPrefix("hf:") else { return nil }
        let parts = name.dropFirst(3).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy({ Self.isPlain($0) }) else {
            throw .badReference(name)
        }
        repository = parts.prefix(2).joined(separator: "/")
        file = parts.count > 2 ? parts.dropFirst(2).joined(separator: "/") : nil
    }

    /// What the user writes.
    var name: String { "hf:" + repository + (file.map { "/" + $0 } ?? "") }

    /// Whether a path names something inside its folder, and holds nothing that has a meaning of
    /// its own in an address or on a disk.
    static func isSafe(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isPlain($0) }
    }

    private static func isPlain(_ part: Substring) -> Bool {
        let isNamed = !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
        return isNamed
            && part.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0 != "\\" }
    }
}
