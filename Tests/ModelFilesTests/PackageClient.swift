import Foundation

@testable import ModelFiles

/// A shell script that stands in for the Python package client.
struct PackageClient {
    let index: PackageIndex

    /// Where the script writes the arguments it was given.
    let log: URL

    init(in folder: URL, script: String) throws {
        log = folder.appending(path: "arguments")
        let url = folder.appending(path: "client.sh")
        let text = "#!/bin/sh\necho \"$@\" >> '\(log.path)'\n\(script)\n"
        try Data(text.utf8).write(to: url)
        index = PackageIndex(command: ["/bin/sh", url.path])
    }

    /// A client that reports where a wheel lies.
    init(in folder: URL, wheel address: String, sha256: String?) throws {
        let hashes = sha256.map { "{\"sha256\": \"\($0)\"}" } ?? "{}"
        let report = """
            {"version": "1", "install": [{"download_info": {"url": "\(address)",
            "archive_info": {"hashes": \(hashes)}}}]}
            """
        try self.init(in: folder, script: "cat <<'EOF'\n\(report)\nEOF")
    }
}
