import Aliases
import Basics
import Configuration
import Dnsmasq
import Linux

/// `cname-updater verify`: whether a restart of dnsmasq did any good. Its init script does not know.
extension Context {
    /// Waits until each instance has had the same process for a while. If one has not, the aliases that it was given are
    /// taken away, and dnsmasq is restarted once more; if that does not help, they were not at fault and are put back.
    ///
    /// - Throws: `unavailable` if dnsmasq does not run even so; `cannotCreate`.
    public func verify() throws(Fault) {
        var down = try Running.down(current())
        // A restart that was cut off between stop and start.
        if !down.isEmpty, Process.environment("DEBOUNCED_RESULT") == "cut" {
            _ = ChildProcess.run(["service", "dnsmasq", "start"], within: .seconds(60))
            down = try Running.down(current())
        }
        let isAcquitted = try AliasKeeper.record(self).map { $0.acquitted != "none" } ?? false
        // Mostly there is nothing to do, and no lock is needed.
        if down.isEmpty, !isAcquitted { return }
        var withdrawn: [Fragment] = []
        do {
            var keeper = try AliasKeeper(self)
            withdrawn = try keeper.withdraw { instance in
                instance.rendered.contains { file in down.contains { $0.path == file.path } }
            }
        }
        if !withdrawn.isEmpty {
            // As long as the default timeout of a job.
            _ = ChildProcess.run(["service", "dnsmasq", "restart"], within: .seconds(60))
            down = try Running.down(current())
            func isDown(_ confdir: ByteString) -> Bool { down.contains { $0.confdir == confdir } }
            for confdir in withdrawn.map({ $0.instance.confdir }) where !isDown(confdir) {
                Log.error(
                    "\(confdir): dnsmasq did not run with these aliases; left out until they change or the service is reloaded"
                )
            }
            let blameless = withdrawn.filter { isDown($0.instance.confdir) }
            if !blameless.isEmpty {
                var keeper = try AliasKeeper(self)
                try keeper.putBack(blameless)
                Log.error("dnsmasq does not run without our aliases either, so they are put back")
            }
        }
        guard let first = down.first else { return }
        throw Fault(
            .unavailable, "\(first.path): dnsmasq does not run with it, with or without aliases; see logread -e dnsmasq"
        )
    }

    /// What the instances were started with. A file that is much older than the others is that of an instance which is no
    /// longer in the settings: a restart renders all of them.
    private func current() throws(Fault) -> [RenderedFile] {
        let files = try RenderedFile.all(in: rendered)
        var changed: [Duration] = []
        for file in files { changed.append(try FileStatus(at: file.path)?.changed ?? .zero) }
        let newest = changed.max() ?? .zero
        var current: [RenderedFile] = []
        for (index, file) in files.enumerated() where newest - changed[index] < .seconds(60) { current.append(file) }
        return current
    }
}

/// How long an instance has run.
private final class Running {
    private let file: RenderedFile
    /// Its processes that have been there since `since`. dnsmasq has one more that runs its script.
    private var numbers: [Int] = []
    private var since: Instant
    /// When there was one.
    private var seen: Instant

    private init(_ file: RenderedFile, at now: Instant) {
        self.file = file
        since = now
        seen = now
    }

    /// So long one process has to run. One that is to die at the end of its second second does so.
    private static let enough = Duration.milliseconds(2500)
    /// A good one is there after a few milliseconds. procd tries a bad one again after 5 s.
    private static let patience = Duration.seconds(1)

    /// Waits until it is known of each whether it runs.
    ///
    /// - Returns: Those that don't.
    static func down(_ files: [RenderedFile]) throws(Fault) -> [RenderedFile] {
        let start = Process.now
        var waiting = files.map { Running($0, at: start) }
        var down: [RenderedFile] = []
        while true {
            let processes = try RunningProcess.all(of: "dnsmasq")
            let now = Process.now
            var open: [Running] = []
            for one in waiting {
                one.note(processes.filter { one.isInstance($0.words) }.map { $0.number }, at: now)
                if !one.numbers.isEmpty, now - one.since >= enough { continue }
                // One that comes and goes does not run either.
                if now - one.seen >= patience || now - start > .seconds(10) {
                    down.append(one.file)
                } else {
                    open.append(one)
                }
            }
            if open.isEmpty { return down }
            waiting = open
            Process.pause(.milliseconds(100))
        }
    }

    private func note(_ current: [Int], at now: Instant) {
        let stayed = numbers.filter { current.contains($0) }
        if stayed.isEmpty { since = now }
        numbers = stayed.isEmpty ? current : stayed
        if !current.isEmpty { seen = now }
    }

    /// Whether a dnsmasq with these words was started with the file.
    private func isInstance(_ words: [ByteString]) -> Bool {
        words.indices.dropFirst().contains { words[$0] == file.path && words[$0 - 1] == "-C" }
    }
}
