import Basics
import Linux

/// The part of an instance's settings that is ours: `CONFDIR/cname-updater.conf`.
public struct Fragment: Equatable, Sendable {
    public let path: ByteString
    /// `cname=ALIAS,ALIAS.DOMAIN,TARGET.DOMAIN` lines, in the order of the aliases' names: dnsmasq(8), --cname.
    public let text: ByteString

    private let folder: ByteString

    public init(_ choices: [Choice], for instance: Instance) {
        folder = instance.confdir
        path = folder + "/cname-updater.conf"
        let lines = choices.compactMap { choice in
            choice.target.map { target in
                "cname=\(choice.alias),\(choice.alias).\(instance.domain),\(target).\(instance.domain)" as ByteString
            }
        }
        text = lines.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.joined(separator: "\n")
    }

    /// What stands there now; empty if there is no such file.
    ///
    /// - Throws: `cannotCreate` if it can't be read.
    public func current() throws(Fault) -> ByteString {
        do throws(Fault) {
            return try Files.read(path).lines.joined(separator: "\n")
        } catch  where error.isNotFound {
            return ""
        }
    }

    /// Replaces the file, in one step. While it is written its name starts with a dot: dnsmasq passes over those.
    ///
    /// - Throws: `cannotCreate`.
    public func write() throws(Fault) {
        let new = folder + "/.cname-updater.conf"
        try Files.makePublicFolder(folder)
        try Files.write(new, text, mode: 0o644)
        try Files.rename(new, to: path)
    }
}
