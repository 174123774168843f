import Basics
import Linux

/// `CONFDIR/cname-updater.conf`: the part of dnsmasq's settings that is ours. A comment replaces an alias that is left
/// out.
public struct Fragment: Sendable {
    static let name: ByteString = "cname-updater.conf"
    public let confdir: ByteString
    public var path: ByteString { "\(confdir)/\(Fragment.name)" }
    /// dnsmasq skips a file name with a dot in front.
    private var draft: ByteString { confdir + "/.cname-updater.conf" }

    public init(in confdir: ByteString) { self.confdir = confdir }

    /// Returns the text; empty if the file is missing.
    /// - Throws: `cannotCreate` if the file can't be read.
    public func text() throws(Fault) -> ByteString {
        let text = try Files.readIfThere(path) ?? ""
        return text.hasSuffix("\n") ? ByteString(text.bytes.dropLast()) : text
    }

    /// Writes the next text beside the file. Called before any request, so that a full disk fails early.
    /// - Throws: `cannotCreate`.
    public func prepare(_ text: ByteString) throws(Fault) {
        try Files.makePublicFolder(confdir)
        try Files.write(text, to: draft, mode: 0o644)
    }

    /// Moves the prepared text into place, in one step.
    /// - Throws: `cannotCreate`.
    public func install() throws(Fault) { try Files.rename(draft, to: path) }

    /// The part of a text that has a meaning for dnsmasq.
    public static func directives(in text: ByteString) -> ByteString {
        // Avoids splitting a thousand lines if the text has no comment.
        guard text.bytes.contains(UInt8(ascii: "#")) || text.hasSuffix("\n") else { return text }
        return text.lines.filter { !$0.isEmpty && !$0.hasPrefix("#") }.joined(separator: "\n")
    }

    /// The aliases that only `new` leaves out, each as `ALIAS is left out: REASON`.
    public static func omissions(from old: ByteString, to new: ByteString) -> [ByteString] {
        let known = old.lines
        return new.lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && !known.contains($0) }
            .map { ByteString($0.bytes.dropFirst()) }
    }

    /// The aliases whose target differs, each as `ALIAS: TARGET to TARGET`, without the domain. Empty if one of the
    /// texts names a folder, which holds the aliases in another form.
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
