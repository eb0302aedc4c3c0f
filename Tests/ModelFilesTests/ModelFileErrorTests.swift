import Foundation
import Testing

@testable import ModelFiles

@Suite("ModelFileError")
struct ModelFileErrorTests {
    @Test("fits one line, and names what it is about", arguments: Self.all)
    func describes(error: ModelFileError, words: [String]) {
        #expect(!error.description.contains("\n"))
        for word in words {
            #expect(error.description.contains(word), "\(error.description)")
        }
    }

    static let all: [(ModelFileError, [String])] = [
        (.system(operation: "open", path: "f", code: ENOENT), ["f: cannot open: ", "file"]),
        (.system(operation: "open", path: "f", code: 9999), ["9999"]),
        (.notRegularFile(path: "f"), ["f: expected an ordinary file"]),
        (
            .malformed(path: "f", offset: 4, field: "version", expected: "2", found: "9"),
            ["f: offset 4: version: expected 2, found 9"]
        ),
        (.missingMetadata(path: "f", key: "k", expected: "bool"), ["f", "k is missing", "bool"]),
        (.badMetadata(path: "f", key: "k", expected: "a", found: "b"), ["k: expected a, found b"]),
        (
            .unsupportedArchitecture(path: "f", found: "x", supported: ["llama", "y"]),
            ["architecture x", "llama, y"]
        ),
        (.missingTensor(path: "f", tensor: "t", expected: [1, 2]), ["tensor t", "[1, 2]"]),
        (
            .wrongShape(path: "f", tensor: "t", expected: [1], found: [2]),
            ["tensor t: expected shape [1], found [2]"]
        ),
        (.unexpectedTensor(path: "f", tensor: "t", architecture: "llama"), ["t", "llama"]),
        (
            .unsupportedTensorType(path: "f", tensor: "t", found: "Q6_K", supported: ["F32"]),
            ["t", "Q6_K", "F32"]
        ),
        (
            .missingPart(path: "f", part: 2, count: 3, reason: "gone"),
            ["f: part 2 of 3 of the model is missing: gone"]
        ),
        (.unexpectedTensor(path: "f", tensor: "a\nb", architecture: "llama"), ["tensor a b"]),
        (
            .unknownModel(name: "n", known: ["a"], pulled: []),
            ["n: no such model", "known: a", "pulled: none", "./model.gguf"]
        ),
        (.notPulled(name: "n", path: "p"), ["n: not pulled", "p", "sonde pull n"]),
        (.folderUnsupported(path: "f"), ["f: expected a folder with config.json"]),
        (.notGGUF(path: "f"), [".gguf"]),
        (
            .packageClientMissing(command: "python3 -m pip", reason: "no\nsuch"),
            ["python3 -m pip", "no such", "22.2"]
        ),
        (
            .packageClientFailed(package: "p==1", status: 2, message: "a\nb"),
            ["p==1", "status 2", "a b"]
        ),
        (
            .packageReportInvalid(package: "p", field: "install", expected: "one"),
            ["install", "one"]
        ),
        (.unsupportedAddress("ftp:…"), ["ftp", "https, http or file"]),
        (.httpStatus(address: "a", status: 404), ["a", "404", "200 or 206"]),
        (.connection(address: "a", attempts: 3, reason: "reset"), ["a", "3 attempts", "reset"]),
        (.wrongSize(path: "f", expected: 1, found: 2), ["f: expected 1 bytes, found 2"]),
        (
            .checksumMismatch(path: "f", algorithm: "SHA-256", expected: "a", found: "b"),
            ["f: SHA-256 is b, expected a"]
        ),
        (.diskFull(path: "f", needed: 5, available: 4), ["f", "5 bytes needed", "4 free"]),
        (.diskFull(path: "f", needed: 5, available: nil), ["f", "5 bytes needed"]),
        (.badReference("hf:x"), ["hf:x: expected hf:ORG/REPO"]),
        (.ambiguousRepository(name: "hf:o/r", files: ["a", "b"]), ["hf:o/r", "one of: a, b"]),
        (.ambiguousRepository(name: "hf:o/r", files: []), ["hf:o/r: expected config.json"]),
        (.noSuchFile(repository: "o/r", file: "x", files: ["a"]), ["no file x", "models: a"]),
        (
            .accessDenied(repository: "o/r", address: "a", status: 401, hasToken: false),
            ["o/r", "401", "set HF_TOKEN"]
        ),
        (.offline(name: "hf:o/r"), ["hf:o/r", "HF_HUB_OFFLINE"]),
        (.badRedirect(address: "a", reason: "no"), ["a", "no"]),
        (
            .licenceNotAccepted(name: "n", licence: "L", address: "a"),
            ["n: comes under the L", "a", "--accept-license"]
        ),
        (.cancelled(path: "f"), ["f: cancelled", "resumes"]),
    ]

    @Test("finds the system's error behind Foundation's")
    func findsCode() {
        #expect(errnoCode(of: POSIXError(.ENOSPC)) == ENOSPC)
        #expect(errnoCode(of: CocoaError(.fileWriteOutOfSpace)) == ENOSPC)
        #expect(errnoCode(of: CocoaError(.fileWriteNoPermission)) == EACCES)
        #expect(errnoCode(of: CocoaError(.fileNoSuchFile)) == ENOENT)
        #expect(errnoCode(of: CocoaError(.coderInvalidValue)) == EIO)
        let wrapped = CocoaError(
            .fileWriteUnknown,
            userInfo: [NSUnderlyingErrorKey: POSIXError(.EROFS)]
        )
        #expect(errnoCode(of: wrapped) == EROFS)
    }
}
