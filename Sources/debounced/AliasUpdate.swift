import Basics
import Configuration
import Linux

/// Has `cname-updater` bring the aliases up to date when settings have come into force. What they are about is its
/// business.
final class AliasUpdate {
    private let places: Places
    private var command: Command?
    /// It was asked for once more meanwhile.
    private var isBehind = false
    /// The settings have none. There may be some of earlier ones.
    var isEmpty = true

    init(_ places: Places) { self.places = places }

    /// Starts it, unless there has never been an alias.
    func apply() {
        isBehind = command != nil
        if isBehind { return }
        attempt("aliases") { () throws(Fault) in
            if isEmpty, try FileStatus(at: places.updater + "/reconcile") == nil { return }
            let processFile = places.daemon + "/.apply"
            try Files.remove(processFile)
            // The one that was built with us.
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
