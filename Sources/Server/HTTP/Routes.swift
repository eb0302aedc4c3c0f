import Foundation
import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import Runtime
import Tokenizers

/// Every path of the server.
struct Routes: Sendable {
    let reader: CallReader
    let generator: Generator
    let mailbox: EngineMailbox
    let metrics: ServerMetrics
    let started = Int(Date().timeIntervalSince1970)

    var configuration: ServerConfiguration { reader.configuration }
    private static let ratioHeader = HTTPField.Name("X-Pruning-Ratio")

    /// A router with all paths.
    func router() -> Router<ServerContext> {
        let router = Router(context: ServerContext.self)
        router.add(middleware: ErrorMiddleware(metrics: metrics))
        if let origin = allowedOrigin {
            router.add(
                middleware: CORSMiddleware(
                    allowOrigin: origin,
                    allowHeaders: [.contentType, .authorization]
                        + [Self.ratioHeader].compactMap(\.self),
                    allowMethods: [.get, .post, .options]
                )
            )
        }
        addHealth(to: router)
        addPage(to: router)
        let api = router.group().add(middleware: APIKeyMiddleware(keys: configuration.apiKeys))
        addModels(to: api)
        addPruning(to: api)
        addTokens(to: api)
        api.post("/v1/completions") { request, context in
            let fields = try await self.fields(request)
            let call = try reader.completion(fields, ratioHeader: self.ratioHeader(request))
            return try await generator.respond(to: call, context: context)
        }
        api.post("/v1/chat/completions") { request, context in
            let fields = try await self.fields(request)
            let call = try reader.chat(fields, ratioHeader: self.ratioHeader(request))
            return try await generator.respond(to: call, context: context)
        }
        return router
    }

    private var allowedOrigin: CORSMiddleware<ServerContext>.AllowOriginExtended? {
        configuration.allowedOrigin.map { $0 == "*" ? .all : .custom($0) }
    }

    private func ratioHeader(_ request: Request) -> String? {
        Self.ratioHeader.flatMap { request.headers[$0] }
    }

    /// The body as an object; refuses at once what could not be accepted anyway.
    private func fields(_ request: Request) async throws -> FieldReader {
        try mailbox.checkAdmission()
        return try await body(request)
    }

    private func body(_ request: Request) async throws -> FieldReader {
        let limit = configuration.maxBodyByteCount
        if let length = request.headers[.contentLength].flatMap(Int.init), length > limit {
            throw APIError.bodyTooLarge(limit: limit)
        }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw APIError.bodyTooLarge(limit: limit)
        }
        return try FieldReader(body: Array(buffer.readableBytesView))
    }

    // MARK: - Health and metrics

    private func addHealth(to router: Router<ServerContext>) {
        router.get("/health/live") { _, _ in
            let stall = mailbox.stall(at: .now) ?? .zero
            guard stall < configuration.stallTimeout else {
                throw APIError.unavailable("the engine has not finished a layer for \(stall)")
            }
            if case .stopped(let reason) = mailbox.phase {
                throw APIError.unavailable("the engine has stopped: \(reason)")
            }
            return Response(json: .object(["status": .string("live")]))
        }
        for path in ["/health", "/health/ready"] {
            router.get(RouterPath(path)) { _, _ in
                switch mailbox.phase {
                case .serving: return Response(json: .object(["status": .string("ready")]))
                case .loading: throw APIError.unavailable("the model is being loaded")
                case .draining: throw APIError.unavailable("the server is shutting down")
                case .stopped(let reason):
                    throw APIError.unavailable("the engine has stopped: \(reason)")
                }
            }
        }
        router.get("/metrics") { _, _ in
            Response(
                text: metrics.exposition(mailbox.statistics),
                type: "text/plain; version=0.0.4; charset=utf-8"
            )
        }
    }

    // MARK: - Models and tokens

    private var modelCard: JSONValue {
        .object([
            "id": .string(configuration.servedModelName), "object": .string("model"),
            "created": .integer(started), "owned_by": .string("sonde"),
            "max_model_len": .integer(configuration.maxModelLength),
        ])
    }

    private func addModels(to router: RouterGroup<ServerContext>) {
        router.get("/v1/models") { _, _ in
            Response(json: .object(["object": .string("list"), "data": .array([modelCard])]))
        }
        router.get("/v1/models/:name") { _, context in
            let name = try context.parameters.require("name")
            guard name == configuration.servedModelName else {
                throw APIError.unknownModel(
                    String(name.prefix(200)),
                    served: configuration.servedModelName
                )
            }
            return Response(json: modelCard)
        }
    }

    private func addTokens(to router: RouterGroup<ServerContext>) {
        let tokenizer = reader.model.tokenizer
        router.post("/tokenize") { request, _ in
            let fields = try await body(request)
            guard let text = try fields.string("prompt") ?? fields.string("content") else {
                throw APIError.invalid("prompt", "is missing")
            }
            // As other servers do, unlike a prompt: what is only counted cannot inject anything.
            let parsesSpecial = try fields.bool("parse_special") ?? true
            let addsSpecial = try fields.bool("add_special_tokens")
            let tokens = tokenizer.encode(
                text,
                parsesSpecial: parsesSpecial,
                addsBOS: addsSpecial == false ? false : nil,
                addsEOS: addsSpecial == false ? false : nil
            )
            return Response(
                json: .object([
                    "tokens": .array(tokens.map { .integer(Int($0)) }),
                    "count": .integer(tokens.count),
                    "max_model_len": .integer(configuration.maxModelLength),
                ])
            )
        }
        router.post("/detokenize") { request, _ in
            let fields = try await body(request)
            guard case .array(let elements)? = fields.value("tokens") else {
                throw APIError.invalid("tokens", "expected a list of token ids")
            }
            let tokens = elements.compactMap(\.integer).filter {
                0..<tokenizer.vocabularySize ~= $0
            }
            guard tokens.count == elements.count else {
                throw APIError.invalid(
                    "tokens",
                    "expected token ids of 0...\(tokenizer.vocabularySize - 1)"
                )
            }
            return Response(
                json: .object(["prompt": .string(tokenizer.decode(tokens.map { Int32($0) }))])
            )
        }
        router.get("/tokenizer_info") { _, _ in
            func text(_ token: Int32?) -> JSONValue {
                token.map { .string(String(decoding: tokenizer.token($0), as: UTF8.self)) } ?? .null
            }
            func id(_ token: Int32?) -> JSONValue { token.map { .integer(Int($0)) } ?? .null }
            return Response(
                json: .object([
                    "vocabulary_size": .integer(tokenizer.vocabularySize),
                    "bos_token_id": id(tokenizer.bosToken),
                    "eos_token_id": id(tokenizer.eosToken),
                    "bos_token": text(tokenizer.bosToken),
                    "eos_token": text(tokenizer.eosToken),
                    "pad_token": text(tokenizer.padToken),
                    "adds_bos": .bool(tokenizer.addsBOS),
                    "chat_template": reader.model.chatTemplateSource.map(JSONValue.string) ?? .null,
                ])
            )
        }
    }
}
