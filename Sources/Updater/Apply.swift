import Basics
import Configuration
import Dnsmasq
import Linux

extension Context {
    /// `cname-updater apply`: what a start and a reload of the service call. What was left out, as dnsmasq did not run with
    /// it, is tried again.
    ///
    /// - Throws: `cannotCreate`; `settings`; `busy`.
    public func apply() throws(Fault) {
        let occasion = Occasion("the settings have changed")
        occasion.retries = true
        try reconcile(occasion, waits: true)
        notifier.notifyWatch()
    }

    /// `cname-updater prepare`: puts the folder that dnsmasq must follow, and the fragment that names it, in place before its
    /// first start, so that no restart is needed after a boot. Does nothing for an instance that runs.
    ///
    /// - Parameter confdir: The instance's, as its init script will render it.
    /// - Throws: `cannotCreate`.
    public func prepare(_ confdir: ByteString) throws(Fault) {
        let confdir = settings.updater.confdir ?? confdir
        guard settings.updater.publish == .hosts, !settings.aliases.isEmpty,
            try !RenderedFile.all(in: router.rendered).contains(where: { $0.confdir == confdir }),
            try !FileSystem.wearsOut(confdir), InstalledDnsmasq.obstacle() == nil
        else { return }
        try Publisher.prepare(confdir)
    }
}
