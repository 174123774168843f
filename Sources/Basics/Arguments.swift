/// The words and options of a call. Options are `--name`, `--name=VALUE` or `--name VALUE`, in any order, up to `--`.
public struct Arguments: Sendable {
    public private(set) var words: [ByteString] = []
    public private(set) var flags: [ByteString] = []
    private var options: [ByteString] = []

    public init() {}

    /// - Parameter names: The options that take a value.
    /// - Throws: `usage` if an option lacks its value, or has a value that it does not take.
    public init(_ given: [ByteString], valued names: [ByteString]) throws(Fault) {
        var areOptionsOver = false
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

    public func values(of name: ByteString) -> [ByteString] { options.values(of: name + "=") }
}
