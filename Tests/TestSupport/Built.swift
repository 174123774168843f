import CLinux

/// The built programs. They are beside the test bundle, or in the folder that PROGRAMS names: the router build.
public enum Built {
    public static let folder = getenv("PROGRAMS").map { String(cString: $0) } ?? besideTests
    private static let besideTests: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let words = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "/")
        return "/" + words.dropLast().joined(separator: "/")
    }()

    /// Whether the programs are from the router build.
    public static let isForRouter = getenv("PROGRAMS") != nil

    public static let debounced = folder + "/debounced"
    public static let updater = folder + "/cname-updater"
    /// Always built for this machine: a router does not have it.
    public static let simulate = besideTests + "/simulate"
    /// The root of the repository.
    public static let repository: String = {
        let words = #filePath.split(separator: "/")
        return "/" + words.dropLast(3).joined(separator: "/")
    }()
}
