import Basics
import Dispatch
import Linux

/// What a command writes, as lines of our log under the job's name. It lives until the last process that holds the
/// stream has closed it: a command may leave a child behind.
final class OutputLog {
    /// A longer line is logged in parts.
    private static let longestLine = 1000

    private let reader: FileDescriptor
    private let source: DispatchSourceRead
    private let name: ByteString
    private var line: [UInt8] = []

    init(_ reader: consuming FileDescriptor, _ name: ByteString) {
        source = DispatchSource.makeReadSource(fileDescriptor: reader.number, queue: .main)
        self.reader = reader
        self.name = name
        source.setEventHandler { [self] in read() }
        source.setCancelHandler { [self] in withExtendedLifetime(self) {} }
        source.activate()
    }

    /// Logs what is there now.
    func read() {
        guard !source.isCancelled else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            switch try? reader.read(into: &buffer) {
            case .bytes(let count)?: log(buffer[..<count])
            case .nothing?: return
            case .end?, nil:
                flush()
                source.cancel()
                return
            }
        }
    }

    private func log(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                flush()
                continue
            }
            let isControl = byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
            line.append(isControl ? UInt8(ascii: "?") : byte)
            if line.count == Self.longestLine { flush() }
        }
    }

    private func flush() {
        if !line.isEmpty { Log.info("\(name): \(ByteString(line))") }
        line = []
    }
}
