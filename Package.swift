// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target of ours: Swift 6, strict imports, and a warning is an error.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "lockstead",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Lockstead", targets: ["Lockstead"]),
        .library(name: "LocksteadGuards", targets: ["LocksteadGuards"]),
        .library(name: "LocksteadRedis", targets: ["LocksteadRedis"]),
        .library(name: "LocksteadEtcd", targets: ["LocksteadEtcd"]),
        .library(name: "LocksteadZooKeeper", targets: ["LocksteadZooKeeper"]),
        .library(name: "LocksteadEngines", targets: ["LocksteadEngines"]),
        .library(name: "LocksteadTesting", targets: ["LocksteadTesting"]),
        .library(name: "LocksteadBench", targets: ["LocksteadBench"]),
        .executable(name: "lockstead", targets: ["LocksteadCLI"]),
    ],
    traits: [
        .default(enabledTraits: ["Etcd", "Proof", "Redis", "ZooKeeper"]),
        .trait(name: "Proof", description: "The program's simulate, verify and bench; without it the program is lean."),
        .trait(name: "Etcd", description: "The engine for etcd; brings gRPC, SwiftNIO and its TLS."),
        .trait(name: "Redis", description: "The engine for Redis and Valkey; brings SwiftNIO and its TLS."),
        .trait(name: "ZooKeeper", description: "The engine for ZooKeeper; brings SwiftNIO and its TLS."),
        .trait(
            name: "PlantedBugs", description: "Keeps the mistakes that the simulator must find in release builds too."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2.git", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport.git", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf.git", from: "2.4.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // Pure: values, LockTable, LeaseMachine, policies. No I/O, no clock, no Foundation.
        .target(
            name: "LockCore",
            dependencies: [.product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: settings
        ),
        // Draws that repeat: what simulator, tests and the testing kit walk by.
        .target(name: "SeededRandom", swiftSettings: settings),
        // Virtual time, faulty links, planted mistakes and a judge, around the machines of LockCore.
        .target(
            name: "LocksteadSimulator",
            dependencies: ["LockCore", "SeededRandom", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: settings
        ),
        // The one system call that Swift's Glibc module leaves out: which file system is this?
        .target(name: "CFileSystem"),
        // The public API, the engine contract, the in-process and file engines.
        .target(
            name: "Lockstead",
            dependencies: [
                "CFileSystem", "LockCore",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        // The serialization of Redis and Valkey. Pure, and without NIO, so that fuzzing it compiles no network stack.
        .target(name: "RESP", swiftSettings: settings),
        // TLS of connections that we make ourselves.
        .target(
            name: "TransportSecurity",
            dependencies: [
                "Lockstead",
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Redis", "ZooKeeper"])),
            ],
            swiftSettings: settings),
        // The engine for Redis and Valkey.
        .target(
            name: "LocksteadRedis",
            dependencies: [
                "Lockstead", "RESP", "TransportSecurity",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Redis"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Redis"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Redis"])),
            ],
            resources: [
                .embedInCode("Scripts/acquire.lua"),
                .embedInCode("Scripts/acquire_quick.lua"),
                .embedInCode("Scripts/cancel.lua"),
                .embedInCode("Scripts/common.lua"),
                .embedInCode("Scripts/downgrade.lua"),
                .embedInCode("Scripts/force.lua"),
                .embedInCode("Scripts/handover.lua"),
                .embedInCode("Scripts/inspect.lua"),
                .embedInCode("Scripts/Redlock/redlock_acquire.lua"),
                .embedInCode("Scripts/Redlock/redlock_acquire_quick.lua"),
                .embedInCode("Scripts/Redlock/redlock_extend.lua"),
                .embedInCode("Scripts/Redlock/redlock_heal.lua"),
                .embedInCode("Scripts/Redlock/redlock_raise.lua"),
                .embedInCode("Scripts/Redlock/redlock_release.lua"),
                .embedInCode("Scripts/Redlock/redlock_release_quick.lua"),
                .embedInCode("Scripts/register.lua"),
                .embedInCode("Scripts/release.lua"),
                .embedInCode("Scripts/release_quick.lua"),
                .embedInCode("Scripts/renew.lua"),
                .embedInCode("Scripts/renew_quick.lua"),
            ],
            swiftSettings: settings
        ),
        // The engine for etcd.
        .target(
            name: "LocksteadEtcd",
            dependencies: [
                "Lockstead",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["Etcd"])),
                .product(
                    name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport",
                    condition: .when(traits: ["Etcd"])),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: .when(traits: ["Etcd"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Etcd"])),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Etcd"])),
                .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["Etcd"])),
            ],
            exclude: ["Protos"],
            swiftSettings: settings
        ),
        // The serialization of ZooKeeper, and its frames. Pure, and without NIO, so that fuzzing it compiles no network stack.
        .target(name: "Jute", swiftSettings: settings),
        // The engine for ZooKeeper.
        .target(
            name: "LocksteadZooKeeper",
            dependencies: [
                "Jute", "Lockstead", "TransportSecurity",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["ZooKeeper"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["ZooKeeper"])),
            ],
            swiftSettings: settings
        ),
        // Resources that refuse stale tokens.
        .target(name: "LocksteadGuards", dependencies: ["Lockstead"], swiftSettings: settings),
        // Opens any engine from a URL.
        .target(
            name: "LocksteadEngines",
            dependencies: [
                "Lockstead", .target(name: "LocksteadEtcd", condition: .when(traits: ["Etcd"])),
                .target(name: "LocksteadRedis", condition: .when(traits: ["Redis"])),
                .target(name: "LocksteadZooKeeper", condition: .when(traits: ["ZooKeeper"])),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        // Manual clock, faults, histories and their judge, conformance suite: for our tests and for users' own.
        .target(
            name: "LocksteadTesting",
            dependencies: [
                "Lockstead", "LocksteadGuards", "SeededRandom",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: settings),
        // Workloads, measurements and reports of `lockstead bench`.
        .target(
            name: "LocksteadBench",
            dependencies: [
                "Lockstead",
                .product(name: "Histogram", package: "hdrhistogram-swift", condition: .when(traits: ["Proof"])),
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.embedInCode("Reporting/page.html")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "LocksteadCLI",
            dependencies: [
                "Lockstead", "LocksteadEngines", "LocksteadGuards",
                .target(name: "LocksteadBench", condition: .when(traits: ["Proof"])),
                .target(name: "LocksteadSimulator", condition: .when(traits: ["Proof"])),
                .target(name: "LocksteadTesting", condition: .when(traits: ["Proof"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LockCoreTests", dependencies: ["LockCore", "LocksteadSimulator", "SeededRandom"],
            swiftSettings: settings),
        .testTarget(
            name: "LocksteadSimulatorTests", dependencies: ["LockCore", "LocksteadSimulator", "SeededRandom"],
            exclude: ["regression-seeds.txt"],
            swiftSettings: settings),
        // A process that holds a lock as it is told, for tests that kill and stop it; no product.
        .executableTarget(
            name: "LocksteadTestHolder",
            dependencies: [
                "Lockstead", "LocksteadEngines", "LocksteadTesting", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        // Hostile bytes: what is fed with them, and the corpus as a test.
        .target(
            name: "FuzzTargets", dependencies: ["Jute", "LockCore", "Lockstead", "LocksteadEngines", "RESP"],
            path: "Tests/FuzzTargets",
            swiftSettings: settings
        ),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets"], exclude: ["Corpus"], swiftSettings: settings),
        // Starts that process and talks to it.
        .target(
            name: "TestProcesses", dependencies: ["Lockstead", "LocksteadTestHolder"], path: "Tests/TestProcesses",
            swiftSettings: settings
        ),
        // Real faults: what brings them, the crowd of workers that they hit, and the verdicts.
        .target(
            name: "FaultKit",
            dependencies: [
                "Jute", "Lockstead", "LocksteadEngines", "LocksteadGuards", "LocksteadRedis", "LocksteadTesting",
                "RESP", "TestProcesses", "TestServers", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/FaultKit", resources: [.embedInCode("Machine/preload.c.in")], swiftSettings: settings
        ),
        // Runs them, for dev/faults, and is each of the workers; no product.
        .executableTarget(
            name: "LocksteadFaults",
            dependencies: [
                "FaultKit", "Lockstead", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/FaultRunner", swiftSettings: settings
        ),
        // Depends on the program so that it is built before the tests, which run it.
        .testTarget(
            name: "FaultTests",
            dependencies: ["FaultKit", "LocksteadFaults", "LocksteadTesting", "Lockstead", "TestProcesses"],
            swiftSettings: settings),
        // Every piece of Swift in README, docs and DocC is compiled, and the README's sample runs.
        .testTarget(
            name: "DocumentationTests",
            dependencies: [
                "Lockstead", "LocksteadGuards",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LocksteadGuardsTests", dependencies: ["Lockstead", "LocksteadGuards", "LocksteadTesting"],
            swiftSettings: settings),
        .testTarget(name: "RESPTests", dependencies: ["RESP", "SeededRandom"], swiftSettings: settings),
        // Real servers for tests, on free loopback ports and in folders of their own.
        .target(
            name: "TestServers", dependencies: ["Jute", "Lockstead", "RESP"], path: "Tests/TestServers",
            swiftSettings: settings
        ),
        // Servers that answer badly, for tests of the engines that speak to a connection themselves.
        .target(
            name: "FakeServers",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Redis", "ZooKeeper"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Redis", "ZooKeeper"])),
            ],
            path: "Tests/FakeServers", swiftSettings: settings),
        .testTarget(
            name: "LocksteadRedisTests",
            dependencies: [
                "FakeServers", "LocksteadRedis", "RESP", "Lockstead", "LocksteadTesting", "SeededRandom", "TestServers",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Redis"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Redis"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "LocksteadEtcdTests",
            dependencies: [
                "FaultKit", "LocksteadEtcd", "Lockstead", "LocksteadTesting", "SeededRandom", "TestServers",
                .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["Etcd"])),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Etcd"])),
            ],
            swiftSettings: settings),
        .testTarget(name: "JuteTests", dependencies: ["Jute", "SeededRandom"], swiftSettings: settings),
        .testTarget(
            name: "LocksteadZooKeeperTests",
            dependencies: [
                "FakeServers", "Jute", "LocksteadZooKeeper", "Lockstead", "LocksteadTesting", "TestServers",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["ZooKeeper"])),
            ],
            swiftSettings: settings),
        // Commands a second, for dev/redis-speed; no product.
        .executableTarget(
            name: "RedisProbe",
            dependencies: ["Lockstead", "LocksteadRedis", "RESP", .product(name: "Logging", package: "swift-log")],
            path: "Tests/RedisProbe", swiftSettings: settings),
        .testTarget(
            name: "LocksteadEnginesTests",
            dependencies: [
                "LocksteadEngines", "LocksteadEtcd", "LocksteadRedis", "LocksteadTesting", "LocksteadZooKeeper",
                "Lockstead", "SeededRandom",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        // Depends on the program so that it is built before the tests, which run it as real processes.
        .testTarget(
            name: "LocksteadCLITests",
            dependencies: ["LocksteadCLI", "LocksteadEngines", "LocksteadTesting", "Lockstead", "TestServers"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LocksteadTests",
            dependencies: [
                "Lockstead", "LocksteadGuards", "LocksteadTesting", "TestProcesses",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        // Every engine × every case of the conformance suite, and the register of regressions.
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Lockstead", "LocksteadEngines", "LocksteadTesting", "TestProcesses", "TestServers",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
    ]
)

// Its `main` comes with the sanitizer `fuzzer`; dev/fuzz sets the variable, and no other build could link it.
if Context.environment["LOCKSTEAD_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzDriver", dependencies: ["FuzzTargets"], path: "Tests/FuzzDriver", swiftSettings: settings))
}
