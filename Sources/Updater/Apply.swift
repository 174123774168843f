import Basics
import Configuration
import Debounce
import Linux

/// `cname-updater apply`: what a start and a reload of the service call.
extension Context {
    /// Brings the fragments up to date with the settings in force and with what else dnsmasq is given, and asks for the job
    /// if that changes an alias.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    public func apply() throws(Fault) {
        try Backlog(places).catchUp()
        guard try updateAliases(because: "the settings have changed", isRetried: true) else { return }
        // With what is now taken away dnsmasq does not start: it is down, or its next start would be its end.
        try Fifo.write(Request(.flush, settings.updater.job).line, to: places.fifo)
    }
}
