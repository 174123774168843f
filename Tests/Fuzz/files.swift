import Aliases
import Basics
import CLinux
import Configuration
import Dnsmasq
import Leases
import Linux
import Network

private let folder: ByteString = "/dev/shm/dhcp-hook-fuzz-\(Process.number)"

/// Makes the folder, once.
private let isReady: Bool = {
    try! Files.makeFolder(folder)
    atexit { try? Files.removeFolder(folder) }
    return true
}()

nonisolated(unsafe) private let updater: UpdaterSettings = {
    var findings = Findings()
    return Settings("", file: "f", findings: &findings).updater
}()

/// A file of dnsmasq (a rendered one, leases, hosts), or one of ours, which a crash may have cut.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = ByteString(UnsafeBufferPointer(start: bytes, count: count))
    let path = folder + "/dnsmasq.conf.fuzz"
    precondition(isReady)
    try! Files.write(text, to: path)
    ofDnsmasq(path)
    ofOurs(text)
    return 0
}

private func ofDnsmasq(_ path: ByteString) {
    let now = Instant(sinceStart: .seconds(1000))
    let some: [Address] = [Address("10.0.0.1")!, Address("fd00::1")!]
    for instance in try! Instance.all(updater, in: folder, processes: [], ran: { _ in true }) {
        let rendered = instance.rendered
        for address in some {
            let name = rendered.domains.name(for: address)
            precondition(name.isEmpty || name.isHostName)
            _ = instance.serves(Lease(addresses: [address]))
        }
        _ = (try? instance.obstacle(), rendered.reads("a.conf"))
        let other = OtherSettings(of: [rendered], confdir: folder, reservations: nil, key: "k", obstacle: nil) {
            $0.count < 5
        }
        precondition(OtherSettings(text: other.text, key: "k")?.text == other.text)
    }
    for entry in HostsFiles.entries(in: [path], where: { _ in true }) { precondition(entry.name.isHostName) }
    guard let file = LeaseFile.read(path, wallClock: { .seconds(9_000_000_000) }, pause: { _ in }) else { return }
    var clients: [ByteString] = []
    file.forEachLease { clients += [$0[1].lowercased, $0[4].lowercased] }
    for held in file.leases(at: now, wallClock: .seconds(1_700_000_000)) {
        precondition((try? held.lease.check()) != nil && held.lease.expires.map { $0 >= now } ?? true)
        // The record of a client that has a lease is not removed.
        precondition(clients.contains(held.client.text))
        _ = file.term(of: held.lease, held.client, wallClock: .zero)
    }
}

/// A file that is read and written again is unchanged.
private func ofOurs(_ text: ByteString) {
    if let state = FragmentState(text: text) {
        precondition(FragmentState(text: state.text)!.text == state.text)
    }
    let key = text.lines.first ?? ""
    if let other = OtherSettings(text: text, key: key) {
        precondition(OtherSettings(text: other.text, key: key)!.text == other.text)
    }
    let presence = Presence(text: text).text
    precondition(Presence(text: presence).text == presence)
    let (alias, target, now) = (HostName("m")!, HostName("arch")!, Instant(sinceStart: .seconds(7)))
    let since = Since(text: text)
    since.add(alias, to: [target, nil], at: now)
    let next = Since(text: since.changed ?? text)
    precondition(next.moment(of: alias) != nil && next.leads(alias, to: target, at: 0))
    for domain: ByteString in ["", "lan"] {
        _ = Fragment.changes(from: text, to: "cname=a,a.lan,x.lan", domain: domain)
    }
}
