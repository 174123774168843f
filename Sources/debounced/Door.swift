import Basics
import Dispatch
import Linux

/// The FIFO, open for reading, and the source that tells when there is something to read.
final class Door {
    /// nil once it is closed.
    private(set) var fifo: FileDescriptor?
    private let source: DispatchSourceRead
    private let path: ByteString

    /// - Throws: `cannotCreate` if something else is in its place than a FIFO of ours.
    init(_ path: ByteString) throws(Fault) {
        self.path = path
        let fifo = try Fifo.open(path)
        source = DispatchSource.makeReadSource(fileDescriptor: fifo.number, queue: .main)
        self.fifo = consume fifo
    }

    func open(_ handler: @escaping () -> Void) {
        source.setEventHandler(handler: handler)
        // Closed only when Dispatch no longer uses it.
        source.setCancelHandler { [self] in
            fifo = nil
            closed()
        }
        source.activate()
    }

    /// Whether another file, or none, is in the FIFO's place.
    var isReplaced: Bool {
        get throws(Fault) { try fifo?.status().isSame(as: FileStatus(at: path)) == false }
    }

    /// Removes the FIFO's name: nobody can open it any more. What is in it can still be read.
    func remove() {
        attempt { () throws(Fault) in if try !isReplaced { try Files.remove(path) } }
    }

    /// - Parameter closed: Called when nobody can write to the FIFO any more.
    func close(_ closed: @escaping () -> Void = {}) {
        self.closed = closed
        source.cancel()
    }

    private var closed: () -> Void = {}
}
