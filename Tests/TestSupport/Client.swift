import CLinux

/// A machine in a network namespace of its own. Its interface `eth0` is linked to a `Router`.
public final class Client {
    /// The MAC address.
    public let hardware: String
    private let network: String
    /// The IPv4 address of the last lease.
    public private(set) var address = ""
    private var dhcp: Program?
    private var dhcpv6: Program?
    private let scratch = Scratch()

    /// - Parameter network: The file of the namespace, as nsenter(1) takes it.
    init(_ hardware: String, network: String) {
        self.hardware = hardware
        self.network = network
    }

    /// Runs a program on the machine, and waits for its end.
    @discardableResult
    public func inside(_ words: [String]) throws -> String {
        try run(["nsenter", "--net=\(network)"] + words).output
    }

    /// Kills the operating system that runs, if any, boots a new one, and waits until it has a lease.
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

    /// Requests an IPv6 address, and waits for it. The router needs a DHCPv6 range.
    public func bootIPv6(_ hostName: String) throws {
        // dnsmasq takes the name of the FQDN option: RFC 4704.
        scratch.write("conf", "send fqdn.fqdn \"\(hostName).\";\nsend fqdn.encoded on;\nsend fqdn.server-update on;\n")
        scratch.write("leases", "")
        try eventually("its own address is no other's") {
            let own = try inside(["ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link"])
            return own.contains("fe80:") && !own.contains("tentative")
        }
        dhcpv6 = try Program([
            "nsenter", "--net=\(network)", "dhclient", "-6", "-d", "-D", "LL", "-cf", scratch / "conf",
            "-lf", scratch / "leases", "-pf", scratch / "pid", "-sf", "\(Router.scripts)/dhclient-script", "eth0",
        ])
        try dhcpv6?.line(with: "Bound to lease")
    }

    /// Gives the IPv6 address back.
    public func releaseIPv6() throws {
        // This call also ends the dhclient that runs.
        try inside([
            "dhclient", "-6", "-r", "-D", "LL", "-cf", scratch / "conf", "-lf", scratch / "leases",
            "-pf", scratch / "pid", "-sf", "\(Router.scripts)/dhclient-script", "eth0",
        ])
        try dhcpv6?.end()
        dhcpv6 = nil
    }

    /// Renews the lease before its time, and waits for that.
    public func renew() throws {
        dhcp?.signal(SIGUSR1)
        try dhcp?.line(with: "lease of ")
    }

    /// Gives the lease back.
    public func release() throws {
        dhcp?.signal(SIGUSR2)
        try dhcp?.line(with: "released")
    }

    /// Kills the DHCP client without a release, as if a plug were pulled. The lease stays.
    public func pull() throws {
        dhcp?.signal(SIGKILL)
        try dhcp?.end()
        dhcp = nil
    }
}
