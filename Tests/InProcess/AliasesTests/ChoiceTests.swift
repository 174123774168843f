import Aliases
import Basics
import Configuration
import Leases
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
    private func choice(
        _ leases: [String], answering: [HostName] = [], silent: [HostName] = [], isProbed: Bool = true,
        current: HostName? = nil
    ) throws -> Choice {
        let section: ByteString = "config cname m\nlist target arch\nlist target arch-wifi\nlist target bigsur\n"
        let aliases = try Settings(section + "option probe \(isProbed ? 1 : 0)", file: "f").aliases
        let leases = leases.map(lease)
        return try aliases[0].choice(
            leases: { host in leases.filter { $0.hostName == host } },
            verdict: { silent.contains($0) ? .silent : answering.contains($0) ? .answers : .unknown },
            isCurrent: { $0 == current })
    }

    private static let cases: [([String], String?, Choice.Reason)] = [
        ([], nil, Choice.Reason.nobody),
        (["arch-wifi 1 5 5"], "arch-wifi", .only),
        (["other 1 5 5"], nil, .nobody),
        // Within a system the order of the targets decides, however new a lease is.
        (["arch 1 5 5", "arch-wifi 2 9 9"], "arch", .preferred),
        (["arch-wifi 2 9 9", "arch 1 - -"], "arch", .preferred),
        // Between systems the newest lease decides, then the order within that system.
        (["arch 1 5 9", "bigsur 2 6 6"], "bigsur", .newest),
        (["arch 1 5 5", "arch-wifi 2 9 9", "bigsur 3 7 7"], "arch", .newest),
        (["arch-wifi 2 9 9", "bigsur 3 7 7"], "arch-wifi", .newest),
        (["arch 1 5 5", "bigsur 2 5 5"], "arch", .newest),
        // A lease from before we were installed is older than all others.
        (["arch 1 - 99", "bigsur 2 0 0"], "bigsur", .newest),
        // Of several such, the one that was seen last; if none was, the one that ends last; if they don't differ, the first.
        (["arch 1 - 8", "bigsur 2 - 9"], "bigsur", .recent), (["arch 1 - -", "bigsur 2 - 0"], "bigsur", .recent),
        (["arch 1 - - 7", "bigsur 2 - - 8"], "bigsur", .latest), (["arch 1 - - 7", "bigsur 2 - -"], "bigsur", .latest),
        (["arch 1 - -", "bigsur 2 - - 8"], "arch", .latest), (["arch 1 - -", "bigsur 2 - -"], "arch", .latest),
        // Of a target's leases the newest counts, not the one that was seen last.
        (["bigsur 2 8 8", "bigsur 3 1 9", "arch 1 7 10"], "bigsur", .newest),
        // An interface has the name with which it was seen last.
        (["arch 1 5 5", "bigsur 1 9 9"], "bigsur", .seen), (["arch 1 5 10", "bigsur 1 9 9"], "arch", .seen),
        (["arch 1 5 10", "arch-wifi 1 9 9"], "arch", .seen), (["arch 1 5 5", "arch-wifi 1 5 6"], "arch-wifi", .seen),
        (["arch 1 5 -", "bigsur 1 - 1"], "bigsur", .seen), (["arch - 5 5", "arch-wifi - 6 6"], "arch", .preferred),
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

    @Test func whoIsSilentWhileARivalAnswersIsOut() throws {
        let leases = ["arch 1 5 5", "arch-wifi 2 5 5"]
        #expect(try choice(leases, silent: ["arch"], isProbed: false).target == "arch")
        let choice = try choice(leases, answering: ["arch-wifi"], silent: ["arch"])
        #expect(choice.target == "arch-wifi" && choice.reason == .answers)
        // If its rival has gone, it is the only one, whatever was found before.
        let only = try self.choice(["arch 1 5 5"], silent: ["arch"])
        #expect(only.target == "arch" && only.reason == .only)
        // Nobody answers, so nobody is out.
        #expect(try self.choice(leases, silent: ["arch", "arch-wifi"]).reason == .preferred)
    }

    @Test func systemsThatAllAnswerAreDifferentMachines() throws {
        let leases = ["arch 1 5 5", "bigsur 2 9 9"]
        #expect(try choice(leases).reason == .newest)
        #expect(try choice(leases, answering: ["arch"]).target == "bigsur")
        let both = try choice(leases, answering: ["arch", "bigsur"])
        #expect(both.target == "arch" && both.reason == .machines)
        // But one interface is one machine.
        let one = try choice(["arch 1 5 5", "bigsur 1 9 9"], answering: ["arch", "bigsur"])
        #expect(one.target == "bigsur" && one.reason == .seen)
    }

    /// After an upgrade or a first installation nobody knows which lease is new.
    @Test func staysWhereItLeadsIfNothingIsKnown() throws {
        let leases = ["arch 1 - 9", "bigsur 2 - -"]
        let stays = try choice(leases, current: "bigsur")
        #expect(stays.target == "bigsur" && stays.reason == .current)
        #expect(try choice(leases, current: "arch-wifi").reason == .recent)
        #expect(try choice(["arch 1 4 9", "bigsur 2 - -"], current: "bigsur").target == "arch")
    }
}
