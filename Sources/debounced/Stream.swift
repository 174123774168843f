import Dispatch
import Linux

/// A file that is read when there is something to read. It is closed once Dispatch no longer uses it.
final class Stream {
    /// nil once it is closed.
    private(set) var file: FileDescriptor?
    private let source: DispatchSourceRead
    private var closed: () -> Void = {}

    /// - Parameter handler: Called when there is something to read.
    init(_ file: consuming FileDescriptor, _ handler: @escaping () -> Void) {
        source = DispatchSource.makeReadSource(fileDescriptor: file.number, queue: .main)
        self.file = consume file
        source.setEventHandler(handler: handler)
        source.setCancelHandler { [self] in
            self.file = nil
            closed()
        }
        source.activate()
    }

    /// - Parameter closed: Called once the file is closed.
    func close(_ closed: @escaping () -> Void = {}) {
        self.closed = closed
        source.cancel()
    }
}
