import Dispatch
import Linux

/// Calls a handler whenever a file can be read. The file is closed once Dispatch no longer uses it.
final class Stream {
    private(set) var file: FileDescriptor?
    private let source: DispatchSourceRead
    private var closed: () -> Void = {}

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
