import Basics
import Network
import TestSupport
import Testing

@testable import Dnsmasq

@Suite struct HostsFilesTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func entries(_ paths: [String], where isWanted: (ByteString) -> Bool = { _ in true }) -> [ByteString] {
        HostsFiles.entries(in: paths.map { ByteString($0) }, where: isWanted).map { "\($0.name) \($0.address)" }
    }

    @Test func readsLines() {
        let file = scratch.write(
            "hosts",
            """
            # 10.0.0.1 comment
            10.0.0.2 Nas.lan NAS#x
            \t10.0.0.3\ttab  # behind
            fd00:0:0:1::20 nas.lan nas\r
            10.0.0.2 nas nas
            10.0.0.4
            nonsense name
            10.0.0.5 -no ../no under_score

            10.0.0.6 last
            """)
        #expect(
            entries([file]) == [
                "nas.lan 10.0.0.2", "nas 10.0.0.2", "tab 10.0.0.3", "nas.lan fd00:0:0:1::20", "nas fd00:0:0:1::20",
                "under_score 10.0.0.5", "last 10.0.0.6",
            ])
        #expect(entries([file]) { $0 == "nas" } == ["nas 10.0.0.2", "nas fd00:0:0:1::20"])
        #expect(entries([file, file]) { $0 == "last" } == ["last 10.0.0.6"], "each once")
    }

    @Test func leavesOutAddressesOfNoHost() {
        let file = scratch.write(
            "hosts",
            """
            127.0.0.1 localhost a
            127.9.9.9 b
            0.0.0.0 ads.example
            ::1 localhost
            :: ads.example
            128.0.0.1 c
            0.0.0.1 d
            ::2 e
            fe80::1 f
            """)
        #expect(entries([file]) == ["c 128.0.0.1", "d 0.0.0.1", "e ::2", "f fe80::1"])
    }

    @Test func readsFoldersAsDnsmasqDoes() throws {
        let here = scratch / "d"
        try run(["mkdir", "-p", here + "/sub"])
        for name in ["a", "odhcpd.hosts.lan", ".draft", "b~", "#c#", "sub/d"] {
            let word = name.filter { $0.isLetter }
            scratch.write("d/" + name, "10.0.0.1 \(word)\n")
        }
        scratch.write("elsewhere", "10.0.0.1 linked\n")
        try run(["ln", "-s", scratch / "elsewhere", here + "/link"])
        try run(["mkfifo", here + "/fifo"])
        #expect(entries([here]) == ["a 10.0.0.1", "linked 10.0.0.1", "odhcpdhostslan 10.0.0.1"])
        #expect(entries([scratch / "no"]) == [])
    }

    @Test func passesOverAnAdBlockersList() {
        let start = "10.0.0.1 name\n#"
        let most = HostsFiles.longest - start.utf8.count
        let (fits, long) = (String(repeating: "x", count: most), String(repeating: "x", count: most + 1))
        #expect(entries([scratch.write("fits", start + fits)]) == ["name 10.0.0.1"])
        #expect(
            entries([scratch.write("long", start + long), scratch.write("more", "10.0.0.2 more\n")]) == [
                "more 10.0.0.2"
            ])
    }
}
