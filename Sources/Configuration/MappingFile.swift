import Basics

/// The mapping file: lines `TARGET ALIAS [SYSTEM]`, the preferred target of an alias first, and `#` comments.
public enum MappingFile {
    public static func aliases(in text: ByteString, file: ByteString, findings: inout Findings) -> [Alias] {
        var sections: [UCI.Section] = []
        for (index, line) in text.lines.enumerated() {
            let words = line.uncommented.words
            if words.isEmpty { continue }
            guard (2...3).contains(words.count) else {
                findings.add(
                    .fault, at: Place(file, line: index + 1), "'\(line.printable())': a line is TARGET ALIAS [SYSTEM]")
                continue
            }
            func value(_ text: ByteString) -> UCI.Value { UCI.Value(text, line: index + 1) }
            let name = words[1].lowercased
            let section =
                sections.first { $0.values(of: "name")[0].text == name }
                ?? UCI.Section(type: "cname", name: nil, line: index + 1)
            if section.options.isEmpty {
                section.add("name", value: value(name), isList: false)
                sections.append(section)
            }
            section.add("target", value: value(words.count == 3 ? "\(words[0]) \(words[2])" : words[0]), isList: true)
        }
        return sections.compactMap { Alias($0, file: file, findings: &findings) }
    }
}
