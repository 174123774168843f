import Basics

/// A name that is to lead to whichever of its targets is up.
public struct Alias: Equatable, Sendable {
    public struct Target: Equatable, Sendable {
        /// In lower case.
        public let host: ByteString
        /// The system of a multi-boot machine that it belongs to; targets of one system may be up at the same time.
        public let system: ByteString
    }

    /// In lower case.
    public let name: ByteString
    /// The preferred one first.
    public private(set) var targets: [Target] = []
    /// A target also has to answer on the network.
    public var isProbed = false
    /// Where it is set: "FILE:LINE".
    public let place: ByteString

    init(_ name: ByteString, place: ByteString) throws(Fault) {
        guard name.isHostName else {
            throw Fault(.settings, "\(place): '\(name.printable())': not a host name")
        }
        self.name = name.lowercased
        self.place = place
    }

    /// - Parameter words: The target's host name, and the name of its system if the user gave one.
    /// - Throws: `settings`.
    mutating func add(_ words: [ByteString], place: @autoclosure () -> ByteString) throws(Fault) {
        guard (1...2).contains(words.count), words.allSatisfy({ $0.isHostName }) else {
            let text = words.joined(separator: " ").printable()
            throw Fault(.settings, "\(place()): target '\(text)': allowed are a host name, and its system's name")
        }
        let host = words[0].lowercased
        guard !targets.contains(where: { $0.host == host }) else {
            throw Fault(.settings, "\(place()): target '\(host)' stands twice for '\(name)'")
        }
        targets.append(Target(host: host, system: words.count == 2 ? words[1].lowercased : ""))
    }

    /// Gives each target that has none a system: that of the target with the shortest name from which its own differs by
    /// `-…` at the end, as `maxwell-arch-wifi` does from `maxwell-arch`; else one of its own.
    mutating func completeSystems() {
        targets = targets.map { target in
            guard target.system.isEmpty else { return target }
            let stems = targets.filter { target.host == $0.host || target.host.hasPrefix($0.host + "-") }
            let stem = stems.min { $0.host.count < $1.host.count } ?? target
            return Target(host: target.host, system: stem.system.isEmpty ? stem.host : stem.system)
        }
    }
}

extension [Alias] {
    /// Adds those of a mapping file: lines `TARGET ALIAS [SYSTEM]`, the preferred target of an alias first; `#` comments.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public mutating func add(mappings text: ByteString, file: ByteString) throws(Fault) {
        var mapped: [Alias] = []
        for (index, line) in text.lines.enumerated() {
            let place: ByteString = "\(file):\(index + 1)"
            let words = line.uncommented.words
            if words.isEmpty { continue }
            guard (2...3).contains(words.count) else {
                throw Fault(.settings, "\(place): '\(line.printable())': a line is TARGET ALIAS [SYSTEM]")
            }
            let name = words[1].lowercased
            if !mapped.contains(where: { $0.name == name }) { mapped.append(try Alias(name, place: place)) }
            let alias = mapped.firstIndex { $0.name == name }!
            try mapped[alias].add(words.count == 3 ? [words[0], words[2]] : [words[0]], place: place)
        }
        try add(mapped)
    }

    /// - Throws: `settings` if there is one of that name.
    mutating func add(_ aliases: [Alias]) throws(Fault) {
        for var alias in aliases {
            if let other = first(where: { $0.name == alias.name }) {
                throw Fault(.settings, "\(alias.place): alias '\(alias.name)' is already set at \(other.place)")
            }
            alias.completeSystems()
            append(alias)
        }
    }
}
