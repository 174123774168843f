public struct NameIndex: Sendable {
    private let names: [ByteString]
    /// The indices of the names with each hash.
    private var places: [[Int]]

    public init(_ names: [ByteString]) {
        var size = 16
        while size < 4 * names.count { size *= 2 }
        (self.names, places) = (names, [[Int]](repeating: [], count: size))
        for (place, name) in names.enumerated() { places[slot(of: name, in: 0..<name.count)].append(place) }
    }

    public func indices(of name: ByteString) -> [Int] {
        places[slot(of: name, in: 0..<name.count)].filter { names[$0] == name }
    }

    public func contains(_ name: ByteString) -> Bool { !indices(of: name).isEmpty }

    /// Whether a part of `text`, in lower case, is one of the names.
    public func contains(_ text: ByteString, in part: Range<Int>) -> Bool {
        !places[slot(of: text, in: part)].isEmpty && contains(ByteString(text.bytes[part]).lowercased)
    }

    /// The FNV-1a hash. Upper-case and lower-case letters have one hash.
    private func slot(of text: ByteString, in part: Range<Int>) -> Int {
        text.bytes.withUnsafeBufferPointer { bytes in
            var (hash, index): (UInt32, Int) = (0x811C_9DC5, part.lowerBound)
            while index < part.upperBound {
                hash = (hash ^ UInt32(bytes[index] | 0x20)) &* 0x0100_0193
                index += 1
            }
            return Int(hash & UInt32(places.count - 1))
        }
    }
}
