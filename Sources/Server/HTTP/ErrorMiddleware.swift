import HTTPTypes
import Hummingbird
import Logging

/// Gives every failure the form of OpenAI's errors, and counts refusals.
struct ErrorMiddleware: RouterMiddleware {
    let metrics: ServerMetrics

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let failure: APIError
        do {
            return try await next(request, context)
        } catch let error as APIError {
            failure = error
        } catch let error as HTTPError {
            failure = Self.apiError(error, path: request.uri.path)
        } catch is CancellationError {
            failure = .unavailable("the request was cancelled")
        } catch {
            context.logger.error("request failed", metadata: ["error": "\(error)"])
            failure = .internalError("the request could not be answered")
        }
        metrics.countRejection(failure)
        return Response(failure)
    }

    private static func apiError(_ error: HTTPError, path: String) -> APIError {
        switch error.status.code {
        case 404: .noSuchPath(String(path.prefix(200)))
        case 405: APIError(405, "this path has no such method", code: "method_not_allowed")
        case 413: APIError(413, "the body is too large", code: "body_too_large")
        case 400..<500:
            APIError(error.status.code, error.body ?? "bad request", code: "bad_request")
        default: .internalError("the request could not be answered")
        }
    }
}
