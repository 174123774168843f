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
        .target(name: "Network", dependencies: ["Basics", "CLinux", "Linux"]),
        .target(name: "Debounce", dependencies: ["Basics"]),
        .target(name: "Ledger", dependencies: ["Basics", "Linux"]),
        .target(name: "Configuration", dependencies: ["Basics", "Debounce", "Linux"]),
        .target(name: "Leases", dependencies: ["Basics", "Linux", "Network"]),
        .target(name: "Dnsmasq", dependencies: ["Basics", "Configuration", "Leases", "Linux", "Network"]),
        .target(name: "Aliases", dependencies: ["Basics", "Configuration", "Leases", "Ledger", "Linux", "Network"]),
        .target(
            name: "Updater",
            dependencies: [
                "Aliases", "Basics", "Configuration", "Debounce", "Dnsmasq", "Leases", "Ledger", "Linux", "Network",
            ]),
        .executableTarget(
            name: "debounced", dependencies: ["Basics", "Configuration", "Debounce", "Ledger", "Linux"],
            exclude: ["README.md"]),
        .executableTarget(
            name: "cname-updater", dependencies: ["Basics", "Configuration", "Dnsmasq", "Linux", "Updater"],
            exclude: ["README.md"]),
        // For a desk: it is on no router.
        .executableTarget(
            name: "simulate", dependencies: ["Basics", "Configuration", "Debounce", "Linux"],
            exclude: ["README.md", "picture"]),
        .systemLibrary(name: "CTestSupport", path: "Tests/CTestSupport"),
        .executableTarget(
            name: "DispatchScenarios", dependencies: ["Basics", "CLinux", "Linux"], path: "Tests/DispatchScenarios"),
        // The same source once more.
        .executableTarget(
            name: "RouterDispatchScenarios", dependencies: ["Basics", "CLinux", "Linux", "RouterDispatch"],
            path: "Tests/RouterDispatchScenarios", swiftSettings: [.define("ROUTER_DISPATCH")]),
        // What the tests share. As a test target, `swift build` leaves it out.
        .testTarget(
            name: "TestSupport", dependencies: ["Basics", "CLinux", "CTestSupport", "Configuration", "Network"],
            path: "Tests/TestSupport"),
        // In this process, a target for each room.
        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], path: "Tests/InProcess/BasicsTests"),
        .testTarget(
            name: "LinuxTests", dependencies: ["CLinux", "Linux", "TestSupport"], path: "Tests/InProcess/LinuxTests"),
        .testTarget(
            name: "DebounceTests", dependencies: ["Debounce", "TestSupport"], path: "Tests/InProcess/DebounceTests"),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"],
            path: "Tests/InProcess/ConfigurationTests"),
        .testTarget(
            name: "SimulateTests", dependencies: ["TestSupport", "simulate"], path: "Tests/InProcess/SimulateTests",
            exclude: ["traces"]),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger", "TestSupport"], path: "Tests/InProcess/LedgerTests"),
        .testTarget(
            name: "NetworkTests", dependencies: ["Network", "TestSupport"], path: "Tests/InProcess/NetworkTests"),
        .testTarget(name: "LeasesTests", dependencies: ["Leases", "TestSupport"], path: "Tests/InProcess/LeasesTests"),
        .testTarget(
            name: "DnsmasqTests", dependencies: ["Dnsmasq", "TestSupport"], path: "Tests/InProcess/DnsmasqTests"),
        .testTarget(
            name: "AliasesTests", dependencies: ["Aliases", "Linux", "TestSupport"],
            path: "Tests/InProcess/AliasesTests"),
        .testTarget(
            name: "UpdaterTests", dependencies: ["TestSupport", "Updater"], path: "Tests/InProcess/UpdaterTests"),
        // The built programs, as processes.
        .testTarget(
            name: "BlackBoxTests",
            dependencies: [
                "TestSupport", "debounced", "cname-updater", "simulate", "DispatchScenarios", "RouterDispatchScenarios",
            ],
            path: "Tests/BlackBox"),
        // The same with a real dnsmasq and real clients, in namespaces.
        .testTarget(
            name: "RealDnsmasqTests", dependencies: ["TestSupport", "debounced", "cname-updater"],
            path: "Tests/RealDnsmasq"),
    ]
)
