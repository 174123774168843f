import Aliases
import Basics
import Configuration
import TestSupport
import Testing

@Suite struct AliasFindingsTests {
    @Test(arguments: [
        ("maxwell", "arch", []),
        (
            "arch", "box",
            ["is a host's own name too: the alias answers, and that host gets no name; choose another one"]
        ),
        ("router", "arch", ["is the router's own name"]),
        ("maxwell", "arch.lan", ["has the target 'arch.lan': leave out the domain, which dnsmasq adds"]),
        ("maxwell", "arch.lan.example", []), ("maxwell", "lan", []),
        ("maxwell", "x", ["has no target that any reservation or lease so far knows: x"]),
        (
            "box", "box",
            [
                "is a host's own name too: the alias answers, and that host gets no name; choose another one",
                "leads back to itself: box -> box",
            ]
        ),
    ])
    func saysWhatCantBeRight(name: String, target: String, findings: [String]) throws {
        let text = "config cname\n\toption name \(name)\n\tlist target \(target)\n"
        let settings = try Settings(ByteString(text), file: "f")
        let known = ["arch", "box", "arch.lan", "arch.lan.example", "lan"].map { HostName(stringLiteral: $0) }
        let found = settings.aliases.findings(reserved: known, leased: [], router: "router", domains: ["guest", "lan"])
        #expect(found.map { "\($0.kind) \($0.message)" } == findings.map { "problem f:2: alias '\(name)' \($0)" })
    }
}
