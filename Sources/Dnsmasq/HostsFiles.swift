import Basics
import Linux
import Network

/// The names that dnsmasq reads from hosts files: dnsmasq(8), --addn-hosts and --hostsdir; hosts(5).
public enum HostsFiles {
    /// In bytes. A longer file is an ad blocker's list, and is skipped.
    static let longest = 1 << 20

    public typealias Entry = (name: ByteString, address: Address, file: ByteString)

    /// Returns the wanted names with their addresses, each pair once. Loopback and unspecified addresses are left out:
    /// ad blockers block names with them, and the router has them itself.
    /// - Parameters:
    ///   - paths: Files, and folders of files. A missing file has no names.
    ///   - isWanted: Gets the name in lower case, with or without a domain.
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

    /// Returns the files of a folder that dnsmasq reads, or the path itself.
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
