import Basics
import Configuration
import Dnsmasq
import TestSupport
import Testing

/// What of dnsmasq's other settings is a CNAME, held to what dnsmasq itself says of it.
@Suite struct OtherCNAMEsTests {
    private let scratch = Scratch(in: "/dev/shm")

    private func instance() throws -> Instance {
        let rendered = try RenderedFile.all(in: ByteString(scratch / "etc"))
        return Instance.all(try Settings("", file: "f").updater, rendered, fallback: { "lan" })[0]
    }

    /// - Parameter text: Of the rendered file, besides where the conf-dir is.
    private func places(_ names: [String], rendered text: String = "", dhcp: String = "") throws -> [String?] {
        try run(["mkdir", "-p", scratch / "etc", scratch / "conf"])
        scratch.write("etc/dnsmasq.conf.cfg01411c", "conf-dir=\(scratch / "conf")\n" + text)
        let reservations = try Reservations(ByteString(dhcp), file: "/etc/config/dhcp")
        let others = OtherCNAMEs(names.map { ByteString($0) }, in: try instance(), reservations)
        return names.map { others.place(of: ByteString($0))?.description }
    }

    /// Whether dnsmasq starts with the text and with one more CNAME.
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
        #expect(
            try places(["a", "b", "c", "d", "x"], dhcp: dhcp)
                == ["/etc/config/dhcp:2", "/etc/config/dhcp:6", "/etc/config/dhcp:6", nil, nil])
    }

    /// Other files, folders that take some names and leave out others, links, and what is no file at all.
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

    @Test func findsOneBehindALineOfAnyLength() throws {
        let long = String(repeating: "x", count: 300_000)
        #expect(
            try places(
                ["a", "b", "c"], rendered: "# \(long)\naddress=/\(long)/\ncname=a,\(long),b,c\n\(long)=\ncname=c,x\n"
            )
            .map { $0 != nil } == [true, true, true])
    }
}
