import Basics
import CLinux
import Linux
import TestSupport

/// The moments at which a reconcile can be killed, in their order. A folder in the place of the next file makes the
/// write fail, which has the effect of a kill before the write.
enum KillMoment: CaseIterable {
    case truth, since, draft, changing, request, rename, lookAgain, decided, settled, end
}

extension EventWorld {
    private func path(_ name: String) -> String { scratch / "leases/\(name)" }
    private func states(_ kind: String) -> [String] {
        let names = (try? Files.names(in: ByteString(path("reconcile")))) ?? []
        return names.map { "\($0)" }.filter { $0.hasPrefix(kind + ".") && !$0.hasSuffix(".new") }
            .map { path("reconcile/\($0)") }
    }

    /// Runs `body`, in which the updater is killed if it reaches this moment.
    ///
    /// - Returns: Whether it was killed.
    @discardableResult
    func kill(at moment: KillMoment, _ body: () throws -> Void) -> Bool {
        let confdirs = Set(instances.map { $0.confdir })
        let fragments = confdirs.map { ($0, contents(scratch / "\($0)/cname-updater.conf")) }
        var inTheWay: [String] = []
        func block(_ path: String) {
            inTheWay.append(path)
            mkdir(path, 0o700)
        }
        func killAtLook(_ number: Int) {
            onLook = { (look: Int) throws(Fault) in if look == number { throw Fault(.system, "killed") } }
        }
        looks = 0
        let pending = scratch / "run/pending"
        switch moment {
        case .truth: killAtLook(1)
        case .since: block(path("since.new"))
        case .draft: for confdir in confdirs { block(scratch / "\(confdir)/.cname-updater.conf") }
        case .changing: for state in states("state") { block(state + ".new") }
        case .request:
            rename(pending, pending + ".aside")
            scratch.write("run/pending", "")
        case .rename, .lookAgain: killAtLook(2)
        case .decided:
            for other in states("other") {
                unlink(other)
                block(other + ".new")
            }
        case .settled: onLook = { look in if look == 2 { for state in self.states("state") { block(state + ".new") } } }
        case .end:
            onLook = { look in
                guard look == 1, unlink(self.path("reconcile/working")) == 0 else { return }
                block(self.path("reconcile/working"))
            }
        }
        var isKilled = false
        do { try body() } catch { isKilled = true }
        onLook = { _ in }
        for path in inTheWay { rmdir(path) }
        if moment == .request {
            unlink(pending)
            rename(pending + ".aside", pending)
        }
        if moment == .end, isKilled { scratch.write("leases/reconcile/working", "") }
        if moment == .rename, isKilled {
            for (confdir, text) in fragments {
                if let text {
                    scratch.write("\(confdir)/cname-updater.conf", text.isEmpty ? "" : text + "\n")
                } else {
                    unlink(scratch / "\(confdir)/cname-updater.conf")
                }
            }
        }
        return isKilled
    }
}
