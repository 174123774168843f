/// The values of all lines `NAME VALUE` with that name, in the file of a client's leases.
///
/// - Returns: Nothing if there is no such file or line.
public func recorded(_ name: String, in path: String) -> [String] {
    (contents(path) ?? "").split(separator: "\n").filter { $0.hasPrefix(name + " ") }
        .map { String($0.dropFirst(name.count + 1)) }
}
