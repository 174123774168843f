/// Finds a name among many in one step, however many there are.
public struct NameIndex: Sendable {
    private let names: [ByteString]
    /// The place of the first name with each hash, and behind each name that of the next with its hash; -1: none.
    private var first: [Int]
    private var next: [Int]

    public init(_ names: [ByteString]) {
        var size = 16
        while size < 4 * names.count { size *= 2 }
        (self.names, first) = (names, [Int](repeating: -1, count: size))
        next = [Int](repeating: -1, count: names.count)
        for place in names.indices.reversed() {
            let hash = slot(of: names[place], in: 0..<names[place].count)
            (next[place], first[hash]) = (first[hash], place)
        }
    }

    /// The places of a name.
    public func indices(of name: ByteString) -> [Int] {
        var found: [Int] = []
        var place = first[slot(of: name, in: 0..<name.count)]
        while place >= 0 {
            if names[place] == name { found.append(place) }
            place = next[place]
        }
        return found
    }

    public func contains(_ name: ByteString) -> Bool { !indices(of: name).isEmpty }

    /// Whether a part of a text, with its letters in lower case, is one of the names.
    public func contains(_ text: ByteString, in part: Range<Int>) -> Bool {
        // Most texts have another hash, and need not be copied.
        first[slot(of: text, in: part)] >= 0 && contains(ByteString(text.bytes[part]).lowercased)
    }

    /// By the hash FNV-1a of the letters in lower case.
    private func slot(of text: ByteString, in part: Range<Int>) -> Int {
        text.bytes.withUnsafeBufferPointer { bytes in
            var hash: UInt32 = 0x811C_9DC5
            for index in part { hash = (hash ^ UInt32(bytes[index] | 0x20)) &* 0x0100_0193 }
            return Int(hash & UInt32(first.count - 1))
        }
    }
}
