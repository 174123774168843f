import Aliases
import Basics
import Configuration
import Leases
import Linux

/// `cname-updater check`: what is wrong, or what is in force.
struct Check {
    private static let dhcp: ByteString = "/etc/config/dhcp"
    private let places: Places

    init(_ places: Places) {
        self.places = places
    }

    /// - Throws: `settings`, with all that is wrong: a line each.
    func print() throws(Fault) {
        let settings = try UpdaterSettings(file: places.config)
    }
}
