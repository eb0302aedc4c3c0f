// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "sonde-benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "sonde", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "CPeak",
            cSettings: [.unsafeFlags(["-O3", "-std=gnu17", "-Wall", "-Wextra"])]
        ),
        .executableTarget(
            name: "kernel-bench",
            dependencies: [
                "CPeak",
                .product(name: "Kernels", package: "sonde"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
    ]
)
