// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),  // SE-0458
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
]

/// Our own buffers hand out spans that depend on them (SE-0446, SE-0456).
let lifetimes: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

let package = Package(
    name: "sonde",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "sonde", targets: ["serve-cli"]),
        .library(name: "Kernels", targets: ["Kernels"]),
        .library(name: "ProbeScheduler", targets: ["ProbeScheduler"]),
        .library(name: "Runtime", targets: ["Runtime"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.0"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.24.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.24.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.29.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
    ],
    targets: [
        // MARK: - C and system libraries
        .target(
            name: "CKernels",
            exclude: ["README.md", "simd"],
            // Optimised in every configuration: a kernel at -O0 is of no use even to a test.
            cSettings: [.unsafeFlags(["-O3", "-std=c17", "-Wall", "-Wextra", "-fno-math-errno"])]
        ),
        .systemLibrary(name: "CFutex"),
        .systemLibrary(name: "CNuma", pkgConfig: "numa", providers: [.apt(["libnuma-dev"])]),
        // Its header alone; the library is opened at run time.
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // MARK: - Libraries, lowest first
        .target(name: "JSONText", swiftSettings: strict),
        .target(
            name: "Kernels",
            dependencies: ["CFutex", "CKernels", "CNuma", "COpenBLAS"],
            swiftSettings: strict + lifetimes
        ),
        .target(
            name: "ProbeScheduler",
            dependencies: [
                "Kernels",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ModelFiles",
            dependencies: [
                "CZlib", "JSONText",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .target(name: "Tokenizers", dependencies: ["JSONText"], swiftSettings: strict),
        .target(
            name: "Runtime",
            dependencies: ["ModelFiles", "ProbeScheduler", "Tokenizers"],
            swiftSettings: strict
        ),
        .target(
            name: "StaticPruning",
            dependencies: ["ModelFiles", "Runtime"],
            swiftSettings: strict
        ),
        .target(name: "Evaluation", dependencies: ["Runtime"], swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "JSONText", "Runtime",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Page/page.html")],
            swiftSettings: strict
        ),
        .target(
            name: "LoadGenerator",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "serve-cli",
            dependencies: [
                "Evaluation", "LoadGenerator", "Server", "StaticPruning",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // MARK: - Tests
        .target(
            name: "TestSupport",
            dependencies: ["Runtime"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "JSONTextTests",
            dependencies: ["JSONText"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KernelsTests",
            dependencies: ["CNuma", "Kernels", "ProbeScheduler", "Runtime", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ProbeSchedulerTests",
            dependencies: ["ProbeScheduler", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ModelFilesTests",
            dependencies: [
                "CZlib", "ModelFiles", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            exclude: ["Golden"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TokenizersTests",
            dependencies: ["Tokenizers", "ModelFiles", "TestSupport"],
            exclude: [
                "Golden", "fetch-chat-templates.py", "fetch-vocabulary.sh",
                "generate-chat-golden.py", "generate-golden.py",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RuntimeTests",
            dependencies: ["Kernels", "ModelFiles", "ProbeScheduler", "Runtime", "TestSupport"],
            exclude: ["Golden", "generate-golden.py"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StaticPruningTests",
            dependencies: ["StaticPruning"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "Evaluation", "StaticPruning", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "JSONText", "ModelFiles", "ProbeScheduler", "Runtime", "Server", "TestSupport",
                "Tokenizers",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["clients", "page", "soak"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LoadGeneratorTests",
            dependencies: [
                "LoadGenerator",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["TestSupport", "serve-cli"],
            swiftSettings: strict
        ),
    ]
)
