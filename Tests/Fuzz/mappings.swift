import Basics
import Configuration

/// The mapping file.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = ByteString(UnsafeBufferPointer(start: bytes, count: count))
    var findings = Findings()
    let aliases = MappingFile.aliases(in: text, file: "f", findings: &findings)
    precondition(
        findings.all.map { $0.message }.allSatisfy {
            $0.hasPrefix("f:") && $0.bytes.allSatisfy { (0x20...0x7E).contains($0) }
        })
    // A text that is written and read again is unchanged.
    var lines: [ByteString] = []
    for alias in aliases {
        precondition(isSafe(alias.name.text) && !alias.targets.isEmpty)
        for target in alias.targets {
            precondition(isSafe(target.host.text) && isSafe(target.system))
            lines.append("\(target.host) \(alias.name)\t\(target.system) # as above")
        }
    }
    findings = Findings()
    let again = MappingFile.aliases(in: lines.joined(separator: "\r\n\n"), file: "f", findings: &findings)
    precondition(findings.all.isEmpty && again.map { $0.name } == aliases.map { $0.name })
    for (one, other) in zip(again, aliases) {
        precondition(one.targets.map { $0.host } == other.targets.map { $0.host })
        precondition(one.targets.map { $0.system } == other.targets.map { $0.system })
    }
    return 0
}

/// As a file's name, and in a line of dnsmasq's.
private func isSafe(_ name: ByteString) -> Bool {
    let labels = name.bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
    return name.count <= 253
        && labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D
                && label.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
                }
        }
}
