import Basics

/// Turns the bytes that come through the FIFO into requests, and counts the lines that it has to reject.
///
/// A writer should write its line and the newline in one write(2), which the kernel never splits (pipe(7), PIPE_BUF). If a
/// read returns with its last line unfinished, then either a buffer was full, the reader's or the writer's
/// (`yes 'request x' | head -1000 > fifo`), or the writer forgot the newline. The rest of the line may still come within
/// `patience`. But if the next line is a request by itself, the unfinished one is dropped and the request stands: one
/// writer's mistake must not cost another one's request.
public struct RequestReader {
    /// The longest line, in bytes, with its newline.
    public static let longestLine = 255
    /// How long the rest of an unfinished line may take to come.
    public static let patience = Duration.milliseconds(100)
    /// Rejected lines are reported at most so often.
    public static let reportInterval = Duration.seconds(1)

    /// Lines rejected so far.
    public private(set) var rejected: UInt64 = 0

    /// The unfinished line. As soon as it is too long it is cut off and rejected, since its end may never come.
    private var begun: [UInt8] = []
    private var isTooLong: Bool { begun.count == Self.longestLine }
    /// When the FIFO was found empty with a line unfinished.
    private var begunAt: Instant?
    /// The number of lines rejected since the last report, the last of them, and what is wrong with its end or length; nil if
    /// it names nothing that there is.
    public typealias RejectionReport = (rejected: UInt64, last: ByteString, reason: ByteString?)
    private var report: RejectionReport?
    private var nextReport = Instant(sinceStart: .zero)

    public init() {}

    /// Takes what one read brought.
    ///
    /// - Parameters:
    ///   - isDrained: The FIFO is empty now: the rest of an unfinished line is waited for no longer than `patience`.
    ///   - parse: Says what a line asks for, nil if nothing: `Request.init(line:jobs:)`.
    /// - Returns: The requests, in order.
    public mutating func read(
        _ bytes: ArraySlice<UInt8>, isDrained: Bool, at now: Instant, parse: (ByteString) -> Request?
    ) -> [Request] {
        var requests: [Request] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            let whole = begun.isEmpty ? ByteString(line) : ByteString(begun + line)
            if let request = accept(whole, parse: parse) {
                requests.append(request)
            } else if !begun.isEmpty, let request = accept(ByteString(line), parse: parse) {
                if !isTooLong { reject(ByteString(begun), hasEnd: false) }
                requests.append(request)
            } else if !isTooLong {
                reject(whole)
            }
            begun = []
        }
        if !isTooLong {
            begun += rest.prefix(Self.longestLine - begun.count)
            if isTooLong { reject(ByteString(begun)) }
        }
        begunAt = begun.isEmpty || !isDrained ? nil : now
        return requests
    }

    /// The next time at which `tick` has something to do, if nothing else comes.
    public var wakeAt: Instant? { earliest(begunAt.map { $0 + Self.patience }, report == nil ? nil : nextReport) }

    /// Gives up a line whose end didn't come, and says what there is to log.
    ///
    /// - Returns: A report at most once in `reportInterval`.
    public mutating func tick(at now: Instant) -> RejectionReport? {
        if let since = begunAt, since + Self.patience <= now {
            if !isTooLong { reject(ByteString(begun), hasEnd: false) }
            (begun, begunAt) = ([], nil)
        }
        guard report != nil, nextReport <= now else { return nil }
        defer { report = nil }
        nextReport = now + Self.reportInterval
        return report
    }

    private func accept(_ line: ByteString, parse: (ByteString) -> Request?) -> Request? {
        line.count < Self.longestLine ? parse(line) : nil
    }

    private mutating func reject(_ line: ByteString, hasEnd: Bool = true) {
        rejected += 1
        var reason: ByteString?
        if line.bytes.last == UInt8(ascii: "\r") { reason = "a carriage return at its end" }
        if !hasEnd { reason = "no newline at its end" }
        if line.count >= Self.longestLine { reason = "longer than 255 bytes" }
        report = ((report?.rejected ?? 0) + 1, line, reason)
    }
}
