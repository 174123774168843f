// swift-tools-version: 6.2
import PackageDescription

// The rooms come first, the lowest at the top. A target imports only the modules that its dependencies name.
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
        .target(name: "Network", dependencies: ["Basics", "CLinux", "Linux"]),
        .target(name: "Debounce", dependencies: ["Basics"]),
        .target(name: "Ledger", dependencies: ["Basics", "Linux"]),
        .target(name: "Configuration", dependencies: ["Basics", "Debounce", "Linux"]),
        .target(name: "Leases", dependencies: ["Basics", "Linux", "Network"]),
        .target(name: "Dnsmasq", dependencies: ["Basics", "Configuration", "Leases", "Linux", "Network"]),
        .target(name: "Aliases", dependencies: ["Basics", "Configuration", "Leases", "Network"]),
        .target(
            name: "Updater",
            dependencies: [
                "Aliases", "Basics", "Configuration", "Debounce", "Dnsmasq", "Leases", "Ledger", "Linux", "Network",
            ]),
        .executableTarget(
            name: "debounced", dependencies: ["Basics", "Configuration", "Debounce", "Ledger", "Linux"],
            exclude: ["README.md"]),
        .executableTarget(
            name: "cname-updater", dependencies: ["Basics", "Configuration", "Linux", "Updater"],
            exclude: ["README.md"]),
        // A program for a desk. It is on no router.
        .executableTarget(
            name: "simulate", dependencies: ["Basics", "Configuration", "Debounce", "Linux"],
            exclude: ["README.md", "picture"]),
        .systemLibrary(name: "CTestSupport", path: "Tests/CTestSupport"),
        .executableTarget(
            name: "DispatchScenarios", dependencies: ["Basics", "CLinux", "Linux"], path: "Tests/DispatchScenarios"),
        // The same source, with the router's stand-in for Dispatch.
        .executableTarget(
            name: "RouterDispatchScenarios", dependencies: ["Basics", "CLinux", "Linux", "RouterDispatch"],
            path: "Tests/RouterDispatchScenarios", swiftSettings: [.define("ROUTER_DISPATCH")]),
        // Helpers of the tests. `swift build` leaves out a test target.
        .testTarget(
            name: "TestSupport",
            dependencies: ["Basics", "CLinux", "CTestSupport", "Configuration", "Linux", "Network"],
            path: "Tests/TestSupport"),
        // In-process tests: a target for each room.
        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], path: "Tests/InProcess/BasicsTests"),
        .testTarget(
            name: "LinuxTests", dependencies: ["Basics", "CLinux", "Linux", "TestSupport"],
            path: "Tests/InProcess/LinuxTests"),
        .testTarget(
            name: "DebounceTests", dependencies: ["Basics", "Debounce", "TestSupport"],
            path: "Tests/InProcess/DebounceTests"),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Basics", "Configuration", "Debounce", "Linux", "TestSupport"],
            path: "Tests/InProcess/ConfigurationTests"),
        .testTarget(
            name: "SimulateTests", dependencies: ["Basics", "Debounce", "TestSupport", "simulate"],
            path: "Tests/InProcess/SimulateTests", exclude: ["traces"]),
        .testTarget(
            name: "LedgerTests", dependencies: ["Basics", "Ledger", "Linux", "TestSupport"],
            path: "Tests/InProcess/LedgerTests"),
        .testTarget(
            name: "NetworkTests", dependencies: ["Basics", "CLinux", "Linux", "Network", "TestSupport"],
            path: "Tests/InProcess/NetworkTests"),
        .testTarget(
            name: "LeasesTests", dependencies: ["Basics", "Leases", "Network", "TestSupport"],
            path: "Tests/InProcess/LeasesTests"),
        .testTarget(
            name: "DnsmasqTests",
            dependencies: [
                "Basics", "CLinux", "Configuration", "Dnsmasq", "Leases", "Linux", "Network", "TestSupport",
            ],
            path: "Tests/InProcess/DnsmasqTests"),
        .testTarget(
            name: "AliasesTests",
            dependencies: ["Aliases", "Basics", "Configuration", "Leases", "Network", "TestSupport"],
            path: "Tests/InProcess/AliasesTests"),
        .testTarget(
            name: "UpdaterTests",
            dependencies: [
                "Basics", "CLinux", "Configuration", "Dnsmasq", "Leases", "Ledger", "Linux", "TestSupport", "Updater",
            ],
            path: "Tests/InProcess/UpdaterTests"),
        // Black-box tests: the built programs, as processes.
        .testTarget(
            name: "BlackBoxTests",
            dependencies: [
                "CLinux", "TestSupport", "debounced", "cname-updater", "simulate", "DispatchScenarios",
                "RouterDispatchScenarios",
            ],
            path: "Tests/BlackBox"),
        // The whole chain with a real dnsmasq and real clients, in namespaces.
        .testTarget(
            name: "RealDnsmasqTests", dependencies: ["CLinux", "TestSupport", "debounced", "cname-updater"],
            path: "Tests/RealDnsmasq"),
    ]
)
