import AsyncHTTPClient
import Foundation
import NIOHTTP1

/// An address that can be fetched, and how to ask for it.
struct DownloadSource: Sendable, Equatable {
    /// Scheme, without credentials in the rest of the address.
    let scheme: String

    /// The address without user name, password and query, which errors must not show.
    let shownAddress: String

    /// Sent as a bearer token.
    var token: String?

    private let components: URLComponents

    /// Takes an address apart.
    ///
    /// - Throws: `ModelFileError.unsupportedAddress` when it is not https, http or file.
    init(_ address: String) throws(ModelFileError) {
        guard var components = URLComponents(string: address),
            let scheme = components.scheme?.lowercased(),
            ["https", "http", "file"].contains(scheme)
        else {
            // Not taken apart, so it may hold a password anywhere.
            throw .unsupportedAddress(address.prefix { $0 != ":" } + ":…")
        }
        self.scheme = scheme
        components.fragment = nil
        self.components = components
        components.user = nil
        components.password = nil
        components.query = nil
        shownAddress = components.string ?? scheme
    }

    /// Path on this machine, for the scheme `file`.
    var localPath: String? { scheme == "file" ? components.path : nil }

    /// Where a server sends us on; nil when that is no address, or one that gives up encryption.
    ///
    /// Credentials stay with the server that they were meant for.
    func redirected(to location: String) -> DownloadSource? {
        guard !location.isEmpty, let base = components.url,
            var target = URL(string: location, relativeTo: base).flatMap({
                URLComponents(url: $0, resolvingAgainstBaseURL: true)
            })
        else { return nil }
        let isSameServer = isSameServer(target)
        target.user = isSameServer ? components.user : nil
        target.password = isSameServer ? components.password : nil
        guard var source = try? DownloadSource(target.string ?? ""), source.localPath == nil,
            scheme == "http" || source.scheme == "https"
        else { return nil }
        source.token = isSameServer ? token : nil
        return source
    }

    /// The next part of a listing; nil when that is no address, or one of another server.
    func next(at location: String) -> DownloadSource? {
        redirected(to: location).flatMap { isSameServer($0.components) ? $0 : nil }
    }

    private func isSameServer(_ other: URLComponents) -> Bool {
        other.scheme?.lowercased() == scheme
            && other.host?.lowercased() == components.host?.lowercased()
            && other.port == components.port
    }

    /// Asks for the file from byte `offset` on.
    func request(from offset: Int) -> HTTPClientRequest {
        var address = components
        address.user = nil
        address.password = nil
        var request = HTTPClientRequest(url: address.string ?? shownAddress)
        request.headers.add(name: "user-agent", value: "sonde")
        // A compressed transfer would make ranges and sizes meaningless.
        request.headers.add(name: "accept-encoding", value: "identity")
        if offset > 0 {
            request.headers.add(name: "range", value: "bytes=\(offset)-")
        }
        if let token {
            request.headers.add(name: "authorization", value: "Bearer \(token)")
        } else if let user = components.user {
            request.setBasicAuth(username: user, password: components.password ?? "")
        }
        return request
    }

    /// The proxy that the environment names for this address.
    func proxy(environment: [String: String]) -> HTTPClient.Configuration.Proxy? {
        func value(_ name: String) -> String? {
            // Upper-case HTTP_PROXY can come from a request header where programs run under CGI.
            let value = environment[name.lowercased()] ?? environment[name]
            return value.flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let host = components.host?.lowercased() else { return nil }
        let exempt = (value("NO_PROXY") ?? "").split(separator: ",").map {
            String($0).trimmingCharacters(in: .whitespaces).lowercased()
        }
        let isExempt = exempt.contains { pattern in
            let suffix = pattern.hasPrefix(".") ? String(pattern.dropFirst()) : pattern
            return pattern == "*" || host == suffix
                || (!suffix.isEmpty && host.hasSuffix("." + suffix))
        }
        guard !isExempt, let setting = value("\(scheme.uppercased())_PROXY") ?? value("ALL_PROXY"),
            let proxy = URLComponents(
                string: setting.contains("://") ? setting : "http://\(setting)"
            ),
            proxy.scheme?.lowercased() == "http", let proxyHost = proxy.host
        else { return nil }
        let authorization = proxy.user.map {
            HTTPClient.Authorization.basic(username: $0, password: proxy.password ?? "")
        }
        return .server(host: proxyHost, port: proxy.port ?? 80, authorization: authorization)
    }
}
