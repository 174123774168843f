import Basics
import CLinux
import Configuration
import Leases
import Linux
import TestSupport
import Testing

@testable import Dnsmasq

/// Rendered files, and processes of dnsmasq that were started with them. The test's own process acts as dnsmasq.
@Suite(.ownThread) struct InstanceTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func path(_ name: String) -> ByteString { ByteString(scratch / "etc/dnsmasq.conf.\(name)") }

    private func process(_ name: String, number: Int32 = Process.number, start: Int64 = 1) -> DnsmasqProcess {
        DnsmasqProcess(number: number, start: start, file: path(name), hasRead: true)
    }

    /// - Parameter files: CFG and the text of each rendered file.
    private func instances(
        _ files: [String: String], _ processes: [DnsmasqProcess], ran: [ByteString] = [], _ settings: String = ""
    ) throws -> [Instance] {
        try run(["mkdir", "-p", scratch / "etc"])
        for (name, text) in files { scratch.write("etc/dnsmasq.conf.\(name)", text) }
        let updater = try Settings(ByteString("config updater\n" + settings), file: "f").updater
        return try Instance.all(updater, in: ByteString(scratch / "etc"), processes: processes) { ran.contains($0) }
    }

    private func shown(_ instances: [Instance]) -> [String] {
        instances.map { "\($0.name) \($0.confdir) \($0.processes.count)" }
    }

    @Test func readsWhatTheInstancesWereGiven() throws {
        let files = [
            "cfg01411c": """
            # auto-generated
            conf-file=/etc/dnsmasq.conf
            domain=LAN
            #domain=no
            conf-dir=/tmp/dnsmasq.cfg01411c.d
            user=dnsmasq
            """,
            "guest": "conf-dir=/tmp/guest.d,.bak,*.orig\ndomain=guest.lan\ndomain=iot.lan,10.0.0.0/24,local\n",
            "third": "conf-dir=/tmp/third.d\ndomain=#\n", "same": "conf-dir=/tmp/guest.d\ndomain=other\n",
            "nowhere": "domain=nowhere\n",
        ]
        let found = try instances(files, files.keys.map { process($0) })
        #expect(
            shown(found) == [
                "cfg01411c /tmp/dnsmasq.cfg01411c.d 1", "guest /tmp/guest.d 1", "nowhere  1", "same /tmp/guest.d 1",
                "third /tmp/third.d 1",
            ])
        #expect(found.map { $0.rendered.domain } == ["lan", "guest.lan", "nowhere", "other", ""])
        #expect(found.allSatisfy { !$0.isPlain })
    }

    /// The rendered file of an instance that was removed, renamed or disabled stays until the next boot.
    @Test func onlyRunningProcessesAreInstances() throws {
        let files = ["lan": "conf-dir=/tmp/lan.d\n", "gone": "conf-dir=/tmp/gone.d\n"]
        #expect(try shown(instances(files, [])) == [])
        #expect(try shown(instances(files, [process("lan")])) == ["lan /tmp/lan.d 1"])
        // One process ends while the next starts.
        let two = [process("lan"), process("lan", start: 2), process("other")]
        #expect(try shown(instances(files, two)) == ["lan /tmp/lan.d 2"])
        // The instance is down, but ran when its fragment changed.
        #expect(
            try shown(instances(files, [process("lan")], ran: ["gone"])) == ["gone /tmp/gone.d 0", "lan /tmp/lan.d 1"])
        // The rendered file of an instance that is down is missing.
        #expect(try shown(instances(files, [process("lan")], ran: ["none"])) == ["lan /tmp/lan.d 1"])
    }

    /// The init script's drafts stay if that script is killed.
    @Test func draftsAreNone() throws {
        let files = ["lan": "conf-dir=/tmp/lan.d\n", "lan.4711": "conf-dir=/tmp/draft.d\n"]
        let found = try instances(files, [process("lan"), process("lan.4711")], ran: ["lan.4711", "lan"])
        #expect(shown(found) == ["lan /tmp/lan.d 1"])
    }

    /// A process with an equal file name elsewhere: `dnsmasq -C` of a file in another folder.
    @Test func theWholePathCounts() throws {
        let other = DnsmasqProcess(number: Process.number, start: 1, file: "/var/etc/dnsmasq.conf.lan", hasRead: true)
        #expect(try instances(["lan": "conf-dir=/tmp/lan.d\n"], [other]).isEmpty)
    }

    @Test func theSettingsWin() throws {
        let files = ["a": "conf-dir=/tmp/a.d\n", "b": "domain=b\n"]
        let found = try instances(files, [process("a"), process("b")], "option confdir /tmp/own.d")
        #expect(shown(found) == ["a /tmp/own.d 1", "b /tmp/own.d 1"])
        let plain = Instance.plain(try Settings("", file: "f").updater)
        #expect(plain.isPlain && plain.confdir == "/tmp/dnsmasq.d" && plain.processes.isEmpty && plain.name.isEmpty)
        let own = try Settings("config updater\noption confdir /tmp/own.d", file: "f").updater
        #expect(Instance.plain(own).confdir == "/tmp/own.d")
    }

    /// A container may run a dnsmasq with equal arguments.
    @Test func aProcessWithAnotherConfdirIsNotOurs() throws {
        let confdir = scratch / "conf.d"
        try run(["mkdir", confdir])
        let mounts = "mount -t tmpfs none \(confdir) && echo mounted && exec sleep 1000"
        let container = try Program(["unshare", "--mount", "sh", "-c", mounts])
        try container.line(with: "mounted")
        let files = ["lan": "conf-dir=\(confdir)\n"]
        let elsewhere = process("lan", number: container.process)
        #expect(try shown(instances(files, [process("lan"), elsewhere])) == ["lan \(confdir) 1"])
        #expect(try instances(files, [elsewhere]).isEmpty)
        // A missing folder proves nothing.
        let missing = ["lan": "conf-dir=\(scratch / "missing")\n"]
        #expect(try shown(instances(missing, [elsewhere])) == ["lan \(scratch / "missing") 1"])
        #expect(try shown(instances(["lan": "domain=lan\n"], [elsewhere])) == ["lan  1"])
    }

    // MARK: Obstacles

    private func obstacle(_ text: String, _ settings: String = "") throws -> String? {
        let finding = try instances(["lan": text], [process("lan")], settings)[0].obstacle()
        #expect(finding.map { $0.kind == .problem } != false)
        return finding?.message.description.replacing("\(path("lan"))", with: "RENDERED")
    }

    @Test func saysWhatIsInTheWay() throws {
        let confdir = "conf-dir=\(scratch / "conf")"
        #expect(try obstacle(confdir) == nil && obstacle("\(confdir),*.conf,.bak") == nil)
        #expect(
            try obstacle("\(confdir)\nport=0")
                == "RENDERED: port=0: this instance answers no queries, so it is given no aliases")
        #expect(try obstacle("domain=lan") == "RENDERED: has no conf-dir, so this instance is given no aliases")
        let filter = "RENDERED: its conf-dir reads no file of the name cname-updater.conf, so it is given no aliases"
        #expect(try obstacle("\(confdir),*.dnsmasq") == filter && obstacle("\(confdir),.conf") == filter)
        // The filter belongs to the rendered conf-dir; a conf-dir from the settings has no filter.
        #expect(try obstacle("\(confdir),*.dnsmasq", "option confdir \(scratch / "own")") == nil)
        #expect(try obstacle("domain=lan", "option confdir \(scratch / "own")") == nil)
        #expect(try obstacle("port=0", "option confdir \(scratch / "own")") != nil)
    }

    /// Each change would wear out a router's flash, where an overlay has its upper half.
    @Test func writesToNoFlash() throws {
        let script = """
            mount -t tmpfs none /mnt && mkdir /mnt/lower /mnt/upper /mnt/work /mnt/overlay &&
            mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/overlay &&
            echo mounted && exec sleep 1000
            """
        let mounts = try Program(["unshare", "--mount", "sh", "-c", script])
        try mounts.line(with: "mounted")
        // The overlay as it is seen from outside that namespace.
        let flash = "/proc/\(mounts.process)/root/mnt/overlay"
        for folder in [flash, flash + "/not/there"] {
            #expect(
                try obstacle("conf-dir=\(folder)")
                    == "\(folder): is not in memory, but aliases change often; see option confdir")
        }
        #expect(try obstacle("conf-dir=/proc/\(mounts.process)/root/mnt/upper") == nil)
        #expect(throws: Fault.self) { try obstacle("conf-dir=\(path("lan"))/file") }
    }

    @Test func servesTheNetworksOfItsRanges() throws {
        func serves(_ text: String, _ addresses: [String]) throws -> [Bool] {
            let instance = try instances(["lan": text], [process("lan")])[0]
            return addresses.map { instance.serves(Lease(addresses: [.init(stringLiteral: $0)])) }
        }
        let ranges =
            "dhcp-range=set:lan,192.168.1.100,192.168.1.249,255.255.255.0,12h\ndhcp-range=fd00:1::,fd00:1::ff\n"
        #expect(
            try serves(ranges, ["192.168.1.7", "192.168.2.7", "fd00:1::7", "fd00:2::7"]) == [true, false, true, false])
        #expect(try serves("", ["192.168.1.7", "fd00:2::7"]) == [true, true])
        // The first address of a mixed range decides its kind.
        let mixed = "dhcp-range=fd00:1::,10.0.0.1,fd00:1::ff,255.0.0.0\n"
        #expect(try serves(mixed, ["10.0.0.1", "fd00:1::7", "fd00:1::100"]) == [false, true, false])
    }

    @Test func namesItsHostsFiles() throws {
        func files(_ text: String) throws -> [ByteString] {
            try instances(["lan": text], [process("lan")])[0].hostsFiles
        }
        #expect(try files("addn-hosts=/tmp/hosts\nhostsdir=/tmp/more") == ["/etc/hosts", "/tmp/hosts", "/tmp/more"])
        #expect(try files("no-hosts") == [])
    }
}
