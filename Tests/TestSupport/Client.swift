import CLinux

/// A machine's interface `eth0`, in a network namespace of its own, at its end of a link to a `Router`.
public final class Client {
    /// The MAC address.
    public let hardware: String
    private let network: String
    /// The address of its last lease.
    public private(set) var address = ""
    private var dhcp: Program?

    /// - Parameter network: The file that stands for the namespace.
    init(_ hardware: String, network: String) {
        self.hardware = hardware
        self.network = network
    }

    /// Runs a program on the machine, and waits for its end.
    @discardableResult
    public func inside(_ words: [String]) throws -> String {
        try run(["nsenter", "--net=\(network)"] + words).output
    }

    /// Cuts off the operating system that runs, if any, starts another, and waits until it has a lease.
    ///
    /// - Parameter identifier: Option 61 in hexadecimal digits; nil means the MAC address with its type in front.
    public func boot(_ hostName: String, identifier: String? = nil) throws {
        try pull()
        let words = [
            "nsenter", "--net=\(network)", "udhcpc", "-f", "-i", "eth0", "-s", "\(Router.scripts)/udhcpc-script",
            "-t", "20", "-T", "1", "-x", "hostname:\(hostName)",
        ]
        let dhcp = try Program(words + (identifier.map { ["-x", "0x3d:\($0)"] } ?? []))
        self.dhcp = dhcp
        // "udhcpc: lease of 10.77.1.2 obtained from 10.77.0.1, lease time 43200"
        address = try String(dhcp.line(with: "lease of ").split(separator: " ")[3])
    }

    /// Gives the lease back.
    public func release() throws {
        dhcp?.signal(SIGUSR2)
        try dhcp?.line(with: "released")
    }

    /// Ends without telling anybody, as if a plug were pulled: the lease runs on.
    public func pull() throws {
        dhcp?.signal(SIGKILL)
        try dhcp?.end()
        dhcp = nil
    }
}
