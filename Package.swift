// swift-tools-version: 6.2
import PackageDescription

// The rooms, lowest first. A room knows only what its dependencies name.
let package = Package(
    name: "dhcp-hook",
    products: [
        .executable(name: "debounced", targets: ["debounced"]),
        .executable(name: "cname-updater", targets: ["cname-updater"]),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .target(name: "Basics"),
        .target(name: "Linux", dependencies: ["Basics", "CLinux"]),
        .target(name: "RouterDispatch", dependencies: ["Basics", "Linux"]),
        .target(name: "Debounce", dependencies: ["Basics"]),
        .target(name: "Configuration", dependencies: ["Basics", "Debounce", "Linux"]),
        .target(name: "Ledger", dependencies: ["Basics", "Linux"]),
        .target(name: "Leases", dependencies: ["Basics", "Linux"]),
        .target(name: "Aliases", dependencies: ["Basics", "Configuration", "Leases", "Ledger", "Linux"]),
        .executableTarget(name: "debounced", dependencies: ["Basics", "Configuration", "Debounce", "Ledger", "Linux"]),
        .executableTarget(
            name: "cname-updater",
            dependencies: ["Aliases", "Basics", "Configuration", "Debounce", "Leases", "Ledger", "Linux"]),
        .systemLibrary(name: "CTestSupport", path: "Tests/CTestSupport"),
        .executableTarget(
            name: "DispatchScenarios", dependencies: ["Basics", "CLinux", "Linux"], path: "Tests/DispatchScenarios"),
        // The same source once more.
        .executableTarget(
            name: "RouterDispatchScenarios", dependencies: ["Basics", "CLinux", "Linux", "RouterDispatch"],
            path: "Tests/RouterDispatchScenarios", swiftSettings: [.define("ROUTER_DISPATCH")]),
        .target(name: "TestSupport", dependencies: ["Basics", "CLinux", "CTestSupport"], path: "Tests/TestSupport"),
        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"]),
        .testTarget(name: "LinuxTests", dependencies: ["CLinux", "Linux", "TestSupport"]),
        .testTarget(name: "DebounceTests", dependencies: ["Debounce", "TestSupport"]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"]),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger", "TestSupport"]),
        .testTarget(name: "LeasesTests", dependencies: ["Leases", "TestSupport"]),
        .testTarget(name: "AliasesTests", dependencies: ["Aliases", "Linux", "TestSupport"]),
        .testTarget(
            name: "ProgramTests",
            dependencies: [
                "TestSupport", "debounced", "cname-updater", "DispatchScenarios", "RouterDispatchScenarios",
            ],
            exclude: ["traces"]),
    ]
)
