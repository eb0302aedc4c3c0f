import Testing

@testable import LoadGenerator

@Suite("PromptText")
struct PromptTextTests {
    @Test("a prompt has so many words, and is the same for the same request and seed")
    func words() {
        let text = PromptText(seed: 3)
        #expect(text.prompt(ofRequest: 5, wordCount: 40).split(separator: " ").count == 40)
        #expect(
            text.prompt(ofRequest: 5, wordCount: 40) == text.prompt(ofRequest: 5, wordCount: 40)
        )
    }

    @Test("no two requests share a prompt, nor do two seeds")
    func unique() {
        let prompts = (0..<500).flatMap { index in
            [1, 2].map { PromptText(seed: $0).prompt(ofRequest: index, wordCount: 12) }
        }
        #expect(Set(prompts).count == prompts.count)
    }
}
