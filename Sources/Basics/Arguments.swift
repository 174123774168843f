/// The words of a call: options as `--name VALUE` or `--name=VALUE`, in any order, up to a `--`.
public struct Arguments: Sendable {
    /// The words that are no options.
    public private(set) var words: [ByteString] = []
    /// The options without a value, each once.
    public private(set) var flags: [ByteString] = []
    /// The others, as `--name=VALUE`.
    private var options: [ByteString] = []

    /// Those of a call without words.
    public init() {}

    /// - Parameter names: The options that take a value.
    /// - Throws: `usage` if an option lacks its value, or comes with one that it does not take.
    public init(_ given: [ByteString], valued names: [ByteString]) throws(Fault) {
        var areOptionsOver = false
        // An option whose value is the next word.
        var open: ByteString?
        for word in given {
            let attached = word.hasPrefix("--") ? word.split(at: UInt8(ascii: "=")) : nil
            let name = attached?.before ?? word
            let isValued = names.contains { $0 == name }
            if let option = open {
                options.append("\(option)=\(word)")
                open = nil
            } else if areOptionsOver || !word.hasPrefix("-") || word == "-" {
                words.append(word)
            } else if word == "--" {
                areOptionsOver = true
            } else if attached == nil {
                if isValued { open = name } else { flags = (flags + [name]).uniqued }
            } else {
                guard isValued else { throw Fault(.usage, "\(name) takes no value") }
                options.append(word)
            }
        }
        if let open { throw Fault(.usage, "\(open) needs a value") }
    }

    /// The values of an option, in their order.
    public func values(of name: ByteString) -> [ByteString] { options.values(of: name + "=") }
}
