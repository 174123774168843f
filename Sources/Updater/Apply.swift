import Basics
import Configuration
import Dnsmasq
import Linux

extension Context {
    /// `cname-updater apply`: called by a start and a reload of the service. Tries aliases again that were left out.
    /// - Throws: `cannotCreate`; `settings`; `busy`.
    public func apply() throws(Fault) {
        let occasion = Occasion("the settings have changed")
        occasion.retries = true
        try reconcile(occasion, waits: true)
        notifier.notifyWatch()
    }

    /// `cname-updater prepare`: installs the folder that dnsmasq must follow, and the fragment that names it, before
    /// dnsmasq's first start. So no restart is needed after a boot. Does nothing for an instance that runs.
    /// - Parameter confdir: The conf-dir of the instance, as its init script will render it.
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
