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
        var index = 0
        var areOptionsOver = false
        while index < given.count {
            let word = given[index]
            index += 1
            if areOptionsOver || !word.hasPrefix("-") || word == "-" {
                words.append(word)
                continue
            }
            if word == "--" {
                areOptionsOver = true
                continue
            }
            let attached = word.hasPrefix("--") ? word.split(at: UInt8(ascii: "=")) : nil
            let name = attached?.before ?? word
            if names.contains(where: { $0 == name }) {
                if attached == nil, index == given.count { throw Fault(.usage, "\(name) needs a value") }
                options.append(attached == nil ? "\(name)=\(given[index])" : word)
                if attached == nil { index += 1 }
            } else {
                if attached != nil { throw Fault(.usage, "\(name) takes no value") }
                if !flags.contains(where: { $0 == name }) { flags.append(name) }
            }
        }
    }

    /// The values of an option, in their order.
    public func values(of name: ByteString) -> [ByteString] {
        let start = name + "="
        return options.filter { $0.hasPrefix(start) }.map { ByteString($0.bytes[start.count...]) }
    }
}
