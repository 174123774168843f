import Basics
import Linux

/// A lease storage for many processes: `RUN/leases/CLIENT/`, in it a file a value. A client with several leases (an IPv4
/// and an IPv6 address, or two systems) has a line for each in every file, in the same order; a value that none has
/// has no file.
///
/// A change is a folder made ready beside and put in its place by one system call, so a reader that opens the folder
/// once never sees two files that don't belong together. Writers take turns for a few system calls; one that is killed
/// leaves nothing behind that the next does not clear away. What a call costs does not depend on how many clients there
/// are: it looks at one folder.
public struct DirectoryLeases: LeaseStorage {
    /// Holds the folder that was looked up, so that no other can get its inode.
    public final class Token {
        fileprivate let client: ClientIdentifier
        /// nil: the client had no leases.
        fileprivate let folder: FileDescriptor?
        /// All that it holds.
        fileprivate let leases: [Lease]
        fileprivate var isSpent = false

        fileprivate init(_ client: ClientIdentifier, _ folder: consuming FileDescriptor?, _ leases: [Lease]) {
            self.client = client
            self.folder = folder
            self.leases = leases
        }
    }

    private let run: ByteString
    private let now: () -> Instant
    private let renewals: Renewals
    private let owner: Owner

    /// - Parameters:
    ///   - run: The run directory, made by the first update.
    ///   - now: The clock of `expires`.
    public init(
        run: ByteString, now: @escaping () -> Instant, renewals: @escaping Renewals = { _, _ in .unknown },
        owner: @escaping Owner = { _, _ in }
    ) {
        self.run = run
        self.now = now
        self.renewals = renewals
        self.owner = owner
    }

    public func lookup(_ client: ClientIdentifier) throws(LeaseFault) -> (leases: [Lease], token: Token) {
        let now = now()
        while true {
            let token = try read(client)
            let (running, expired) = token.leases.divided(for: client, at: now, renewals)
            if running == token.leases { return (running, token) }
            // Before they are removed: who is killed in between is told again.
            for lease in expired { owner(client, lease) }
            do throws(LeaseFault) {
                try update(client, to: running, token)
            } catch  where error.code == .conflict {}
        }
    }

    public func readOnly(_ client: ClientIdentifier) throws(LeaseFault) -> [Lease] {
        let now = now()
        return try read(client).leases.divided(for: client, at: now, renewals).running
    }

    public func release(_ token: Token) {
        token.isSpent = true
    }

    public func update(
        _ client: ClientIdentifier, to leases: [Lease], _ token: Token, announcing announce: () throws(Fault) -> Void
    ) throws(LeaseFault) {
        guard token.client == client, !token.isSpent else {
            throw .invalid("\(client.name): not a token for this client's leases")
        }
        for lease in leases { try lease.check() }
        do throws(Fault) {
            try Files.makeFolder(run)
            let lock = try FileLock(waitingFor: "\(run)/lock")
            defer { _ = lock }
            token.isSpent = try !isCurrent(token)
            if !token.isSpent {
                try put(leases, in: folder(client), inPlaceOf: token, announce)
                token.isSpent = true
                return
            }
        } catch {
            throw LeaseFault(.unavailable, error)
        }
        throw .conflict(client)
    }

    public func clients() throws(LeaseFault) -> [ClientIdentifier] {
        do throws(Fault) {
            return try Files.names(in: "\(run)/leases").compactMap { ClientIdentifier(name: $0) }
        } catch {
            throw LeaseFault(.unavailable, error)
        }
    }

    // MARK: The files

    private func folder(_ client: ClientIdentifier) -> ByteString { "\(run)/leases/\(client.name)" }

    private func isCurrent(_ token: Token) throws(Fault) -> Bool {
        let current = try FileStatus(at: folder(token.client))
        guard let old = try token.folder?.status() else { return current == nil }
        return old.isSame(as: current)
    }

    private func put(
        _ leases: [Lease], in folder: ByteString, inPlaceOf old: Token, _ announce: () throws(Fault) -> Void
    ) throws(Fault) {
        // Whatever can fail for want of space comes first: to ask for a restart that is not recorded would be to ask
        // for it again with each replay.
        let new: ByteString = "\(run)/new"
        try Files.makeFolder("\(run)/leases")
        try Files.removeFolder(new)
        if !leases.isEmpty {
            try Files.makeFolder(new)
            for value in LeaseValue.allCases {
                let lines = leases.map { value.get($0) }
                guard value.isAlwaysThere || lines.contains(where: { !$0.isEmpty }) else { continue }
                // A renewal changes two of the values.
                if lines == old.leases.map({ value.get($0) }),
                    try Files.link("\(folder)/\(value.name)", to: "\(new)/\(value.name)")
                {
                    continue
                }
                try Files.write("\(new)/\(value.name)", lines.joined(separator: "\n"))
            }
        }
        try announce()
        switch (old.folder == nil, leases.isEmpty) {
        case (true, true): return
        case (true, false): return try Files.rename(new, to: folder)
        case (false, true): try Files.rename(folder, to: new)
        case (false, false): try Files.exchange(new, with: folder)
        }
        try Files.removeFolder(new)
    }

    /// - Returns: With all leases, those included that have expired.
    private func read(_ client: ClientIdentifier) throws(LeaseFault) -> Token {
        let path = folder(client)
        do throws(Fault) {
            while true {
                guard let folder = try FileDescriptor.ifThere(path, Files.folder) else {
                    return Token(client, nil, [])
                }
                let leases = try read(folder, path)
                // A folder that is no longer in its place may have lost files while we read.
                if try folder.status().isSame(as: FileStatus(at: path)) { return Token(client, folder, leases) }
            }
        } catch {
            throw LeaseFault(.unavailable, error)
        }
    }

    private func read(_ folder: borrowing FileDescriptor, _ path: ByteString) throws(Fault) -> [Lease] {
        var leases: [Lease] = []
        for value in LeaseValue.allCases {
            guard let file = try folder.file(value.name) else { continue }
            let lines = try file.text().lines
            if leases.isEmpty { leases = lines.map { _ in Lease(addresses: []) } }
            guard lines.count == leases.count else {
                throw Fault(.cannotCreate, "\(path): its files don't belong together")
            }
            for (index, line) in lines.enumerated() { value.set(line, of: &leases[index]) }
        }
        return leases
    }
}

/// What has a file of its own.
private enum LeaseValue: CaseIterable {
    case address, hostName, hardware, owner, expires, since, seen

    var name: ByteString {
        switch self {
        case .address: "address"
        case .hostName: "hostname"
        case .hardware: "hardware"
        case .owner: "owner"
        case .expires: "expires"
        case .since: "since"
        case .seen: "seen"
        }
    }

    var isAlwaysThere: Bool { self == .address || self == .hostName }

    func get(_ lease: Lease) -> ByteString {
        switch self {
        case .address: lease.addresses.joined(separator: " ")
        case .hostName: lease.hostName
        case .hardware: lease.hardware
        case .owner: lease.owner
        case .expires: lease.expires?.text ?? ""
        case .since: lease.since?.text ?? ""
        case .seen: lease.seen?.text ?? ""
        }
    }

    func set(_ line: ByteString, of lease: inout Lease) {
        switch self {
        case .address: lease.addresses = line.bytes.split(separator: UInt8(ascii: " ")).map { ByteString($0) }
        case .hostName: lease.hostName = line
        case .hardware: lease.hardware = line
        case .owner: lease.owner = line
        case .expires: lease.expires = Instant(text: line)
        case .since: lease.since = Instant(text: line)
        case .seen: lease.seen = Instant(text: line)
        }
    }
}

extension Instant {
    /// Seconds since the start, with milliseconds.
    fileprivate var text: ByteString { ByteString(seconds: sinceStart) }

    fileprivate init?(text: ByteString) {
        guard let seconds = text.seconds else { return nil }
        self.init(sinceStart: seconds)
    }
}
