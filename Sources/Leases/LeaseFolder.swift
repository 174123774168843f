import Basics
import Linux

/// What the leases were when the last events had been handled: `RUN/leases/CLIENT/`, in it the files `address` and
/// `hostname`. A client with several leases (it booted two systems, or has an IPv4 and an IPv6 address) has a line for
/// each in both files, in the same order.
///
/// A change of one client is a folder made ready beside and put in its place by one system call, so a reader that
/// opens the folder once never sees two files that don't belong together. One lock serves all writers, who hold it for a
/// few system calls; a writer that is killed leaves nothing behind that the next does not clear away.
public struct LeaseFolder {
    private let run: ByteString

    /// - Parameter run: The run directory, made if it is missing.
    /// - Throws: `cannotCreate`.
    public init(run: ByteString) throws(Fault) {
        self.run = run
        try Files.makeFolder(run)
    }

    struct Lease: Equatable {
        var address: ByteString
        var hostName: ByteString
    }

    /// Records an event.
    ///
    /// - Parameter announce: Called if the event changes what is known, before the change is put in place: if it
    ///   throws, or if we are killed, the change is not recorded, and the next event for this lease brings it again.
    /// - Returns: Whether anything changed.
    /// - Throws: `cannotCreate` if the record can't be written, and what `announce` throws.
    @discardableResult
    public func record(_ event: LeaseEvent, announce: () throws(Fault) -> Void) throws(Fault) -> Bool {
        let lock = try FileLock(waitingFor: "\(run)/lock")
        defer { _ = lock }

        let known = try leases(of: event.client)
        var leases = known
        let index = leases.firstIndex { $0.address == event.address }
        let lease = Lease(address: event.address, hostName: event.hostName)
        switch (event.action, index) {
        case (.remove, let index?): leases.remove(at: index)
        case (.remove, nil): break
        case (_, let index?): leases[index] = lease
        case (_, nil): leases.append(lease)
        }
        guard leases != known else { return false }

        // Whatever can fail for want of space comes first: to ask for a restart that is not recorded would be to ask
        // for it again with each replay.
        let folder: ByteString = "\(run)/leases/\(event.client)"
        try Files.makeFolder("\(run)/leases")
        try Files.removeFolder("\(run)/new")
        if !leases.isEmpty {
            try Files.makeFolder("\(run)/new")
            try Files.write("\(run)/new/address", leases.map { $0.address }.joined(separator: "\n"))
            try Files.write("\(run)/new/hostname", leases.map { $0.hostName }.joined(separator: "\n"))
        }
        try announce()
        if known.isEmpty {
            try Files.rename("\(run)/new", to: folder)
        } else if leases.isEmpty {
            try Files.rename(folder, to: "\(run)/new")
        } else {
            try Files.exchange("\(run)/new", with: folder)
        }
        try Files.removeFolder("\(run)/new")
        return true
    }

    private func leases(of client: ByteString) throws(Fault) -> [Lease] {
        let folder: ByteString = "\(run)/leases/\(client)"
        do throws(Fault) {
            let addresses = try Files.read("\(folder)/address").lines
            let names = try Files.read("\(folder)/hostname").lines
            guard addresses.count == names.count else {
                throw Fault(.cannotCreate, "\(folder): address and hostname don't belong together")
            }
            return zip(addresses, names).map { Lease(address: $0, hostName: $1) }
        } catch  where error.isNotFound {
            return []
        }
    }
}
