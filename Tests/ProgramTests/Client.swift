import CLinux
import TestSupport

/// A machine's interface `eth0`, in a network namespace of its own, at its end of a link to a `Router`.
final class Client {
    /// The MAC address.
    let hardware: String
    private let network: String
    /// The address that it was given last.
    private(set) var address = ""
    private var dhcp: Program?

    /// - Parameter network: The file that stands for the namespace.
    init(_ hardware: String, network: String) {
        self.hardware = hardware
        self.network = network
    }

    /// Runs something to its end on the machine.
    @discardableResult
    func inside(_ words: [String]) throws -> String {
        try run(["nsenter", "--net=\(network)"] + words).output
    }

    /// Starts a system, after the one that may run has been cut off, and waits until it has a lease.
    ///
    /// - Parameter identifier: Option 61 in hexadecimal digits; nil: the MAC address with its type in front.
    func boot(_ hostName: String, identifier: String? = nil) throws {
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
    func release() throws {
        dhcp?.signal(SIGUSR2)
        try dhcp?.line(with: "released")
    }

    /// Ends without a word, as when a plug is pulled: the lease runs on.
    func pull() throws {
        dhcp?.signal(SIGKILL)
        try dhcp?.end()
        dhcp = nil
    }
}
