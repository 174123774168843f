import Basics
import CLinux

public enum FileSystem {
    /// Whether writes to a folder (or to its parent if it is missing) wear out flash memory: statfs(2). An overlay is
    /// flash on a router, except below /tmp, /var and /run, which are in memory.
    /// - Throws: `cannotCreate`, with the errno.
    public static func wearsOut(_ folder: ByteString) throws(Fault) -> Bool {
        var type: UInt = 0
        do throws(Fault) {
            try onPath(folder, to: "look at its file system") { linux_file_system($0, &type) }
        } catch {
            guard error.isMissing, let slash = folder.bytes.lastIndex(of: UInt8(ascii: "/")) else { throw error }
            return try wearsOut(slash == 0 ? "/" : ByteString(folder.bytes[..<slash]))
        }
        // linux/magic.h, and the kernel's fs/ubifs/ubifs.h and fs/f2fs.
        let (jffs2, ubifs, f2fs, overlay): (UInt, UInt, UInt, UInt) = (0x72b6, 0x2405_1905, 0xf2f5_2010, 0x794c_7630)
        switch type {
        case jffs2, ubifs, f2fs: return true
        case overlay: return !["/tmp/", "/var/", "/run/"].contains { (folder + "/").hasPrefix($0) }
        default: return false
        }
    }
}
