import Aliases
import Basics
import Configuration
import TestSupport
import Testing

private let both = "with publish 'cname' only the alias answers, with 'hosts' it is left out; choose another one"

@Suite struct AliasFindingsTests {
    @Test(arguments: [
        ("maxwell", "arch", []),
        (
            "arch", "box",
            ["is a host's own name too: the alias answers, and that host gets no name; choose another one"]
        ),
        ("router", "arch", ["is the router's own name"]), ("localhost", "arch", ["is the router's own name"]),
        ("nas", "arch", ["is a name in g:7 too: \(both)"]), ("tv", "arch", ["is a name in g:8 too: \(both)"]),
        ("nas.guest", "arch", ["is a name in g:9 too: \(both)"]),
        ("maxwell", "arch.lan", ["has the target 'arch.lan': leave out the domain, which dnsmasq adds"]),
        ("maxwell", "arch.lan.example", []), ("maxwell", "lan", []),
        ("maxwell", "x", ["has no target that any reservation or lease so far knows: x"]),
        (
            "box", "box",
            [
                "is a host's own name too: the alias answers, and that host gets no name; choose another one",
                "has the alias 'box' as a target; a target is a host's own name",
            ]
        ),
    ])
    func saysWhatCantBeRight(name: String, target: String, findings: [String]) throws {
        let text = "config cname\n\toption name \(name)\n\tlist target \(target)\n"
        let settings = try Settings(ByteString(text), file: "f")
        let known = ["arch", "box", "arch.lan", "arch.lan.example", "lan"].map { HostName(stringLiteral: $0) }
        let found = settings.aliases.findings(
            reserved: known, leased: [], router: "router", domains: ["guest", "lan"],
            others: [
                "localhost g:1", "nas g:7", "tv.lan g:8", "nas.guest g:9",
                "maxwell.example g:10",
            ])
        #expect(found.map { "\($0.kind) \($0.message)" } == findings.map { "problem f:2: alias '\(name)' \($0)" })
    }
}
