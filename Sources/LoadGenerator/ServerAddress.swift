import Foundation

/// Where an OpenAI-compatible server listens.
public struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// Scheme, host, port and prefix, without a slash at the end.
    public let description: String

    /// Reads `http://host:port`; a path before `/v1` is kept, and `/v1` itself may be there.
    ///
    /// - Throws: `LoadError.invalidAddress`.
    public init(_ text: String) throws(LoadError) {
        guard let components = URLComponents(string: text),
            let scheme = components.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = components.host, !host.isEmpty, components.query == nil,
            components.fragment == nil, components.user == nil, components.password == nil,
            components.port.map({ 1...65_535 ~= $0 }) ?? true
        else {
            throw .invalidAddress(text, expected: "http://host:port or https://host:port")
        }
        var address = text
        while address.hasSuffix("/") { address.removeLast() }
        if address.hasSuffix("/v1") { address.removeLast(3) }
        description = address
    }

    /// The address of a path such as `/v1/models`.
    func url(_ path: String) -> String { description + path }
}
