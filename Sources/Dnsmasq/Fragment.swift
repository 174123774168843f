import Basics
import Linux

/// Our part of dnsmasq's configuration: `CONFDIR/cname-updater.conf`. An omitted alias is a comment.
public struct Fragment: Sendable {
    static let name: ByteString = "cname-updater.conf"
    public let confdir: ByteString
    public var path: ByteString { "\(confdir)/\(Fragment.name)" }
    /// dnsmasq ignores files that start with a dot.
    private var draft: ByteString { confdir + "/.cname-updater.conf" }

    public init(in confdir: ByteString) { self.confdir = confdir }

    /// Returns the text; empty if there is no file.
    /// - Throws: `cannotCreate` if it can't be read.
    public func text() throws(Fault) -> ByteString {
        let text = try Files.readIfThere(path) ?? ""
        return text.hasSuffix("\n") ? ByteString(text.bytes.dropLast()) : text
    }

    /// Writes the draft of the next text. The file system may be full, so this comes before any request.
    /// - Throws: `cannotCreate`.
    public func prepare(_ text: ByteString) throws(Fault) {
        try Files.makePublicFolder(confdir)
        try Files.write(text, to: draft, mode: 0o644)
    }

    /// Moves the draft to its place, in one step.
    /// - Throws: `cannotCreate`.
    public func install() throws(Fault) { try Files.rename(draft, to: path) }

    /// Returns the lines that dnsmasq reads.
    public static func directives(in text: ByteString) -> ByteString {
        // A text without comments may have a thousand lines, and needs no filter.
        guard text.bytes.contains(UInt8(ascii: "#")) || text.hasSuffix("\n") else { return text }
        return text.lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.joined(separator: "\n")
    }

    /// The aliases that only `new` leaves out, each as `ALIAS is left out: REASON`.
    public static func omissions(from old: ByteString, to new: ByteString) -> [ByteString] {
        let known = old.lines
        return new.lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && !known.contains($0) }
            .map { ByteString($0.bytes.dropFirst()) }
    }

    /// The aliases with another target in `new` than in `old`, each as `ALIAS: TARGET to TARGET`. Empty if a text names
    /// a folder: then all aliases stay, in another form.
    /// - Parameter domain: Left out of the targets' names.
    public static func changes(from old: ByteString, to new: ByteString, domain: ByteString) -> [ByteString] {
        let (before, after) = (directives(in: old).lines, directives(in: new).lines)
        if (before + after).contains(where: { $0.hasPrefix("hostsdir=") }) { return [] }
        var changes: [ByteString] = []
        for one in (before + after).sorted() {
            let alias = names(in: one)[0]
            func target(_ line: ByteString?) -> ByteString {
                guard let line, let name = names(in: line).last else { return "none" }
                return name.hasSuffix("." + domain) ? ByteString(name.bytes.dropLast(domain.count + 1)) : name
            }
            let (from, to) = (line(of: alias, in: before), line(of: alias, in: after))
            // An alias with a line on both sides is named once.
            guard from == nil || from == one && from != to else { continue }
            changes.append("\(alias): \(target(from)) to \(target(to))")
        }
        return changes
    }

    public static func line(of alias: ByteString, in lines: [ByteString]) -> ByteString? {
        lines.firstSorted(withPrefix: "cname=\(alias),")
    }

    private static func names(in line: ByteString) -> [ByteString] {
        ByteString(line.bytes.dropFirst(6)).parts { $0 == UInt8(ascii: ",") }
    }
}
