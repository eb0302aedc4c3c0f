import Crypto
import Foundation
import HTTPTypes
import Hummingbird

/// Lets only those who bring a key into `/v1`.
///
/// Keys are compared by their hashes, all of them, in a time that does not depend on what was sent.
struct APIKeyMiddleware: RouterMiddleware {
    private let digests: [SHA256Digest]

    /// - Parameter keys: None: everyone may enter.
    init(keys: [String]) {
        digests = keys.map { SHA256.hash(data: Data($0.utf8)) }
    }

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard digests.isEmpty || accepts(request.headers[.authorization]) else {
            throw APIError.unauthorized
        }
        return try await next(request, context)
    }

    private func accepts(_ header: String?) -> Bool {
        let scheme = "bearer "
        guard let header, header.prefix(scheme.count).lowercased() == scheme else { return false }
        let key = header.dropFirst(scheme.count).trimmingCharacters(in: .whitespaces)
        let digest = SHA256.hash(data: Data(key.utf8))
        // No early end: Crypto compares digests in constant time, and every key is looked at.
        return digests.reduce(false) { ($1 == digest) || $0 }
    }
}
