import Basics
import Configuration

/// The mapping file.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = ByteString(UnsafeBufferPointer(start: bytes, count: count))
    var aliases: [Alias] = []
    do throws(Fault) {
        try aliases.add(mappings: text, file: "f")
    } catch {
        precondition(error.code == .settings && error.message.hasPrefix("f:"))
        precondition(aliases.isEmpty)
        return 0
    }
    // Written again, it says the same.
    var lines: [ByteString] = []
    for alias in aliases {
        precondition(isSafe(alias.name) && !alias.targets.isEmpty)
        for target in alias.targets {
            precondition(isSafe(target.host) && isSafe(target.system))
            lines.append("\(target.host) \(alias.name)\t\(target.system) # as above")
        }
    }
    var again: [Alias] = []
    precondition((try? again.add(mappings: lines.joined(separator: "\r\n\n"), file: "f")) != nil)
    precondition(again.map { $0.name } == aliases.map { $0.name })
    precondition(again.map { $0.targets } == aliases.map { $0.targets })
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
