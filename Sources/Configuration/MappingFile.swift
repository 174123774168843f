import Basics

/// The mapping file, which may hold more aliases than the settings: lines `TARGET ALIAS [SYSTEM]`, with the preferred
/// target of an alias first, and `#` comments.
public enum MappingFile {
    /// Reads the aliases, and leaves out what is faulty.
    ///
    /// - Parameter findings: What is found is added.
    public static func aliases(_ text: ByteString, file: ByteString, _ findings: inout Findings) -> [Alias] {
        var aliases: [Alias] = []
        for (index, line) in text.lines.enumerated() {
            let words = line.uncommented.words
            if words.isEmpty { continue }
            let place = Place(file, index + 1)
            guard (2...3).contains(words.count) else {
                findings.add(.fault, place, "'\(line.printable())': a line is TARGET ALIAS [SYSTEM]")
                continue
            }
            let name = words[1].lowercased
            var alias = aliases.first { $0.name.text == name }
            if alias == nil {
                alias = Alias(UCI.Value(name, line: index + 1), file: file, &findings)
                if let alias { aliases.append(alias) }
            }
            let target = (words.count == 3 ? [words[0], words[2]] : [words[0]]).joined(separator: " ")
            if let fault = alias?.add(UCI.Value(target, line: index + 1)) {
                findings.add(.fault, place, fault)
            }
        }
        return aliases.filter { $0.complete(file, &findings) }
    }
}
