import Aliases
import Basics
import Configuration
import Dnsmasq
import Leases

/// A settings file, or `/etc/config/dhcp`.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = ByteString(UnsafeBufferPointer(start: bytes, count: count))
    if let file = try? UCI(text, file: "f") {
        let lines = text.bytes.count { $0 == UInt8(ascii: "\n") } + 1
        for (index, section) in file.sections.enumerated() {
            precondition((1...lines).contains(section.line))
            precondition(section.name == nil || !file.sections[..<index].contains { $0.name == section.name })
            precondition(
                section.options.allSatisfy { $0.values.allSatisfy { (section.line...lines).contains($0.line) } })
        }
        // A file that is written as uci(1) does is read unchanged.
        precondition(written(try! UCI(written(file), file: "f")) == written(file))
    }
    var found = Findings()
    let settings = Settings(text, file: "f", findings: &found)
    precondition(
        found.all.map { $0.message }.allSatisfy {
            $0.hasPrefix("f:") && $0.bytes.allSatisfy { (0x20...0x7E).contains($0) }
        })
    precondition(settings.aliases.allSatisfy { $0.name.text.isHostName && !$0.targets.isEmpty })
    let findings = settings.aliases.findings(reserved: [HostName("a")!], leased: [HostName("b")!], router: "c")
    precondition((settings.aliases.map { $0.place } + findings.map { $0.place }).allSatisfy { $0.file == "f" })
    // The settings without the faulty parts are sound, and unchanged when they are read again.
    found = Findings()
    let again = Settings(settings.text, file: "g", findings: &found)
    precondition(found.all(.fault).isEmpty)
    precondition(again.text == settings.text && again.jobs == settings.jobs && again.updater == settings.updater)
    if let read = try? Reservations(text, file: "f") {
        let clients = read.hosts.flatMap { host in
            (host.hardware + ["02:00:00:00:00:0a"]).map { hardware in
                LeaseStorage.ClientLease(
                    of: ClientIdentifier(.option61, (host.identifiers + host.duids).last ?? "")
                        ?? ClientIdentifier(.hardware, "02:00:00:00:00:0a")!,
                    Lease(addresses: [], hostName: host.hostName, hardware: hardware))
            }
        }
        let findings = (read.problems + read.clashes(seen: Array(clients.prefix(20)))).map { $0.message }
        precondition(findings.allSatisfy { $0.hasPrefix("f:") && $0.bytes.allSatisfy { (0x20...0x7E).contains($0) } })
        for host in read.hosts {
            if let name = host.hostName?.text { precondition(name.isHostName && name == name.lowercased) }
            precondition(
                host.hardware.allSatisfy { $0.count <= 17 && $0.bytes.allSatisfy { isHexPairs($0) || $0 == 0x2A } })
            precondition((host.identifiers + host.duids).allSatisfy { !$0.isEmpty && $0.bytes.allSatisfy(isHexPairs) })
        }
    }
    return 0
}

private func isHexPairs(_ byte: UInt8) -> Bool {
    (0x30...0x3A).contains(byte) || (0x61...0x66).contains(byte)
}

private func written(_ file: UCI) -> ByteString {
    var text: ByteString = ""
    for section in file.sections {
        text += "config \(quoted(section.type)) \(quoted(section.name ?? ""))\n"
        for option in section.options {
            for value in option.values { text += "\tlist \(quoted(option.name)) \(quoted(value.text))\n" }
        }
    }
    return text
}

private func quoted(_ text: ByteString) -> ByteString {
    ByteString([0x27] + text.bytes.flatMap { $0 == 0x27 ? [0x27, 0x5C, 0x27, 0x27] : [$0] } + [0x27])
}
