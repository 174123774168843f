import Basics
import Configuration
import Debounce
import Dnsmasq
import Linux

/// `cname-updater apply`: what a start and a reload of the service call.
extension Context {
    /// Brings the fragments up to date with the settings in force and with what else dnsmasq is given, and asks for the job
    /// if that changes an alias.
    ///
    /// - Throws: `cannotCreate`, `settings`.
    public func apply() throws(Fault) {
        try Backlog(places).catchUp()
        defer { ringWatch() }
        guard try updateAliases(because: "the settings have changed", isRetried: true) else { return }
        // With what is now taken away dnsmasq does not start: it is down, or its next start would be its end.
        try Fifo.write(Request(.flush, settings.updater.job).line, to: places.fifo)
    }
}

extension Context {
    /// `cname-updater prepare`: puts the folder that dnsmasq is to follow, and the fragment that names it, in place before it
    /// is started for the first time, so that no restart is needed after a boot. Does nothing for an instance that runs.
    ///
    /// - Parameter confdir: The instance's, as its init script will render it.
    /// - Throws: `cannotCreate`, `settings`.
    public func prepare(_ confdir: ByteString) throws(Fault) {
        guard settings.updater.publish == .hosts, !settings.all.aliases.isEmpty,
            try !RenderedFile.all(in: rendered).contains(where: { $0.confdir == confdir }),
            InstalledDnsmasq.obstacle() == nil
        else { return }
        for instance in Instance.all(settings.updater, [], confdir: confdir, fallback: { "lan" }) {
            try HostsFolder(of: instance).make()
            let fragment = Fragment(for: instance, isFollowed: true, isAlias: settings.isAlias)
            try fragment.prepare()
            try fragment.put()
        }
    }
}
