import Basics
import Leases
import TestSupport
import Testing

@Suite struct LeaseFolderTests {
    private let scratch = Scratch()
    private let client = "aa:bb:cc:dd:ee:ff"

    /// - Returns: How often something was announced.
    @discardableResult
    private func record(
        _ action: String, _ address: String = "10.0.0.1", _ name: String = "a", failing: Bool = false
    ) throws -> Int {
        let environment = ["ACTION": action, "MACADDR": client, "IPADDR": address, "HOSTNAME": name]
        let event = try LeaseEvent(router: "router") { environment["\($0)"].map { ByteString($0) } }
        var announced = 0
        let changed = try LeaseFolder(run: ByteString(scratch / "run")).record(event) { () throws(Fault) in
            announced += 1
            if failing { throw Fault(.unavailable, "nobody there") }
        }
        #expect(changed == (announced == 1))
        return announced
    }

    private func file(_ name: String) -> String? { contents(scratch / "run/leases/\(client)/\(name)") }

    @Test func announcesNewChangedAndGoneLeasesOnce() throws {
        #expect(try record("add") == 1)
        #expect(file("address") == "10.0.0.1")
        #expect(file("hostname") == "a")
        #expect(try record("update") == 0)
        #expect(try record("add") == 0)
        #expect(try record("update", "10.0.0.1", "b") == 1)
        #expect(file("hostname") == "b")
        #expect(try record("update", "10.0.0.1", "") == 1)
        #expect(file("hostname") == "")
        #expect(try record("update", "10.0.0.1", "") == 0)
        #expect(try record("remove", "10.0.0.1", "") == 1)
        #expect(file("address") == nil)
        #expect(try record("remove") == 0)
        #expect(
            try run(["find", scratch / "run", "-mindepth", "1"]).output.split(separator: "\n").sorted()
                == [scratch / "run/leases", scratch / "run/lock"].map { Substring($0) })
    }

    /// Two systems of one machine: a replay of both must not look like a change, or each restart leads to the next.
    @Test func oneClientMayHaveSeveralLeases() throws {
        #expect(try record("add", "10.0.0.1", "a") == 1)
        #expect(try record("add", "10.0.0.2", "") == 1)
        for _ in 0..<3 {
            #expect(try record("update", "10.0.0.2", "") == 0)
            #expect(try record("update", "10.0.0.1", "a") == 0)
        }
        #expect(file("address") == "10.0.0.1\n10.0.0.2")
        #expect(file("hostname") == "a\n")
        #expect(try record("remove", "10.0.0.1") == 1)
        #expect(file("address") == "10.0.0.2")
        #expect(try record("remove", "10.0.0.2") == 1)
    }

    /// What could not be asked for is asked for again by the next event.
    @Test func recordsNothingThatCouldNotBeAnnounced() throws {
        #expect(throws: Fault.self) { try record("add", failing: true) }
        #expect(file("address") == nil)
        #expect(try record("update") == 1)
        #expect(throws: Fault.self) { try record("update", "10.0.0.1", "b", failing: true) }
        #expect(file("hostname") == "a")
        #expect(throws: Fault.self) { try record("remove", failing: true) }
        #expect(try record("remove") == 1)
    }

    @Test func clearsAwayWhatAKilledWriterLeft() throws {
        try record("add")
        try run(["mkdir", scratch / "run/new"])
        scratch.write("run/new/hostname", "half")
        #expect(try record("update", "10.0.0.1", "b") == 1)
        #expect(file("hostname") == "b")
        #expect(contents(scratch / "run/new/hostname") == nil)
    }
}
