import Basics
import Linux
import Network
import TestSupport
import Testing

@testable import Dnsmasq

/// Both ways to publish aliases, and the folder of `publish 'hosts'`.
@Suite(.ownThread) struct PublisherTests {
    private let scratch = Scratch(in: "/dev/shm")
    private var confdir: ByteString { ByteString(scratch / "conf") }
    private var folder: String { scratch / "conf/cname-updater.hosts" }
    private var line: ByteString { "hostsdir=\(confdir)/cname-updater.hosts" }

    private func entry(
        _ alias: HostName, _ target: HostName?, _ addresses: [Address] = ["10.0.0.9"], others: [Address] = [],
        domains: [String] = ["lan"]
    ) -> AliasEntry {
        AliasEntry(
            alias, to: target, in: domains.compactMap { Domain(ByteString($0)) }, addresses: addresses, others: others)
    }

    private func leftOut(_ alias: HostName) -> AliasEntry {
        let entry = entry(alias, "x")
        entry.omission = "why"
        return entry
    }

    private func publish(_ entries: [AliasEntry], isFollowed: Bool = false) throws {
        try Publisher.hosts.writeFiles(entries, in: confdir, isFollowed: isFollowed)
    }

    private func files() throws -> [ByteString] { try Files.names(in: ByteString(folder), hidden: true) }

    @Test func theFragmentNamesTheAliasesOrTheFolder() {
        let entries = [entry("b", "x"), leftOut("c"), entry("a", "y"), entry("d", nil), leftOut("aa")]
        #expect(
            Publisher.cname.text(entries, in: confdir) == """
                #aa is left out: why
                #c is left out: why
                cname=a,a.lan,y.lan
                cname=b,b.lan,x.lan
                """)
        #expect(Publisher.hosts.text(entries, in: confdir) == "#aa is left out: why\n#c is left out: why\n\(line)")
        #expect(Publisher.hosts.text([entry("d", nil)], in: confdir) == line, "a later target needs no restart")
        #expect(Publisher.hosts.text([], in: confdir) == "" && Publisher.cname.text([], in: confdir) == "")
    }

    @Test func eachAliasHasAFileWithItsAddresses() throws {
        let a = entry("a", "x", ["10.0.0.9", "fd00::9", "10.0.0.10"], others: ["10.0.0.7", "10.0.0.9", "10.0.0.6"])
        let bare = entry("bare", "y", domains: [])
        try publish([a, bare, entry("none", nil), leftOut("out")])
        #expect(try files() == ["a", "bare"])
        #expect(
            contents(folder + "/a") == """
                10.0.0.10 a.alias.invalid a.lan a
                10.0.0.9 a.alias.invalid a.lan a
                fd00::9 a.alias.invalid a.lan a
                10.0.0.6 a.alias.invalid
                10.0.0.7 a.alias.invalid
                """)
        #expect(contents(folder + "/bare") == "10.0.0.9 bare.alias.invalid bare")
        #expect(try Files.names(in: confdir, hidden: true) == ["cname-updater.hosts"], "no draft is left")
        #expect(try run(["stat", "-c", "%a", scratch / "conf", folder, folder + "/a"]).output == "755\n755\n644")
        for entry in [a, bare, entry("none", nil), leftOut("out")] {
            #expect(try Publisher.hosts.hasFile(entry, in: confdir), "\(entry.alias)")
        }
        #expect(try !Publisher.hosts.hasFile(entry("a", "x"), in: confdir))
        #expect(try !Publisher.hosts.hasFile(leftOut("a"), in: confdir))
        #expect(try !Publisher.hosts.hasFile(entry("c", "x"), in: confdir))
        #expect(try Publisher.cname.hasFile(entry("c", "x"), in: confdir))
    }

    @Test func filesOfAliasesThatAreNotPublishedGo() throws {
        try publish([entry("a", "x"), entry("b", "x"), entry("c", "x")])
        scratch.write("conf/cname-updater.hosts/foreign", "10.0.0.1 bank\n")
        scratch.write("conf/cname-updater.hosts/.hidden", "10.0.0.1 bank\n")
        try publish([entry("a", "x"), entry("b", nil), leftOut("c")])
        #expect(try files() == ["a"])
        // The folder stays as it is if nothing is published in it, since a process may follow it.
        try publish([])
        #expect(try files() == ["a"])
    }

    @Test func aFileThatIsRightIsNotWritten() throws {
        func inodes() throws -> String { try run(["stat", "-c", "%i %Y %Z", folder + "/a", folder]).output }
        try publish([entry("a", "x")])
        let before = try inodes()
        try publish([entry("a", "x")], isFollowed: true)
        #expect(try inodes() == before)
        try publish([entry("a", "y", ["10.0.0.8"])])
        #expect(contents(folder + "/a") == "10.0.0.8 a.alias.invalid a.lan a")
    }

    /// dnsmasq gives a lease the first name that it finds for its address. A new address therefore first gets a name
    /// outside our domains.
    @Test func aNewAddressIsPutThereInTwoSteps() throws {
        try publish([entry("a", "x", ["10.0.0.1"])])
        // Plays dnsmasq, which reads the file after each change.
        let over = Flag()
        let reader = try inBackground { () -> Set<String> in
            var seen: Set<String> = []
            while !over.isSet { if let text = contents(folder + "/a") { seen.insert(text) } }
            return seen
        }
        // A busy machine's reader may miss some changes.
        let changes = 1...50
        for old in changes { try publish([entry("a", "y", ["10.0.0.\(old + 1)"])], isFollowed: true) }
        over.set()
        let seen = try reader()
        #expect(
            changes.contains { old in
                seen.contains("10.0.0.\(old) a.alias.invalid a.lan a\n10.0.0.\(old + 1) a.alias.invalid")
            })
        #expect(contents(folder + "/a") == "10.0.0.51 a.alias.invalid a.lan a")
    }

    @Test func aFolderMadeAnewIsAnotherContent() throws {
        let cname: ByteString = "cname=a,a.lan,x.lan"
        let digest = try Publisher.digest(cname, in: confdir)
        #expect(try Publisher.digest("# a comment\n\(cname)", in: confdir) == digest, "comments load nothing")
        #expect(try Publisher.digest("cname=a,a.lan,y.lan", in: confdir) != digest)
        #expect(try Publisher.digest("", in: confdir) == Publisher.digest("#x\n\n", in: confdir))

        let missing = try Publisher.digest(line, in: confdir)
        #expect(!Publisher.hosts.isReady(line, in: confdir) && Publisher.hosts.isReady("#x", in: confdir))
        #expect(Publisher.cname.isReady(cname, in: confdir))
        try publish([entry("a", "x")])
        #expect(Publisher.hosts.isReady(line, in: confdir))
        let there = try Publisher.digest(line, in: confdir)
        #expect(there != missing)
        #expect(try Publisher.digest("#a is left out: why\n\(line)", in: confdir) == there)
        try run(["mv", folder, folder + ".old"])
        #expect(try Publisher.digest(line, in: confdir) == missing)
        try publish([entry("a", "x")])
        #expect(try ![missing, there].contains(Publisher.digest(line, in: confdir)))
    }

    @Test func theFolderGoesOnceItIsNotNamed() throws {
        try publish([entry("a", "x")])
        try Publisher.hosts.removeUnusedFolder(line, in: confdir)
        try Publisher.hosts.removeUnusedFolder("#a is left out: why\n\(line)", in: confdir)
        #expect(try files() == ["a"])
        try Publisher.cname.removeUnusedFolder("cname=a,a.lan,x.lan", in: confdir)
        #expect(try Files.names(in: confdir, hidden: true) == [])
        try Publisher.hosts.removeUnusedFolder("", in: confdir)
    }

    @Test func isPreparedBeforeTheFirstStart() throws {
        try Publisher.prepare(confdir)
        #expect(try Fragment(in: confdir).text() == line && files() == [])
        // Aliases in the prepared folder are no change for dnsmasq.
        let digest = try Publisher.digest(line, in: confdir)
        try publish([entry("a", "x")])
        #expect(try Publisher.digest(Publisher.hosts.text([entry("a", "x")], in: confdir), in: confdir) == digest)
    }

    @Test func tellsOurFolderFromOthers() {
        #expect(
            HostsFolder.isOurs("/tmp/d/cname-updater.hosts") && !HostsFolder.isOurs("/tmp/d/cname-updater.hosts.old"))
    }
}
