import Basics
import Linux

/// A cause's file, kept open by the program that asked. The daemon writes into it what becomes of the request, and the
/// program can read that even when the file has gone from its folder.
public struct Receipt: ~Copyable {
    private let file: FileDescriptor

    init(_ file: consuming FileDescriptor) {
        self.file = file
    }

    /// A line that the daemon writes into the file.
    public enum Note: Equatable, Sendable {
        /// A run has begun that covers the request.
        case taken(run: Int)
        /// The run is over, and not tried again. The status is the command's, 128 + N if signal N ended it.
        case over(run: Int, status: Int32)
        /// The request was taken back.
        case withdrawn

        fileprivate var line: ByteString {
            switch self {
            case .taken(let run): "= taken \(run)"
            case .over(let run, let status): "= over \(run) \(status)"
            case .withdrawn: "= withdrawn"
            }
        }

        fileprivate init?(line: ByteString) {
            let words = line.words
            guard words.count >= 2, words[0] == "=" else { return nil }
            let numbers = words.compactMap { $0.wholeNumber }
            switch (words[1], numbers.count) {
            case ("taken", 1): self = .taken(run: numbers[0])
            case ("over", 2): self = .over(run: numbers[0], status: Int32(numbers[1]))
            case ("withdrawn", 0): self = .withdrawn
            default: return nil
            }
        }
    }

    /// Waits until what was asked for is over.
    ///
    /// - Parameter mayCome: Called twice a second: whether there is anybody who may still write what has become of it.
    /// - Returns: `over` or `withdrawn`; nil if nobody may.
    /// - Throws: `system` if it can't be watched: inotify(7).
    public borrowing func wait(while mayCome: () -> Bool) throws(Fault) -> Note? {
        // Watched before it is read, so that no note is missed.
        let watch = try FileWatch(writesTo: file)
        while true {
            for line in try file.text().lines {
                switch Note(line: line) {
                case .over(let run, let status)?: return .over(run: run, status: status)
                case .withdrawn?: return .withdrawn
                // After `taken` the run may fail and be tried again.
                case .taken?, nil: break
                }
            }
            guard mayCome() else { return nil }
            watch.wait(upTo: .milliseconds(500))
            try watch.take()
        }
    }

    /// The lines of a cause's file that are events.
    static func events(in path: ByteString) throws(Fault) -> [ByteString] {
        // It may have gone between two looks.
        try Files.readIfThere(path)?.lines.filter { Note(line: $0) == nil } ?? []
    }

    /// Whether a run has begun because of the cause; nil if the cause is not there.
    static func isTaken(_ path: ByteString) throws(Fault) -> Bool? {
        try Files.readIfThere(path)?.lines.contains { Note(line: $0) != nil }
    }

    /// Writes a note, if the file is there. One that can't be written is lost: a program that waits for it waits on, but
    /// the request stands.
    static func note(_ note: Note, in path: ByteString) throws(Fault) {
        do throws(Fault) {
            let file = try FileDescriptor(opening: path, Files.appendingToOld)
            try file.write(note.line + "\n")
        } catch {}
    }
}
