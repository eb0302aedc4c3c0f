import Foundation
import TestSupport

/// `reference/smollm2-135m.json`: what the published implementation of Probe Pruning and a plain PyTorch
/// forward pass give for the real model.
struct Reference: Decodable, Sendable {
    struct Dense: Decodable, Sendable {
        let windowMeanNll: [Double]
    }
    struct Dense256: Decodable, Sendable {
        let perplexity: Double
        let windowMeanNll: [Double]
    }
    struct Greedy: Decodable, Sendable {
        let prompt: String
        let promptTokens: [Int32]
        let greedyTokens: [Int32]
        let top1MinusTop2: [Double]
    }
    struct History: Decodable, Sendable {
        let sums: [String: Double]
        let layer3DownPosition5First8: [Float]
    }
    struct Trace: Decodable, Sendable {
        let nominalRatio: Double
        let batches: [TraceBatch]
    }
    struct TraceBatch: Decodable, Sendable {
        let windowMeanNll: [Double]
        let blocks: [TraceBlock]
    }
    struct TraceBlock: Decodable, Sendable {
        let layer: Int
        let block: String
        let keptCount: Int
        let keptSha256: String
        let samples: [Int]?
        let positionsCount: Int?
        let positionsSha256: String?
        let kept: [Int32]?
        let keptFirst16: [Int32]?
        let scoreSum: Double?
    }

    let validTokenCount: Int
    let validFirstTokens: [Int32]
    let trainTokenCount: Int
    let trainFirstTokens: [Int32]
    let dense: Dense
    let dense256: Dense256
    let greedy: [Greedy]
    let history: History
    let traces: [String: Trace]

    static let shared = Result { () throws -> Reference in
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            Reference.self,
            from: SharedFolder.data("reference/smollm2-135m.json")
        )
    }
}

/// The two shared texts, as tokens.
struct ReferenceTexts: Sendable {
    let valid: [Int32]
    let train: [Int32]

    init(_ encode: (String) -> [Int32]) throws {
        func tokens(_ path: String) throws -> [Int32] {
            encode(String(decoding: try SharedFolder.data(path), as: UTF8.self))
        }
        valid = try tokens("data/wikitext2/valid-slice-100KB.raw.txt")
        train = try tokens("data/wikitext2/train-slice-1MB.raw.txt")
    }

    static func windows(_ tokens: [Int32], _ length: Int, _ range: Range<Int>) -> [[Int32]] {
        range.map { Array(tokens[$0 * length..<($0 + 1) * length]) }
    }
}
