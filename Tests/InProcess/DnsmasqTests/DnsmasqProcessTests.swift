import Basics
import CLinux
import Dnsmasq
import Linux
import TestSupport
import Testing

/// Instances of a real dnsmasq, most without DNS and DHCP. Other tests run instances too, so each test counts only its
/// own.
@Suite(.ownThread) struct DnsmasqProcessTests {
    private let scratch = Scratch()

    /// Starts an instance. A script for ARP events gives it a script helper without DHCP.
    private func start(_ lines: String, port: Int = 0, script: Bool = true, below words: [String] = []) throws
        -> Program
    {
        let helper = script ? "script-arp\ndhcp-script=/bin/true\n" : ""
        // Two instances that write one PID file at once can both fail, so they write no PID file.
        let file = scratch.write("conf", "pid-file\nport=\(port)\nlog-facility=-\n" + helper + lines + "\n")
        return try Program(words + ["dnsmasq", "-k", "-C", file])
    }

    private func instances() throws -> [DnsmasqProcess] {
        try DnsmasqProcess.all().filter { $0.file == ByteString(scratch / "conf") }
    }

    /// Waits until the only instance has read its files.
    private func ready() throws -> DnsmasqProcess {
        try eventually("an instance has read its files") { try instances().contains { $0.hasRead } }
        let found = try instances()
        #expect(found.count == 1)
        return found[0]
    }

    /// The processes that dnsmasq has started.
    private func children(of process: Program) -> [String] {
        contents("/proc/\(process.process)/task/\(process.process)/children")!.split(separator: " ").map(String.init)
    }

    @Test func anInstanceIsFoundWithoutItsHelper() throws {
        let before = Process.now
        let program = try start("")
        let found = try ready()
        #expect(found.number == program.process)
        #expect(found.started > before - .milliseconds(11) && found.started <= Process.now)
        try eventually("it has its helper") { children(of: program).count == 1 }
        #expect(try instances() == [found])
    }

    /// A helper stays after a KILL, and after a TERM while its scripts run.
    @Test func aHelperThatOutlivesItsParentIsNoInstance() throws {
        let program = try start("")
        _ = try ready()
        try eventually("it has its helper") { children(of: program).count == 1 }
        let helper = try #require(pid_t(children(of: program)[0]))
        kill(helper, SIGSTOP)
        program.signal(SIGKILL)
        try eventually("the helper is alone") { try instances() == [] }
        #expect(try ByteString("dnsmasq") == Files.read("/proc/\(helper)/comm").lines[0])
        kill(helper, SIGKILL)
    }

    @Test func onlyAStartMakesItAnotherProcess() throws {
        let network = ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
        let program = try start("user=root\nno-hosts\naddn-hosts=\(scratch / "hosts")", port: 53, below: network)
        let found = try ready()
        scratch.write("hosts", "10.0.0.1 a b c\n")
        program.signal(SIGHUP)
        try program.line(with: "hosts - 3 names")
        #expect(try instances() == [found])
        program.signal(SIGTERM)
        try eventually("a zombie is left") { contents("/proc/\(found.number)/stat")!.contains(") Z ") }
        #expect(try instances() == [])
        let next = try start("")
        let other = try ready()
        #expect(other.number == next.process && !other.isSame(as: found) && other.start > found.start)
    }

    @Test func theStartTellsTwoProcessesOfOneNumberApart() {
        func process(_ number: Int32, _ start: Int64, hasRead: Bool = true) -> DnsmasqProcess {
            DnsmasqProcess(number: number, start: start, file: "/var/etc/dnsmasq.conf.lan", hasRead: hasRead)
        }
        #expect(process(7, 100).isSame(as: process(7, 100, hasRead: false)))
        #expect(!process(7, 100).isSame(as: process(7, 101)))
        #expect(!process(7, 100).isSame(as: process(8, 100)))
        #expect(process(7, 1234).started == Instant(sinceStart: .milliseconds(12340)))
    }

    /// A process may still read a file that changed after its start.
    @Test func oneThatStillReadsHasNotRead() throws {
        let gate = try Gate()
        let program = try start("conf-script=\"sh -c '\(gate.wait)'\"")
        try eventually("it runs its configuration's script") {
            children(of: program).contains { contents("/proc/\($0)/comm") == "sh" }
        }
        #expect(try instances().map { $0.hasRead } == [false])
        try gate.open()
        #expect(try ready().number == program.process)
    }

    @Test func oneThatStaysRootHasReadOnceItHasItsHelper() throws {
        let program = try start("user=root")
        #expect(try ready().number == program.process)
    }

    @Test func itIsUnknownOfOneThatStaysRootWithoutAHelper() throws {
        let program = try start("user=root", script: false)
        try program.line(with: "started")
        #expect(try instances().map { $0.hasRead } == [false])
    }

    @Test func allAreFound() throws {
        let programs = [try start("", script: false), try start("", script: false)]
        try eventually("both have dropped root") { try instances().filter { $0.hasRead }.count == 2 }
        #expect(try instances().map { $0.number }.sorted() == programs.map { $0.process }.sorted())
    }

    @Test func anotherFolderAtTheSamePathIsNotSeen() throws {
        let folder = ByteString(scratch / "conf.d")
        let link = ByteString(scratch / "link")
        try Files.makePublicFolder(folder)
        try run(["ln", "-s", scratch / "conf.d", scratch / "link"])
        let here = try start("user=root")
        let found = try ready()
        #expect(found.sees(folder) && found.sees(link))
        #expect(!found.sees(ByteString(scratch / "none")))
        here.signal(SIGTERM)
        try here.end()
        #expect(!found.sees(folder), "it has gone")

        let mounts = "mount -t tmpfs none \(scratch / "conf.d") && exec \"$@\""
        let elsewhere = try start("user=root", below: ["unshare", "--mount", "sh", "-c", mounts, "sh"])
        let other = try ready()
        #expect(other.number == elsewhere.process)
        #expect(!other.sees(folder) && other.sees(ByteString(scratch.path)))
    }
}

extension DnsmasqProcess: Equatable {
    public static func == (one: DnsmasqProcess, other: DnsmasqProcess) -> Bool {
        one.isSame(as: other) && one.file == other.file && one.hasRead == other.hasRead
    }
}
