import Basics
import Dispatch
import Linux

/// The FIFO, open for reading, and the source that tells when there is something to read.
final class Door {
    let fifo: FileDescriptor
    private let source: DispatchSourceRead

    /// - Throws: `cannotCreate` if what is in its place is no FIFO of ours.
    init(_ path: ByteString) throws(Fault) {
        let fifo = try Fifo.open(path)
        source = DispatchSource.makeReadSource(fileDescriptor: fifo.number, queue: .main)
        self.fifo = fifo
    }

    func open(_ handler: @escaping () -> Void) {
        source.setEventHandler(handler: handler)
        // Keeps the FIFO until Dispatch has let go of it, and no longer.
        source.setCancelHandler { [self] in withExtendedLifetime(self) {} }
        source.activate()
    }

    func close() {
        source.cancel()
    }
}
