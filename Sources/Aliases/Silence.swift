import Basics
import Linux

/// The targets that were asked and did not answer: `RUN/silent/HOST`.
public struct Silence {
    private let run: ByteString

    /// - Parameter run: The updater's run directory.
    public init(run: ByteString) {
        self.run = run
    }

    private func path(_ host: ByteString) -> ByteString { "\(run)/silent/\(host)" }

    public func contains(_ host: ByteString) -> Bool {
        // What can't be looked at is taken to answer.
        ((try? FileStatus(at: path(host))) ?? nil) != nil
    }

    /// - Throws: `cannotCreate`.
    public func hosts() throws(Fault) -> [ByteString] {
        try Files.names(in: "\(run)/silent")
    }

    /// - Throws: `cannotCreate`.
    public func begin(_ host: ByteString) throws(Fault) {
        try Files.makeFolder("\(run)/silent")
        _ = try Files.create(path(host))
    }

    /// - Returns: Whether it was silent.
    /// - Throws: `cannotCreate`.
    @discardableResult
    public func end(_ host: ByteString) throws(Fault) -> Bool {
        try Files.remove(path(host))
    }
}
