import CLinux
import TestSupport

/// A process of an instance.
struct VirtualProcess {
    struct Loaded: Equatable {
        var directives: String
        /// The inode of the folder that it follows.
        var inode: UInt64?
    }

    let start: Int64
    /// nil before it has read its files.
    var loaded: Loaded?
    /// Whether it shows that it has read its files.
    var hasRead = false
}

struct VirtualLease: Equatable {
    /// The moment of `EventWorld.now` 0, in seconds since 1970.
    static let epoch = 1_700_000_000

    var mac: String
    var identifier = "*"
    var address: String
    var name: String
    /// In seconds on the clock of `EventWorld.now`; nil without end.
    var end: Int?

    var line: String {
        "\(end.map { Self.epoch + $0 } ?? 0) \(mac) \(address) \(name.isEmpty ? "*" : name) \(identifier)"
    }

    /// The variables of an event.
    ///
    /// - Parameter now: In seconds.
    func variables(_ action: String, at now: Int, _ more: [String: String] = [:]) -> [String: String] {
        var all = more
        if identifier != "*" { all["DNSMASQ_CLIENT_ID"] = identifier }
        if action != "remove", let end { all["DNSMASQ_TIME_REMAINING"] = "\(max(0, end - now))" }
        return TestSupport.variables(action, mac, address, name, all)
    }
}

/// An instance of dnsmasq: its rendered file, and the leases in its memory.
final class VirtualDnsmasq {
    let name: String
    /// A folder of the world.
    let confdir: String
    /// A file of the world.
    let leaseFile: String
    /// Lines at the start and the end of the rendered file.
    var first = ""
    var options: String
    var leases: [VirtualLease] = []
    var file: String { "etc/dnsmasq.conf.\(name)" }

    static var main: VirtualDnsmasq { VirtualDnsmasq("main") }

    init(
        _ name: String, confdir: String = "conf", leaseFile: String = "dhcp.leases", network: Int = 0,
        _ options: String = "domain=lan"
    ) {
        self.name = name
        self.confdir = confdir
        self.leaseFile = leaseFile
        self.options = "\(options)\ndhcp-range=10.0.\(network).1,10.0.\(network).250,255.255.255.0,12h"
    }
}

extension EventWorld {
    /// Renders the configuration of an instance, as its init script does.
    func render(_ one: VirtualDnsmasq, _ more: String = "") {
        let places = "conf-dir=\(scratch / one.confdir)\ndhcp-leasefile=\(scratch / one.leaseFile)\nno-hosts\n"
        // Another inode each time.
        let draft = scratch.write("etc/.new", "\(one.first)\n\(places)\(one.options)\n\(more)\n")
        rename(draft, scratch / one.file)
    }

    /// Writes the lease file of an instance from its memory.
    func write(_ one: VirtualDnsmasq) {
        scratch.write(one.leaseFile, one.leases.map { $0.line + "\n" }.joined())
    }

    var seconds: Int { Int(now.sinceStart.components.seconds) }

    /// Gives the client with this number a lease: dnsmasq writes its lease file and sends an event.
    ///
    /// - Parameter tells: Whether the event arrives.
    func lease(_ number: Int, _ name: String, address: String? = nil, end: Int? = nil, tells: Bool = true) throws {
        let lease = VirtualLease(
            mac: "aa:bb:cc:dd:ee:0\(number)", address: address ?? "10.0.0.\(number)", name: name, end: end)
        if let one = instances.first {
            one.leases.removeAll { $0.mac == lease.mac || $0.address == lease.address }
            one.leases.append(lease)
            write(one)
        }
        if tells { try handle(lease.variables("add", at: seconds)) }
    }

    /// Removes the lease of the client with this number.
    func release(_ number: Int, _ name: String, tells: Bool = true) throws {
        let mac = "aa:bb:cc:dd:ee:0\(number)"
        if let one = instances.first {
            one.leases.removeAll { $0.mac == mac }
            write(one)
        }
        if tells { try handle(variables("remove", mac, "10.0.0.\(number)", name)) }
    }

    /// Sends HUP to dnsmasq, which then replays all leases.
    func hangUp() throws {
        for one in instances {
            for lease in one.leases {
                try handle(lease.variables("update", at: seconds, ["DNSMASQ_DATA_MISSING": "1"]))
            }
        }
    }
}
