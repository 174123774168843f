import Basics

/// Turns the bytes of the FIFO into requests, and counts the lines that it rejects.
///
/// A writer should write its line and the newline in one write(2), which the kernel never splits: pipe(7), PIPE_BUF. A
/// read may end in the middle of a line if a buffer was full (`yes 'request x' | head -1000 > fifo`), or if a writer
/// forgot the newline. The line may be finished within `patience`. If the next line is a request by itself, it
/// counts, and the unfinished line is dropped: the mistake of one writer must not cost the request of another.
public struct RequestReader {
    /// In bytes, with the newline.
    public static let longestLine = 255
    /// The longest wait for the end of an unfinished line.
    public static let patience = Duration.milliseconds(100)
    /// The shortest time between two reports of rejected lines.
    public static let reportInterval = Duration.seconds(1)

    public private(set) var rejected: UInt64 = 0

    /// The unfinished line. A line that is too long is cut off and rejected at once, since its end may never come.
    private var begun: [UInt8] = []
    private var isTooLong: Bool { begun.count == Self.longestLine }
    private var begunAt: Instant?
    /// The number of lines rejected since the last report, the last such line, and what is wrong with its end or its
    /// length. The reason is nil if the line names no verb or no job.
    public typealias RejectionReport = (rejected: UInt64, last: ByteString, reason: ByteString?)
    private var report: RejectionReport?
    private var nextReport = Instant(sinceStart: .zero)

    public init() {}

    /// Reads the bytes of one read(2).
    /// - Parameters:
    ///   - isDrained: The FIFO is empty now, so an unfinished line must end within `patience`.
    ///   - parse: Returns what a line requests, nil for nothing: `Request.init(line:jobs:)`.
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

    public var wakeAt: Instant? { earliest(begunAt.map { $0 + Self.patience }, report == nil ? nil : nextReport) }

    /// Rejects an unfinished line after `patience`.
    /// - Returns: The report to log, at most once in `reportInterval`.
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
