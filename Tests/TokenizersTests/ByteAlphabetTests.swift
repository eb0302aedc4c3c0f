import Testing

@testable import Tokenizers

@Suite("ByteAlphabet")
struct ByteAlphabetTests {
    @Test("gives each byte its own printable character")
    func isOneToOne() {
        #expect(ByteAlphabet.scalars.count == 256)
        #expect(Set(ByteAlphabet.scalars).count == 256)
        #expect(!ByteAlphabet.scalars.contains { ScalarClass($0) == .whitespace })
    }

    @Test("is GPT-2's")
    func isGPT2s() {
        #expect(ByteAlphabet.scalars[0x00] == "\u{100}")
        #expect(ByteAlphabet.scalars[0x0A] == "Ċ")
        #expect(ByteAlphabet.scalars[0x20] == "Ġ")
        #expect(ByteAlphabet.scalars[0x41] == "A")
        #expect(ByteAlphabet.scalars[0x7F] == "\u{121}")
        #expect(ByteAlphabet.scalars[0xA0] == "\u{142}")
        #expect(ByteAlphabet.scalars[0xAD] == "\u{143}")
        #expect(ByteAlphabet.scalars[0xFF] == "ÿ")
    }

    @Test("reads tokens back, and takes foreign characters as they are")
    func readsBack() {
        for byte in UInt8.min...UInt8.max {
            #expect(ByteAlphabet.bytes(of: String(ByteAlphabet.scalars[Int(byte)])) == [byte])
        }
        #expect(ByteAlphabet.bytes(of: "Ġa▁") == Array("Ġa▁".utf8))
    }
}
