/// The words of a call, taken one by one: options as `--name VALUE` or `--name=VALUE`, in any order, up to a `--`.
public struct Arguments {
    private let words: [ByteString]
    /// How many of them are taken.
    private var taken = 0
    private var current: ByteString = ""
    /// The VALUE of `--name=VALUE`, until it is taken.
    private var attached: ByteString?
    /// A `--` has come: the words that follow are no options, whatever they look like.
    public private(set) var areOptionsOver = false

    public init(_ words: [ByteString]) {
        self.words = words
    }

    /// Whether the words ask for JSON, be they a call that makes sense or not.
    public static func wantJSON(_ words: [ByteString]) -> Bool {
        for word in words {
            if word == "--" { return false }
            if word == "--json" { return true }
        }
        return false
    }

    private mutating func take() -> ByteString? {
        guard taken < words.count else { return nil }
        taken += 1
        return words[taken - 1]
    }

    /// The next word; of an option only its name, with the dashes.
    ///
    /// - Throws: `usage` if the option before came with a value, which it does not take.
    public mutating func next() throws(Fault) -> ByteString? {
        if attached != nil { throw Fault(.usage, "\(current) takes no value") }
        guard var word = take() else { return nil }
        if !areOptionsOver, word == "--" {
            areOptionsOver = true
            guard let first = take() else { return nil }
            word = first
        }
        current = word
        if !areOptionsOver, word.hasPrefix("--"), let (name, value) = word.split(at: UInt8(ascii: "=")) {
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
