import Basics
import Configuration
import Dnsmasq
import TestSupport
import Testing

/// The CNAMEs in dnsmasq's other settings, compared with dnsmasq itself.
@Suite struct OtherSettingsTests {
    private let scratch = Scratch(in: "/dev/shm")

    /// - Parameters:
    ///   - text: Lines of the rendered file besides the conf-dir.
    ///   - filter: The filter behind the conf-dir.
    private func other(
        _ names: [String] = [], rendered text: String = "", filter: String = "", dhcp: String? = nil,
        obstacle: ByteString? = nil
    ) throws -> OtherSettings {
        try run(["mkdir", "-p", scratch / "etc", scratch / "conf"])
        scratch.write("etc/dnsmasq.conf.cfg01411c", "conf-dir=\(scratch / "conf")\(filter)\n" + text)
        let rendered = try RenderedFile.all(in: ByteString(scratch / "etc"))
        let reservations = try dhcp.map { try Reservations(ByteString($0), file: "/etc/config/dhcp") }
        return OtherSettings(
            of: rendered, confdir: ByteString(scratch / "conf"), reservations: reservations, key: "k1",
            obstacle: obstacle
        ) { names.map { ByteString($0) }.contains($0) }
    }

    private func places(
        _ names: [String], rendered text: String = "", filter: String = "", dhcp: String? = nil
    ) throws -> [String?] {
        let other = try other(names, rendered: text, filter: filter, dhcp: dhcp)
        return names.map { other.place(of: ByteString($0))?.description }
    }

    /// Returns whether dnsmasq accepts the text with one more CNAME.
    private func starts(_ text: String, with name: String) throws -> Bool {
        let file = scratch.write("test.conf", text + "\n")
        let one = scratch.write("one.conf", "cname=\(name),x.lan\n")
        return try run(["dnsmasq", "--test", "--conf-file=\(file)", "--conf-file=\(one)"]).status == 0
    }

    @Test(arguments: [
        "cname=printer,laser", "cname=printer.lan,laser", "cname=a,printer,laser.lan", "cname=a,printer,laser.lan,60",
        "cname=printer,60", "cname=laser,printer", "cname=a,laser,printer,60", "cname=PRINTER,laser",
        "cname=printer.,laser", " cname = printer , laser ", "\tcname=a, printer,laser", "cname=\"printer\",laser",
        "#cname=printer,laser", "cname=a,laser #,printer,b", "cname=a#printer,laser", "address=/printer/10.0.0.1",
        "cname=a,laser\r\ncname=printer,laser\r", "cname=printers,laser", "cname=a,laser\n\n\ncname=b,laser",
        "host-record=printer,10.0.0.1", "cname=*.printer,laser", "txt-record=a,\"cname=printer,laser\"",
    ])
    func findsWhatDnsmasqFinds(text: String) throws {
        for name in ["printer", "printer.lan"] {
            let isFound = try places([name], rendered: text + "\n")[0] != nil
            #expect(try isFound == !starts(text, with: name), "\(name)")
        }
    }

    @Test func saysWhere() throws {
        let path = scratch / "etc/dnsmasq.conf.cfg01411c"
        #expect(
            try places(["a", "b", "c"], rendered: "\n# b\ncname=b,x.lan\ncname=a,x.lan") == [
                "\(path):5", "\(path):4", nil,
            ])
        let dhcp = """
            config cname
                option cname 'a'
                option target 'x'
            config cname
                option target 'x'
                option cname 'B,c'
            config cname
                option cname 'd'
            """
        // uci's file has the reservations.
        let file = Reservations.path.description
        #expect(
            try places(["a", "b", "c", "d", "x"], dhcp: dhcp) == ["\(file):2", "\(file):6", "\(file):6", nil, nil])
    }

    /// Other files, filtered folders, links, and names that are not files.
    @Test func readsWhatDnsmasqReads() throws {
        let here = scratch.path
        try run([
            "sh", "-c",
            """
            mkdir -p \(here)/conf/sub \(here)/all \(here)/some
            for name in a b~ '#c#' .d sub/e cname-updater.conf; do echo "cname=\\${name##*/},x" >"\(here)/conf/$name"; done
            echo "cname=fragment,x" >\(here)/conf/cname-updater.conf
            echo "cname=one.conf,x" >\(here)/some/one.conf; echo "cname=two.bak,x" >\(here)/some/two.bak
            echo "cname=linked,x" >\(here)/elsewhere; ln -s \(here)/elsewhere \(here)/conf/link
            mkfifo \(here)/conf/fifo; ln -s /dev/zero \(here)/conf/zero; ln -s nowhere \(here)/conf/nowhere
            echo "conf-file=\(here)/third" >\(here)/second; echo "conf-file=\(here)/second" >\(here)/third
            echo "cname=third,x" >>\(here)/third
            echo "cname=f,x" >\(here)/conf/f
            """.replacing("\\${", with: "${"),
        ])
        let rendered = "conf-file=\(here)/second\nconf-dir=\(here)/some,.bak\n"
        let names = ["a", "f", "linked", "third", "one.conf"]
        let others = ["b~", "#c#", ".d", "e", "fragment", "two.bak"]
        #expect(try places(names, rendered: rendered).allSatisfy { $0 != nil })
        #expect(try places(others, rendered: rendered).allSatisfy { $0 == nil })
        #expect(
            try places(["one.conf", "two.bak"], rendered: "conf-dir=\(here)/some,*.bak\n").map { $0 != nil } == [
                false, true,
            ])
    }

    /// The filter of file name endings behind the conf-dir.
    @Test func theConfdirHasItsFilter() throws {
        try run(["mkdir", "-p", scratch / "conf"])
        scratch.write("conf/one.conf", "cname=one,x\n")
        scratch.write("conf/two.bak", "cname=two,x\n")
        let all = [
            "": [true, true], ",.bak": [true, false], ",*.bak": [false, true], ",*.conf,.conf": [false, false],
        ]
        for (filter, found) in all {
            #expect(try places(["one", "two"], filter: filter).map { $0 != nil } == found, "\(filter)")
        }
    }

    /// `RenderedFile` has the domains of the rendered file itself.
    @Test func domainsAreThoseOfTheOtherFiles() throws {
        try run(["mkdir", "-p", scratch / "conf"])
        scratch.write("conf/iot", "domain=iot.lan,192.168.2.0/24\n#domain=no\n domain = \"last\" # behind\ndomain=#\n")
        scratch.write("second", "domain=second.lan,10.0.0.0/8\n")
        let other = try other(rendered: "domain=rendered\nconf-file=\(scratch / "second")\n")
        #expect(other.domains.map { $0.name } == ["iot.lan", "last", "second.lan"])
        #expect(other.domains.name(for: nil) == "last" && other.domains.name(for: "192.168.2.9") == "iot.lan")
    }

    @Test func isKeptAsASmallText() throws {
        try run(["mkdir", "-p", scratch / "conf"])
        scratch.write("conf/iot", "domain=iot.lan,192.168.2.0/24\ncname=a,domain,x\ncname=unwanted,x\n")
        let first = try other(
            ["a", "b", "domain"], dhcp: "config cname\n option cname b\n option target x\n", obstacle: "why not")
        let text: ByteString = """
            k1
            obstacle why not
            cname b \(Reservations.path):2
            domain iot.lan,192.168.2.0/24
            cname a \(ByteString(scratch / "conf/iot")):2
            cname domain \(ByteString(scratch / "conf/iot")):2
            """
        #expect(first.text == text && first.obstacle == "why not")
        for kept in [text, text + "\n"] {
            let again = try #require(OtherSettings(text: kept, key: "k1"))
            #expect(again.text == text && again.obstacle == "why not")
            #expect(again.domains.name(for: "192.168.2.9") == "iot.lan")
            for name: ByteString in ["a", "b", "domain"] { #expect(again.place(of: name) == first.place(of: name)) }
            #expect(again.place(of: "a") != nil && again.place(of: "unwanted") == nil)
        }
        #expect(OtherSettings(text: text, key: "k2") == nil && OtherSettings(text: "", key: "k1") == nil)
        let bare = try #require(OtherSettings(text: "k1", key: "k1"))
        #expect(bare.text == "k1" && bare.obstacle == nil && bare.domains.isEmpty)
        let hostile = try #require(OtherSettings(text: "k1\nx\ndomain #\ndomain\n\ncname\ncname a\na f:1", key: "k1"))
        #expect(hostile.domains.isEmpty && hostile.place(of: "a") == nil)
    }

    @Test func findsOneBehindALineOfAnyLength() throws {
        let long = String(repeating: "x", count: 300_000)
        #expect(
            try places(
                ["a", "b", "c"], rendered: "# \(long)\naddress=/\(long)/\ncname=a,\(long),b,c\n\(long)=\ncname=c,x\n"
            )
            .map { $0 != nil } == [true, true, true])
    }
}
