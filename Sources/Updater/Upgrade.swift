import Basics
import Linux

/// What an earlier version left in the run directory.
enum Upgrade {
    /// Removes it: leases that were folders, and the index and the record of the aliases. The leases are read anew from
    /// dnsmasq's files, and the aliases stay where they are meanwhile.
    ///
    /// - Throws: `cannotCreate`.
    static func clearAway(_ folder: ByteString) throws(Fault) {
        let leases = folder + "/leases"
        if let first = try Files.names(in: leases).first, try isFolder("\(leases)/\(first)") {
            try Files.removeFolder(leases)
        }
        for name: ByteString in ["targets", "new"] {
            if try isFolder("\(folder)/\(name)") { try Files.removeFolder("\(folder)/\(name)") }
        }
        try Files.remove(folder + "/applied")
    }

    private static func isFolder(_ path: ByteString) throws(Fault) -> Bool {
        try FileStatus(at: path)?.isDirectory ?? false
    }
}
