import Basics

/// What was found while settings were read, each as "FILE:LINE: what is wrong, what is allowed".
public struct Findings {
    /// What is left out. A reload does not take over settings with such a fault.
    public var faults: [ByteString] = []
    /// What a newer version may know, and what an earlier one had: no reason to refuse the rest.
    public var remarks: [ByteString] = []

    /// A file could not be read to its end, so settings are missing.
    public internal(set) var areIncomplete = false

    public init() {}

    public var all: [ByteString] { faults + remarks }

    /// Each as an object of JSON.
    public var json: [ByteString] {
        faults.map { Findings.json($0, kind: "fault") } + remarks.map { Findings.json($0, kind: "remark") }
    }

    /// - Parameters:
    ///   - finding: "FILE:LINE: what; what to do", or "FILE: what".
    ///   - kind: What it is about, in one word.
    /// - Returns: It as an object of JSON.
    public static func json(_ finding: ByteString, kind: StaticString) -> ByteString {
        // What stands before the first colon and blank is the place.
        let bytes = finding.bytes
        let end = bytes.indices.first { bytes[$0...].starts(with: [0x3A, 0x20]) } ?? 0
        var (file, line) = (ByteString(bytes[..<end]), "null" as ByteString)
        if let colon = file.bytes.lastIndex(of: UInt8(ascii: ":")) {
            let digits = ByteString(bytes[(colon + 1)..<end])
            if digits.wholeNumber != nil { (file, line) = (ByteString(bytes[..<colon]), digits) }
        }
        var object = JSONObject()
        object.add("file", file.json)
        object.add("line", line)
        object.add("kind", ByteString(stringLiteral: kind).json)
        object.add("text", ByteString(bytes[(end == 0 ? 0 : end + 2)...]).json)
        return object.json
    }

    /// - Throws: `settings` with the first fault.
    public func refuseFaults() throws(Fault) {
        if let first = faults.first { throw Fault(.settings, first) }
    }
}
