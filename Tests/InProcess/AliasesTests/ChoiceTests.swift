import Aliases
import Basics
import Configuration
import Leases
import Network
import TestSupport
import Testing

/// A lease written as `host mac since seen end`, times in seconds or `-`; the end may be missing.
private func lease(_ text: String) -> Lease {
    let words = text.split(separator: " ").map { String($0) }
    func time(_ index: Int) -> Instant? {
        index < words.count ? Int(words[index]).map { Instant(sinceStart: .seconds($0)) } : nil
    }
    return Lease(
        addresses: ["10.0.0.1"], hostName: HostName(stringLiteral: words[0]),
        hardware: words[1] == "-" ? "" : ByteString(words[1]), expires: time(4), since: time(2), seen: time(3))
}

@Suite struct ChoiceTests {
    /// Two operating systems: arch, with and without a cable, and bigsur.
    ///
    /// - Parameter hosts: The targets that a hosts file lists, with the address 10.0.0.2.
    private func choice(
        _ leases: [String], hosts: [HostName] = [], reachable: [HostName] = [], unreachable: [HostName] = [],
        isProbed: Bool = true, current: HostName? = nil
    ) throws -> Choice {
        let section: ByteString = "config cname m\nlist target arch\nlist target arch-wifi\nlist target bigsur\n"
        let aliases = try Settings(section + "option probe \(isProbed ? 1 : 0)", file: "f").aliases
        let leases = leases.map(lease)
        return aliases[0].choice(
            knowing: { host in
                KnownHost(
                    leases: leases.filter { $0.hostName == host }, hosts: hosts.contains(host) ? ["10.0.0.2"] : [])
            },
            verdict: { unreachable.contains($0) ? .unreachable : reachable.contains($0) ? .reachable : .unknown },
            isCurrent: { $0 == current })
    }

    private static let cases: [([String], String?, Choice.Reason)] = [
        ([], nil, Choice.Reason.none),
        (["arch-wifi 1 5 5"], "arch-wifi", .only),
        (["other 1 5 5"], nil, Choice.Reason.none),
        // Within a system the order of the targets decides, however new a lease is.
        (["arch 1 5 5", "arch-wifi 2 9 9"], "arch", .preferred),
        (["arch-wifi 2 9 9", "arch 1 - -"], "arch", .preferred),
        // Between systems the newest lease decides, then the order within that system.
        (["arch 1 5 9", "bigsur 2 6 6"], "bigsur", .newest),
        (["arch 1 5 5", "arch-wifi 2 9 9", "bigsur 3 7 7"], "arch", .newest),
        (["arch-wifi 2 9 9", "bigsur 3 7 7"], "arch-wifi", .newest),
        (["arch 1 5 5", "bigsur 2 5 5"], "arch", .newest),
        // A lease from before the installation is older than all others.
        (["arch 1 - 99", "bigsur 2 0 0"], "bigsur", .newest),
        // Among leases of unknown age, the most recently seen lease wins, then the lease with the latest end, then the
        // first.
        (["arch 1 - 8", "bigsur 2 - 9"], "bigsur", .recent), (["arch 1 - -", "bigsur 2 - 0"], "bigsur", .recent),
        (["arch 1 - - 7", "bigsur 2 - - 8"], "bigsur", .latest), (["arch 1 - - 7", "bigsur 2 - -"], "bigsur", .latest),
        (["arch 1 - -", "bigsur 2 - - 8"], "arch", .latest), (["arch 1 - -", "bigsur 2 - -"], "arch", .latest),
        // The newest lease of a target counts, even if an older lease was seen later.
        (["bigsur 2 8 8", "bigsur 3 1 9", "arch 1 7 10"], "bigsur", .newest),
        // An interface has the name under which it was last seen.
        (["arch 1 5 5", "bigsur 1 9 9"], "bigsur", .sameInterface),
        (["arch 1 5 10", "bigsur 1 9 9"], "arch", .sameInterface),
        (["arch 1 5 10", "arch-wifi 1 9 9"], "arch", .sameInterface),
        (["arch 1 5 5", "arch-wifi 1 5 6"], "arch-wifi", .sameInterface),
        (["arch 1 5 -", "bigsur 1 - 1"], "bigsur", .sameInterface),
        (["arch - 5 5", "arch-wifi - 6 6"], "arch", .preferred),
        (["arch 1 5 5", "arch-wifi 1 5 5"], "arch", .preferred),
        // arch has lost one interface to another name, but still has the lease of its other interface.
        (["arch 1 5 7", "arch 2 5 6", "arch-wifi 1 8 8"], "arch", .preferred),
        (["arch 1 9 9", "arch 2 5 6", "arch-wifi 1 10 10", "bigsur 3 7 7"], "arch", .newest),
    ]

    @Test(arguments: cases)
    func chooses(leases: [String], target: String?, reason: Choice.Reason) throws {
        for leases in [leases, leases.reversed()] {
            let choice = try choice(leases)
            #expect(choice.target == target.map { HostName(stringLiteral: $0) })
            #expect(choice.reason == reason)
            #expect(choice.lease?.hostName == choice.target)
        }
    }

    @Test func anUnreachableCandidateIsOutWhileAnotherAnswers() throws {
        let leases = ["arch 1 5 5", "arch-wifi 2 5 5"]
        #expect(try choice(leases, unreachable: ["arch"], isProbed: false).target == "arch")
        let choice = try choice(leases, reachable: ["arch-wifi"], unreachable: ["arch"])
        #expect(choice.target == "arch-wifi" && choice.reason == .reachable)
        // A target without a competitor wins, even if it was unreachable.
        let only = try self.choice(["arch 1 5 5"], unreachable: ["arch"])
        #expect(only.target == "arch" && only.reason == .only)
        // All candidates are unreachable, so the order decides.
        #expect(try self.choice(leases, unreachable: ["arch", "arch-wifi"]).reason == .preferred)
    }

    @Test func systemsThatAllAnswerAreDifferentMachines() throws {
        let leases = ["arch 1 5 5", "bigsur 2 9 9"]
        #expect(try choice(leases).reason == .newest)
        #expect(try choice(leases, reachable: ["arch"]).target == "bigsur")
        let both = try choice(leases, reachable: ["arch", "bigsur"])
        #expect(both.target == "arch" && both.reason == .firstMachine)
        // Two systems on one interface are one machine.
        let one = try choice(["arch 1 5 5", "bigsur 1 9 9"], reachable: ["arch", "bigsur"])
        #expect(one.target == "bigsur" && one.reason == .sameInterface)
    }

    /// After an upgrade or a first installation, the age of the leases is unknown.
    @Test func staysWhereItLeadsIfNothingIsKnown() throws {
        let leases = ["arch 1 - 9", "bigsur 2 - -"]
        let stays = try choice(leases, current: "bigsur")
        #expect(stays.target == "bigsur" && stays.reason == .current)
        #expect(try choice(leases, current: "arch-wifi").reason == .recent)
        #expect(try choice(["arch 1 4 9", "bigsur 2 - -"], current: "bigsur").target == "arch")
    }

    @Test func aNameInAHostsFileIsUp() throws {
        let only = try choice([], hosts: ["bigsur"])
        #expect(only.target == "bigsur" && only.reason == .hosts && only.lease == nil)
        #expect(only.known.addresses == ["10.0.0.2"] && only.others.isEmpty)
        // Each address appears once, the lease's address first.
        let both = try choice(["arch 1 5 5"], hosts: ["arch"])
        #expect(both.target == "arch" && both.reason == .only && both.known.addresses == ["10.0.0.1", "10.0.0.2"])
        // Among names from hosts files, the order decides within a system. Between systems, the current target is kept.
        let preferred = try choice([], hosts: ["arch", "arch-wifi"])
        #expect(preferred.target == "arch" && preferred.reason == .preferred)
        let first = try choice([], hosts: ["arch", "bigsur"])
        #expect(first.target == "arch" && first.reason == .hosts)
        let stays = try choice([], hosts: ["arch", "bigsur"], current: "bigsur")
        #expect(stays.target == "bigsur" && stays.reason == .current)
    }

    @Test func aLeaseBeatsAHostsFileUnlessProbingSaysOtherwise() throws {
        let leased = try choice(["bigsur 2 - -"], hosts: ["arch"], current: "arch")
        #expect(leased.target == "bigsur" && leased.reason == .only && leased.others == ["10.0.0.2"])
        let two = try choice(["arch-wifi 1 5 5", "bigsur 2 9 9"], hosts: ["arch"])
        #expect(two.target == "bigsur" && two.reason == .newest)
        // A hosts file does not replace a lease that lost its interface to another name.
        let lost = try choice(["arch-wifi 1 5 5", "bigsur 1 9 9"], hosts: ["arch"])
        #expect(lost.target == "bigsur" && lost.reason == .sameInterface)

        let gone = try choice(["bigsur 2 9 9"], hosts: ["arch"], reachable: ["arch"], unreachable: ["bigsur"])
        #expect(gone.target == "arch" && gone.reason == .reachable && gone.others == ["10.0.0.1"])
        let notProbed = try choice(["bigsur 2 9 9"], hosts: ["arch"], unreachable: ["bigsur"], isProbed: false)
        #expect(notProbed.target == "bigsur" && notProbed.reason == .only)
        let silent = try choice(["bigsur 2 9 9"], hosts: ["arch"], unreachable: ["arch", "bigsur"])
        #expect(silent.target == "bigsur" && silent.reason == .only)
        let machines = try choice([], hosts: ["arch", "bigsur"], reachable: ["arch", "bigsur"], current: "bigsur")
        #expect(machines.target == "arch" && machines.reason == .firstMachine)
    }
}
