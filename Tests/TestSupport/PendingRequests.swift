/// The files of pending requests with one cause in a daemon's run directory, such as `lease.aa:bb:cc:dd:ee:ff`.
public func pendingRequests(for job: String, _ cause: String, in folder: String) -> [String] {
    let names = (try? run(["ls", "\(folder)/pending/\(job)"]))?.output.split(separator: "\n").map { String($0) } ?? []
    return names.filter { $0 == cause || $0.hasPrefix(cause + ".") }
}
