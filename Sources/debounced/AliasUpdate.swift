import Basics
import Configuration
import Linux

/// Calls `cname-updater apply` whenever settings have come into force.
final class AliasUpdate {
    private let places: Places
    private var command: Command?
    /// Another call was requested during this one.
    private var isBehind = false
    /// The settings have no aliases. Earlier settings may have had some.
    var isEmpty = true

    init(_ places: Places) { self.places = places }

    /// Starts the updater, unless there has never been an alias.
    func apply() {
        isBehind = command != nil
        if isBehind { return }
        attempt("aliases") { () throws(Fault) in
            if isEmpty, try FileStatus(at: places.updater + "/reconcile") == nil { return }
            let processFile = places.daemon + "/.apply"
            try Files.remove(processFile)
            let ours = Files.target(ofLink: "/proc/self/exe") ?? ""
            let folder = ByteString(ours.bytes.prefix((ours.bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1))
            command = try Command(
                "exec '\(folder)cname-updater' apply", of: "aliases", environment: places.environment,
                processFile: processFile
            ) { [self] _ in
                command = nil
                if isBehind { apply() }
            }
        }
    }
}
