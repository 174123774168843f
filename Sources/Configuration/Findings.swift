import Basics

public struct Place: Equatable, Sendable {
    public let file: ByteString
    /// Counted from 1; nil for the whole file.
    public let line: Int?

    public init(_ file: ByteString, line: Int? = nil) { (self.file, self.line) = (file, line) }

    public var text: ByteString { line.map { "\(file):\($0)" } ?? file }
}

/// A result of reading the settings, or of a check. It is an error where it ends the reading.
public final class Finding: Error, Equatable {
    /// The gravest first.
    public enum Kind: ByteString, CaseIterable, Sendable {
        /// A reload refuses the settings, and a start leaves the faulty part out.
        case fault
        /// The settings are valid, but a part of them can't work.
        case problem
        /// The settings work, but perhaps not as meant.
        case remark
        /// The settings work, and could work better.
        case advice
    }

    public let kind: Kind
    public let place: Place
    /// What is wrong, and what is allowed or what to do.
    public let text: ByteString

    public init(_ kind: Kind, at place: Place, _ text: ByteString) {
        (self.kind, self.place, self.text) = (kind, place, text)
    }

    public static func == (one: Finding, other: Finding) -> Bool {
        one.kind == other.kind && one.place == other.place && one.text == other.text
    }

    public var message: ByteString { "\(place.text): \(text)" }

    fileprivate var json: ByteString {
        let line: ByteString = place.line.map { "\($0)" } ?? "null"
        return ByteString(json: "file line kind text", [place.file.json, line, kind.rawValue.json, text.json])
    }
}

public struct Findings {
    private var found: [Finding] = []
    /// A file could not be read to its end, so settings are missing.
    public internal(set) var areIncomplete = false

    public init() {}

    public mutating func add(_ finding: Finding) { if !found.contains(finding) { found.append(finding) } }

    public mutating func add(_ kind: Finding.Kind, at place: Place, _ text: ByteString) {
        add(Finding(kind, at: place, text))
    }

    public var all: [Finding] { Finding.Kind.allCases.flatMap { all($0) } }

    public func all(_ kind: Finding.Kind) -> [Finding] { found.filter { $0.kind == kind } }

    public var json: ByteString { ByteString(jsonArray: all.map { $0.json }) }

    /// A check ends with 0: there is no fault and no problem.
    public var areHarmless: Bool { all(.fault).isEmpty && all(.problem).isEmpty }

    /// - Throws: `settings` with the first fault.
    public func refuseFaults() throws(Fault) {
        if let first = all(.fault).first { throw Fault(.settings, first.message) }
    }
}
