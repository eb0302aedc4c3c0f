import ModelFiles
import TestSupport
import Testing

@Suite("SmolLM2 135M", .tags(.endToEnd))
struct SmolLM2Tests {
    @Test("is read as what its authors describe")
    func config() async throws {
        let config = try ModelConfig(GGUF(path: await ModelFixture.path()))
        #expect(config.layerCount == 30)
        #expect(config.hiddenSize == 576)
        #expect(config.headCount == 9)
        #expect(config.kvHeadCount == 3)
        #expect(config.headDimension == 64)
        #expect(config.channelCount == 1536)
        #expect(config.vocabularySize == 49152)
        #expect(config.contextLength == 8192)
        #expect(config.ropeTheta == 100_000)
        #expect(config.rmsNormEpsilon == 1e-5)
        #expect(config.tiesEmbeddings)
        #expect(config.licence == "apache-2.0")
        #expect(config.bosToken == 1)
        #expect(config.eosToken == 2)
        #expect(!config.addsBOS)
    }

    @Test("has finite weights of a plausible size in every tensor")
    func weights() async throws {
        let gguf = try GGUF(path: await ModelFixture.path())
        #expect(gguf.tensors.count == 272)
        for tensor in gguf.tensors {
            var row = [Float](repeating: .nan, count: tensor.columnCount)
            var squares = 0.0
            for index in 0..<tensor.rowCount {
                var span = row.mutableSpan
                try gguf.copyRow(index, of: tensor, into: &span)
                squares += row.reduce(0) { $0 + Double($1) * Double($1) }
            }
            let rms = (squares / Double(tensor.rowCount * tensor.columnCount)).squareRoot()
            #expect(rms > 0.01 && rms < 20, "\(tensor.name): \(rms)")
        }
        gguf.file.release()
    }

    @Test("hashes to what the catalogue says")
    func hash() async throws {
        #expect(try modelSHA256(await ModelFixture.path()) == KnownModel.all[0].sha256)
    }
}
