public import Foundation
public import Testing

/// The folder of reference numbers and texts that lies beside a checkout (`../shared`).
///
/// It is never part of the project. Suites that need it carry
/// `.enabled(if: SharedFolder.isAvailable, SharedFolder.absence)`, so that they say why they do not
/// run; in CI they run, and fail, when the folder is missing.
public enum SharedFolder {
    /// `$SONDE_SHARED`, else `../shared` beside the checkout.
    public static let url: URL = {
        if let path = ProcessInfo.processInfo.environment["SONDE_SHARED"] {
            return URL(filePath: path)
        }
        return Checkout.root.deletingLastPathComponent().appending(path: "shared")
    }()

    /// Whether the suites that need the folder run.
    ///
    /// They do when it is there, and in CI, where they fail without it.
    public static var isAvailable: Bool {
        FileManager.default.fileExists(atPath: url.appending(path: "reference").path)
            || ProcessInfo.processInfo.environment["CI"] != nil
    }

    /// What a skipped suite says.
    public static let absence: Comment = "needs the reference folder beside the checkout"

    /// The bytes of a file, `path` being relative to the folder.
    public static func data(_ path: String) throws -> Data {
        try Data(contentsOf: url.appending(path: path))
    }
}

/// Where the sources of this package lie.
public enum Checkout {
    /// The folder that holds `Package.swift`.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
