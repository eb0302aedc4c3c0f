/// Sizes of a model's layer.
struct ModelShapes {
    let name: String
    let hidden: Int
    let intermediate: Int
    let heads: Int
    let kvHeads: Int
    let headDimension: Int

    static let all = [
        ModelShapes(
            name: "smollm2-135m",
            hidden: 576,
            intermediate: 1536,
            heads: 9,
            kvHeads: 3,
            headDimension: 64
        ),
        ModelShapes(
            name: "qwen2.5-1.5b",
            hidden: 1536,
            intermediate: 8960,
            heads: 12,
            kvHeads: 2,
            headDimension: 128
        ),
        ModelShapes(
            name: "llama-2-7b",
            hidden: 4096,
            intermediate: 11008,
            heads: 32,
            kvHeads: 32,
            headDimension: 128
        ),
    ]
}
