/// Returns the VALUE of each line `NAME VALUE` in the file of a client's leases; empty if the file is missing.
public func recorded(_ name: String, in path: String) -> [String] {
    (contents(path) ?? "").split(separator: "\n").filter { $0.hasPrefix(name + " ") }
        .map { String($0.dropFirst(name.count + 1)) }
}
