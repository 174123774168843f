import TestSupport
import Testing

/// Real dnsmasq chooses among several reservations as `Reservations.clashes` says.
@Suite(.ownThread) struct ReservationOrderTests {
    private static let exact = "02:00:00:00:00:0a,10.77.0.1"
    private static let wildcard = "02:00:00:*:*:*,10.77.0.2"
    private static let identifier = "id:ff:11,10.77.0.3"
    private static let name = "maxwell,10.77.0.4"
    private static let (sendsIdentifier, sendsName) = ("-x 0x3d:ff11", "-x hostname:maxwell")

    /// - Returns: The addresses that a client gets in these calls of udhcpc, in order.
    private func addresses(_ lines: [String], _ calls: [String]) throws -> [String] {
        let scratch = Scratch()
        scratch.write(
            "conf",
            """
            port=0
            no-ping
            user=root
            interface=lan0
            bind-interfaces
            dhcp-authoritative
            dhcp-range=10.77.0.100,10.77.0.250,255.255.0.0,12h
            dhcp-leasefile=\(scratch / "leases")
            log-facility=\(scratch / "log")
            pid-file=\(scratch / "pid")

            """ + lines.map { "dhcp-host=\($0)\n" }.joined())
        scratch.write("script", "#!/bin/sh\n[ \"$1\" != bound ] || echo \"address $ip\"\n", mode: 0o755)
        let call = "nsenter -t $client -n udhcpc -f -q -n -i lan1 -t 30 -T 1 -s \(scratch / "script")"
        let script = """
            unshare -n sleep 1000 &
            client=$!
            while [ "$(readlink /proc/$client/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
            ip link add lan0 type veth peer name lan1 netns $client
            ip addr add 10.77.255.1/16 dev lan0
            ip link set lan0 up
            nsenter -t $client -n ip link set lan1 address 02:00:00:00:00:0a up
            dnsmasq --conf-file=\(scratch / "conf")
            \(calls.map { "\(call) \($0)" }.joined(separator: "\n"))
            """
        let words = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script]
        return try run(words).output.split(separator: "\n").filter { $0.hasPrefix("address ") }
            .map { String($0.dropFirst("address 10.77.".count)) }
    }

    /// The first line wins, wherever it stands.
    @Test(arguments: [
        ([identifier, exact], sendsIdentifier), ([identifier, wildcard], sendsIdentifier),
        ([identifier, name], sendsIdentifier + " " + sendsName), ([exact, wildcard], "-C"), ([exact, name], sendsName),
        ([wildcard, name], sendsName),
        // To dnsmasq what has no colon is text, and the identifier is the whole of option 61.
        ([exact, "id:ff11,10.77.0.5"], sendsIdentifier), ([exact, "id:ff:11,10.77.0.5"], "-x 0x3d:ff00000001ff11"),
    ])
    func oneWins(lines: [String], call: String) throws {
        let expected = String(lines[0].split(separator: ",")[1].dropFirst("10.77.".count))
        #expect(try addresses(lines, [call]) == [expected])
        #expect(try addresses(lines.reversed(), [call]) == [expected])
    }

    @Test func whatTheWinnerLeavesOutIsNotTakenFromTheOthers() throws {
        let address = try addresses(["id:ff:11,arch", Self.exact], [Self.sendsIdentifier])
        #expect(address.count == 1 && address != ["0.1"])
    }

    @Test func withoutAnIdentifierTheLastLeaseStays() throws {
        #expect(
            try addresses([Self.identifier, Self.exact], ["-C", Self.sendsIdentifier, "-C"]) == ["0.1", "0.3", "0.3"])
    }

    @Test func ofOneAddressTheLastLineWins() throws {
        #expect(try addresses([Self.exact, "02:00:00:00:00:0a,10.77.0.5"], ["-C"]) == ["0.5"])
    }

    @Test func oneAddressTwiceIsTheEnd() throws {
        let lines = ["--dhcp-host=" + Self.exact, "--dhcp-host=02:00:00:00:00:0b,10.77.0.1"]
        #expect(try run(["dnsmasq", "--test", "--conf-file=/dev/null", lines[0]]).status == 0)
        let twice = try run(["dnsmasq", "--test", "--conf-file=/dev/null"] + lines)
        #expect(twice.status != 0 && twice.output.contains("duplicate dhcp-host IP address"))
    }
}
