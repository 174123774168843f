import Basics

/// One option of a section type. The table of a section type decides how options are read, written and explained.
/// `initial` is the value of an option that is not set; empty for no value.
typealias OptionRule = (name: StaticString, kind: OptionKind, initial: StaticString)

enum OptionKind {
    case line, seconds, count, jobName, request, publish, folder, domain, path, flag
    /// A list. Each value is a host name, perhaps with the name of its system.
    case targets

    /// The end of a message after "allowed", such as "are 0 and 1".
    var allowed: StaticString {
        switch self {
        case .line: "is one line for /bin/sh"
        case .seconds: "are seconds from 0 to 604800, such as 10 or 0.25"
        case .count: "is a whole number from 0 to 100"
        case .jobName: "is the name of a job"
        case .request: "are alias and lease"
        case .publish: "are cname and hosts"
        case .folder: "is an absolute path, such as /tmp/dnsmasq.d"
        case .domain: "is a domain, such as lan"
        case .path: "is an absolute path"
        case .flag: "are 0 and 1"
        case .targets: "are a host name, and its system's name"
        }
    }

    /// Returns a value in its one spelling; nil if it is not allowed.
    func canonical(_ text: ByteString) -> ByteString? {
        switch self {
        case .line: text.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } && !text.isEmpty ? text : nil
        case .seconds: text.seconds.flatMap { $0 <= Settings.longest ? ByteString(seconds: $0) : nil }
        case .count: text.wholeNumber.flatMap { $0 <= 100 ? ByteString(decimal: $0) : nil }
        case .jobName: text
        case .request: UpdaterSettings.RequestMode(rawValue: text) == nil ? nil : text
        case .publish: UpdaterSettings.Publish(rawValue: text) == nil ? nil : text
        case .folder, .path: text.hasPrefix("/") && text.bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F } ? text : nil
        case .domain: text.isHostName ? text.lowercased : nil
        case .flag: text.flag.map { $0 ? "1" : "0" }
        case .targets: text.target
        }
    }
}

/// A checked section of the settings: the options in the order of their table, each value in its one spelling.
final class SettingsSection {
    let name: ByteString
    private let table: [OptionRule]
    private let type: StaticString
    private let file: ByteString
    private let line: Int
    private var values: [[UCI.Value]]

    /// Makes a section with initial values.
    /// - Parameter name: Empty for an anonymous section.
    init(type: StaticString, name: ByteString, table: [OptionRule], file: ByteString, line: Int = 0) {
        (self.table, self.type, self.name, self.file, self.line) = (table, type, name, file, line)
        values = table.map { option in
            let initial = ByteString(stringLiteral: option.initial)
            return initial.isEmpty ? [] : [UCI.Value(initial, line: line)]
        }
    }

    func read(_ section: UCI.Section, findings: inout Findings) {
        for option in section.options {
            let (name, given) = (option.name, option.values)
            guard let index = table.firstIndex(where: { name == $0.name }) else {
                let names = table.map { ByteString(stringLiteral: $0.name) }.joined(separator: ", ")
                findings.add(
                    .remark, at: Place(file, line: given[0].line), "option '\(name)' is left out: known are \(names)")
                continue
            }
            let kind = table[index].kind
            guard kind == .targets || given.count == 1 else {
                let text: ByteString = "'\(name)' has one value: option \(name) 'VALUE', not a list"
                findings.add(.fault, at: Place(file, line: given[1].line), text)
                continue
            }
            let read: [UCI.Value] = given.compactMap { value in
                if let text = kind.canonical(value.text) { return UCI.Value(text, line: value.line) }
                let shown = (kind == .targets ? value.text.words.joined(separator: " ") : value.text).printable()
                findings.add(
                    .fault, at: Place(file, line: value.line), "\(name) '\(shown)': allowed \(literal: kind.allowed)")
                return nil
            }
            if !read.isEmpty { values[index] = read }
        }
    }

    subscript(list name: StaticString) -> [UCI.Value] { values[index(of: name)] }

    /// The value of an option; empty if it is not set and has no initial value.
    subscript(_ name: StaticString) -> ByteString {
        get { self[list: name].first?.text ?? "" }
        set { values[index(of: name)] = [UCI.Value(newValue, line: line)] }
    }

    private func index(of name: StaticString) -> Int {
        let name = ByteString(stringLiteral: name)
        return table.firstIndex { name == $0.name }!
    }

    /// Returns the place of an option, else of the section, else of the file.
    func place(of name: StaticString) -> Place {
        let line = self[list: name].first?.line ?? line
        return Place(file, line: line == 0 ? nil : line)
    }

    var text: ByteString {
        var text: ByteString = "config \(literal: type) '\(name)'\n"
        for index in table.indices {
            for value in values[index] { text += "\toption \(literal: table[index].name) '\(value.text.quoted)'\n" }
        }
        return text
    }
}

extension ByteString {
    /// A host name, perhaps with the name of its system after a blank, in lower case; nil for any other text.
    fileprivate var target: ByteString? {
        let words = words
        guard (1...2).contains(words.count), words.allSatisfy({ $0.isHostName }) else { return nil }
        return words.joined(separator: " ").lowercased
    }

    /// The text for single quotes, with its own quotes as uci(1) writes them.
    var quoted: ByteString { parts { $0 == UInt8(ascii: "'") }.joined(separator: "'\\''") }
}
