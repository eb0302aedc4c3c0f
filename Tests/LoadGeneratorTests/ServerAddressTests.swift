import Testing

@testable import LoadGenerator

@Suite("ServerAddress")
struct ServerAddressTests {
    @Test(
        "paths follow the address, which may end in a slash or in /v1",
        arguments: [
            ("http://localhost:8080", "http://localhost:8080/v1/models"),
            ("http://localhost:8080/", "http://localhost:8080/v1/models"),
            ("http://localhost:8080/v1/", "http://localhost:8080/v1/models"),
            ("https://example.org/llm", "https://example.org/llm/v1/models"),
            ("http://[::1]:80", "http://[::1]:80/v1/models"),
        ]
    )
    func paths(text: String, url: String) throws {
        #expect(try ServerAddress(text).url("/v1/models") == url)
    }

    @Test(
        "what is no address of a server is refused",
        arguments: [
            "", "localhost:8080", "ftp://host", "http://", "http://host?x=1", "http://u:p@host",
            "http://host:99999", "http://host name", "/v1",
        ]
    )
    func refuses(text: String) {
        #expect(throws: LoadError.self) { try ServerAddress(text) }
    }
}
