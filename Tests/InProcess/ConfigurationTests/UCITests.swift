import Basics
import Configuration
import TestSupport
import Testing

private func sections(_ text: String) throws -> [UCI.Section] {
    try UCI(ByteString(text), file: "f").sections
}

/// The values of every option, in order, as text.
private func values(_ text: String) throws -> [[String]] {
    try sections("config t\n" + text)[0].options.map { $0.values.map { "\($0.text)" } }
}

@Suite struct UCITests {
    @Test func readsSections() throws {
        let read = try sections("package x\n\nconfig job 'dnsmasq'\n\toption quiet '10'\nconfig cname\n")
        #expect(read.map { $0.type } == ["job", "cname"])
        #expect(read.map { $0.name } == ["dnsmasq", nil])
        #expect(read.map { $0.line } == [3, 5])
        #expect(read[0].options[0].values.map { $0.text } == ["10"])
        #expect(read[0].options[0].values.map { $0.line } == [4])
    }

    @Test(arguments: [
        ("option a b", "b"), ("option a 'b c'", "b c"), ("option a \"b c\"", "b c"), ("option a b\\ c", "b c"),
        ("option a 'it'\\''s'", "it's"), ("option a \"say \\\"x\\\"\"", "say \"x\""), ("option a 'a\\b'", "a\\b"),
        ("option a b # comment", "b"), ("option a b#comment", "b"), ("option a '#b'", "#b"), ("option a b;", "b"),
        ("option a 'two\nlines'", "two\nlines"), ("option a \"jo\\\nined\"", "joined"), ("option a \\\n b", "b"),
        ("option a pre'mid'\"post\"", "premidpost"), ("list a ''", ""), ("list a", ""), ("o a b", "b"),
        ("option a b\\\nc", "bc"), ("option a b\\", "b"), ("option a \"jo\\\r\nined\"", "joined"),
        ("option a b # no join \\", "b"), ("option a \\#b\\;", "#b;"), ("option a 'b;#'c", "b;#c"),
        ("option a ''b", "b"),
        ("option 'a'  \"b\"", "b"),
        ("\t option\ta\tb\r", "b"), ("option a \u{E9}", "é"),
    ])
    func readsValues(line: String, value: String) throws {
        #expect(try values(line) == [[value]])
    }

    @Test func readsLists() throws {
        #expect(try values("list a 1\nlist a 2\noption b 3\noption b 4") == [["1", "2"], ["4"]])
        #expect(try values("option a 1; list b 2; l b 3") == [["1"], ["2", "3"]])
    }

    @Test(arguments: ["option a", "option a ''", "option a \"\" # none", "option a \\\n"])
    func anEmptyOptionIsNone(line: String) throws {
        #expect(try values(line) == [])
        #expect(try values("option a 1\n" + line) == [["1"]])
    }

    /// Forms from the files of OpenWrt's own packages.
    @Test func readsWhatOpenWrtWrites() throws {
        let read = try sections(
            """
            config 'interface' 'loopback'
            \toption 'device'\t'lo'
            config bridge-vlan
            \tlist ports 'lan1:u*'
            config wireguard_wg0.1
            \tlist allowed_ips '::/0'
            config dnsmasq
            \toption domainneeded\t1
            \t#Set to 0 for AP
            \t#list server\t\t'/mycompany.local/1.2.3.4'
            \tlist rebind_domain\texample.lan  # whitelist
            config wifi-device  'radio0'
            \toption htmode     'VHT80'
            config switch_vlan
            \toption ports "0 1 2 3 5*"
            config include
            \toption command 'logger "it'\\''s on"'
            """)
        #expect(
            read.map { "\($0.type)" } == [
                "interface", "bridge-vlan", "wireguard_wg0.1", "dnsmasq", "wifi-device", "switch_vlan", "include",
            ])
        #expect(read.map { $0.name } == ["loopback", nil, nil, nil, "radio0", nil, nil])
        #expect(read[3].options.map { "\($0.name)" } == ["domainneeded", "rebind_domain"])
        #expect(read.map { "\($0.options.last!.values[0].text)" }.suffix(2) == ["0 1 2 3 5*", "logger \"it's on\""])
    }

    @Test func aSectionThatComesTwiceIsOne() throws {
        let read = try sections("config t n\noption a 1\nconfig t n\noption a 2\nconfig t\nconfig t")
        #expect(read.count == 3)
        #expect(read[0].options[0].values.map { $0.text } == ["2"])
    }

    @Test(arguments: [
        ("option a b", 1), ("config", 1), ("\nconfig t n x", 2), ("config t\noption", 2), ("config t\noption a b c", 2),
        ("config t\n\noption a 'b", 3), ("config t\noption a \"b\n\n", 2), ("frobnicate", 1), ("config t 'a b'", 1),
        ("config t\noption a/b c", 2), ("config t\noption a \0", 2), ("config t n\nconfig u n", 2), ("package", 1),
        ("package a b", 1), ("config t\u{7F}", 1), ("config t\noption a b\\\n c", 2), ("config ''", 1),
        ("config t\nlist ''", 2),
    ])
    func saysWhereAFaultIs(text: String, line: Int) {
        do {
            _ = try UCI(ByteString(text), file: "/etc/config/x")
            Issue.record("no fault in \(text)")
        } catch {
            #expect(error.code == .settings)
            #expect(error.message.hasPrefix("/etc/config/x:\(line): "), "\(error.message)")
        }
    }

    /// The extra apostrophe is in line 2, although line 4 has the unclosed quote.
    @Test func saysWhereAnApostropheIsTooMany() {
        let read = UCI(upToFault: "config t a\noption b 'it's'\noption c 'd'\noption e 'f'\n", file: "f")
        #expect(read.fault == Finding(.fault, at: Place("f", line: 2), "a quote is not closed"))
        #expect(read.sections.map { $0.name } == ["a"] && read.current === read.sections[0])
        #expect(read.sections[0].options.isEmpty)
    }

    /// Noise gives a fault or a result, and never traps. Line numbers stay within the file.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func survivesNoise(number: UInt64) {
        var random = SeededGenerator(number)
        let pieces = [
            "config ", "option ", "list ", "a", "'", "\"", "\\", "\n", "#", ";", " ", "\t", "\0", "\u{E9}", "\r\n",
        ]
        let text = (0..<Int.random(in: 0..<60, using: &random)).map { _ in pieces.randomElement(using: &random)! }
            .joined()
        let read = try? sections(text)
        let lines = text.utf8.count { $0 == 10 } + 1
        for section in read ?? [] { #expect(section.line <= lines) }
    }
}
