import Foundation
import Testing

@testable import ModelFiles

@Suite("ModelStore")
struct ModelStoreTests {
    private static let model = KnownModel(
        name: "known",
        packages: [
            KnownModel.Package(
                name: "package",
                version: "1",
                member: "model.gguf",
                byteCount: 3,
                wheelByteCount: 3,
                wheelSHA256: ""
            )
        ],
        sha256: "",
        licence: "MIT"
    )

    private func withStore(_ body: (ModelStore, URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let store = ModelStore(folder: folder, known: [Self.model])
            try FileManager.default.createDirectory(
                at: store.modelsFolder,
                withIntermediateDirectories: true
            )
            try body(store, folder)
        }
    }

    @Test("lies where the environment says, else in the cache of the user")
    func folder() {
        #expect(ModelStore(environment: ["SONDE_HOME": "/a", "HOME": "/h"]).folder.path == "/a")
        #expect(ModelStore(environment: ["HOME": "/h"]).folder.path == "/h/.cache/sonde")
        #expect(
            ModelStore(environment: ["SONDE_HOME": "", "HOME": "/h"]).folder.path
                == "/h/.cache/sonde"
        )
        #expect(ModelStore(environment: [:]).folder.path.hasSuffix("/.cache/sonde"))
    }

    @Test("finds pulled models by name, known or not")
    func names() throws {
        try withStore { store, _ in
            #expect(store.pulled == [])
            try Data([1, 2, 3]).write(to: store.url(named: "known"))
            try Data([1]).write(to: store.url(named: "another"))
            #expect(store.pulled == ["another", "known"])
            #expect(try store.resolve("known") == store.url(named: "known"))
            #expect(try store.resolve("another") == store.url(named: "another"))
        }
    }

    @Test("finds files by path")
    func paths() throws {
        try withStore { store, folder in
            let file = folder.appending(path: "x.gguf")
            try Data([1]).write(to: file)
            #expect(try store.resolve(file.path).path == file.path)
            let link = folder.appending(path: "link.gguf")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
            #expect(try store.resolve(link.path).path == link.path)
        }
    }

    @Test("finds folders of safetensors, and what was pulled from the Hub")
    func folders() throws {
        try withStore { store, folder in
            let model = folder.appending(path: "model")
            try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
            try Data("{}".utf8).write(to: model.appending(path: "config.json"))
            #expect(try store.resolve(model.path).path == model.path)
            let absent = store.modelsFolder.appending(path: "hf/o/r")
            #expect(throws: ModelFileError.notPulled(name: "hf:o/r", path: absent.path)) {
                try store.resolve("hf:o/r")
            }
            try FileManager.default.createDirectory(at: absent, withIntermediateDirectories: true)
            let file = absent.appending(path: "a.gguf")
            try Data([1]).write(to: file)
            #expect(try store.resolve("hf:o/r").path == file.path)
            #expect(try store.resolve("hf:o/r/a.gguf").path == file.path)
            #expect(throws: ModelFileError.self) { try store.resolve("hf:o/r/b.gguf") }
            for name in ["hf:", "hf:o", "hf:o/", "hf:o/../x", "hf:../r", "hf:o/r/../../x"] {
                #expect(throws: ModelFileError.badReference(name)) { try store.resolve(name) }
            }
        }
    }

    @Test("says what is wrong with a path")
    func badPaths() throws {
        try withStore { store, folder in
            let missing = folder.appending(path: "missing.gguf").path
            let absent = ModelFileError.system(operation: "open", path: missing, code: ENOENT)
            #expect(throws: absent) { try store.resolve(missing) }
            #expect(throws: ModelFileError.folderUnsupported(path: folder.path)) {
                try store.resolve(folder.path)
            }
            let text = folder.appending(path: "model.txt").path
            try Data().write(to: URL(filePath: text))
            #expect(throws: ModelFileError.notGGUF(path: text)) { try store.resolve(text) }
            #expect(throws: ModelFileError.notRegularFile(path: "/dev/null")) {
                try store.resolve("/dev/null")
            }
        }
    }

    @Test("lists what is known and pulled when a name is neither")
    func unknown() throws {
        try withStore { store, _ in
            try Data([1]).write(to: store.url(named: "mine"))
            for name in ["other", ""] {
                let error = ModelFileError.unknownModel(
                    name: name,
                    known: ["known"],
                    pulled: ["mine"]
                )
                #expect(throws: error) { try store.resolve(name) }
            }
        }
    }

    @Test("says how to get a known model that is not here")
    func notPulled() throws {
        try withStore { store, _ in
            let error = ModelFileError.notPulled(
                name: "known",
                path: store.url(named: "known").path
            )
            #expect(throws: error) { try store.resolve("known") }
        }
    }

    @Test("refuses a known model of another size")
    func wrongSize() throws {
        try withStore { store, _ in
            let path = store.url(named: "known").path
            try Data([1]).write(to: URL(filePath: path))
            #expect(throws: ModelFileError.wrongSize(path: path, expected: 3, found: 1)) {
                try store.resolve("known")
            }
        }
    }
}
