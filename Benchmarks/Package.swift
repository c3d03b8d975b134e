// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that whoever uses Lockstead never resolves what only its benchmarks need.
let package = Package(
    name: "lockstead-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "lockstead", path: ".."),
        // Without its interposers, which count allocations: dev/allocs does that.
        .package(url: "https://github.com/ordo-one/benchmark.git", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "LocksteadBenchmarks",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "LocksteadBench", package: "lockstead"),
            ],
            path: "Benchmarks/LocksteadBenchmarks",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    ]
)
