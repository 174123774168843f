/// The words of a call, taken one by one: options as `--name VALUE` or `--name=VALUE`, in any order.
public struct Arguments {
    private let words: [ByteString]
    /// How many of them are taken.
    private var taken = 0
    private var current: ByteString = ""
    /// The VALUE of `--name=VALUE`, until it is taken.
    private var attached: ByteString?

    public init(_ words: [ByteString]) {
        self.words = words
    }

    private mutating func take() -> ByteString? {
        guard taken < words.count else { return nil }
        taken += 1
        return words[taken - 1]
    }

    /// The next word; of an option only its name, with the dashes.
    ///
    /// - Throws: `usage` if the option before has a value and takes none.
    public mutating func next() throws(Fault) -> ByteString? {
        if attached != nil { throw Fault(.usage, "\(current) takes no value") }
        guard let word = take() else { return nil }
        current = word
        if word.hasPrefix("--"), let (name, value) = word.split(at: UInt8(ascii: "=")) {
            current = name
            attached = value
        }
        return current
    }

    /// The value of the option that came last.
    ///
    /// - Throws: `usage` if there is none.
    public mutating func value() throws(Fault) -> ByteString {
        if let value = attached {
            attached = nil
            return value
        }
        guard let value = take() else { throw Fault(.usage, "\(current) needs a value") }
        return value
    }
}
