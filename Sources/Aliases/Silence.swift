import Basics
import Linux

/// The targets that were asked and did not answer: `FOLDER/silent/HOST`.
public struct Silence {
    private let folder: ByteString

    /// - Parameter folder: The updater's run directory.
    public init(folder: ByteString) {
        self.folder = folder
    }

    private func path(_ host: HostName) -> ByteString { "\(folder)/silent/\(host)" }

    public func contains(_ host: HostName) -> Bool {
        // What can't be looked at is taken to answer.
        ((try? FileStatus(at: path(host))) ?? nil) != nil
    }

    /// - Throws: `cannotCreate`.
    public func hosts() throws(Fault) -> [HostName] {
        try Files.names(in: "\(folder)/silent").compactMap { HostName($0) }
    }

    /// - Throws: `cannotCreate`.
    public func begin(_ host: HostName) throws(Fault) {
        try Files.makeFolder("\(folder)/silent")
        _ = try Files.create(path(host))
    }

    /// - Returns: Whether it was silent.
    /// - Throws: `cannotCreate`.
    @discardableResult
    public func end(_ host: HostName) throws(Fault) -> Bool {
        try Files.remove(path(host))
    }
}
