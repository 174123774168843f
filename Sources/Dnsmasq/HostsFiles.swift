import Basics
import Linux
import Network

/// The names that dnsmasq reads from hosts files: dnsmasq(8), --addn-hosts and --hostsdir; hosts(5).
public enum HostsFiles {
    /// In bytes. A longer file is an ad blocker's list and is skipped.
    static let longest = 1 << 20

    public typealias Entry = (name: ByteString, address: Address, file: ByteString)

    /// Returns each pair of a wanted name and an address once, in the order of the files. `paths` are files and folders
    /// of files; a missing file has no names. `isWanted` gets a name in lower case, with or without a domain. Skips
    /// loopback and unspecified addresses: ad blockers block names with them, and the router has them itself.
    public static func entries(in paths: [ByteString], where isWanted: (ByteString) -> Bool) -> [Entry] {
        var entries: [Entry] = []
        for path in paths.flatMap({ files(at: $0) }) {
            guard let file = FileDescriptor.regularFile(at: path), let size = try? file.status().size, size <= longest,
                let text = try? file.text()
            else { continue }
            text.forEachLine(word: 1) { line, _ in
                let words = ByteString(text.bytes[line]).uncommented.words
                for name in words.dropFirst().map({ $0.lowercased }) {
                    guard isWanted(name), name.isHostName, let address = Address(words[0]),
                        !address.isLoopbackOrUnspecified,
                        !entries.contains(where: { $0.name == name && $0.address == address })
                    else { continue }
                    entries.append((name, address, path))
                }
            }
        }
        return entries
    }

    private static func files(at path: ByteString) -> [ByteString] {
        guard let names = try? Files.names(in: path) else { return [path] }
        return names.filter { !$0.isHiddenOrBackup }.map { "\(path)/\($0)" }
    }
}

extension Address {
    fileprivate var isLoopbackOrUnspecified: Bool {
        text.hasPrefix("127.") || ["0.0.0.0", "::", "::1"].contains { $0 == text }
    }
}
