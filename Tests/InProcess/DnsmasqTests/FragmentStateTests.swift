import Basics
import Dnsmasq
import TestSupport
import Testing

@Suite struct FragmentStateTests {
    private func process(_ number: Int32, _ start: Int64 = 100) -> DnsmasqProcess {
        DnsmasqProcess(number: number, start: start, file: "/var/etc/dnsmasq.conf.lan", hasRead: true)
    }

    @Test func isReadBackAsItWas() throws {
        let state = FragmentState(confdir: "/tmp/a folder.d")
        #expect(state.text == "confdir /tmp/a folder.d\nsettled ")
        #expect(FragmentState(text: state.text + "\n")?.text == state.text)
        state.isChanging = true
        #expect(state.text == "confdir /tmp/a folder.d\nchanging")
        #expect(FragmentState(text: state.text)?.isChanging == true)

        state.isChanging = false
        state.onDisk = "d1"
        let spared = SeenProcess(of: "guest", process(8, 5_000_000_000), content: "d0")
        spared.spared = "d1"
        state.seen = [
            SeenProcess(of: "lan", process(7), content: SeenProcess.unknown), spared,
            SeenProcess(of: "iot", process(9), content: SeenProcess.down),
        ]
        state.leftOut = "d2"
        state.leftOutSince = Instant(sinceStart: .milliseconds(12_345))
        #expect(
            state.text == """
                confdir /tmp/a folder.d
                settled d1
                left_out d2 12.345
                process lan 7 100 unknown
                process guest 8 5000000000 d0 d1
                process iot 9 100 down
                """)
        let again = try #require(FragmentState(text: state.text + "\n"))
        #expect(
            again.text == state.text && again.confdir == "/tmp/a folder.d" && again.onDisk == "d1" && !again.isChanging)
        #expect(again.seen.map { $0.name } == ["lan", "guest", "iot"] && again.seen[0].content == SeenProcess.unknown)
        #expect(again.seen[1].content == "d0" && again.seen[1].process.isSame(as: process(8, 5_000_000_000)))
        #expect(again.seen[1].spared == "d1" && again.seen[2].content == SeenProcess.down)
        #expect(again.leftOut == "d2" && again.leftOutSince == Instant(sinceStart: .milliseconds(12_345)))
    }

    @Test(arguments: [
        "", "confdir /tmp/d", "settled d1\nconfdir /tmp/d", "frob /tmp/d\nsettled d1", "\n\n", "confdir\nsettled",
    ])
    func isNoState(text: String) {
        #expect(FragmentState(text: ByteString(text)) == nil)
    }

    /// Unreadable lines are ignored, or lead to a restart.
    @Test func readsWhateverIsThere() throws {
        for line: ByteString in ["", "frob", "changing d1", "Settled d1", "changing"] {
            let state = try #require(FragmentState(text: "confdir /d\n\(line)\nprocess lan 7 1 d1"))
            #expect(state.isChanging, "\(line)")
        }
        let lines: [ByteString] = [
            "process", "process lan", "process lan 7", "process lan 7 1", "process lan x 1 d1", "process lan 7 x d1",
            "process lan -7 1 d1", "process lan 7 1234567890123456789 d1", "process lan 1234567890 1 d1", "left_out",
            "left_out d2", "left_out d2 x", "left_out d2 -1", "left_out d2 99999999999",
        ]
        let text = (["confdir /d", "settled d1"] + lines).joined(separator: "\n")
        let state = try #require(FragmentState(text: text))
        #expect(state.seen.isEmpty && state.leftOut.isEmpty && state.onDisk == "d1")
    }

    @Test func aProcessWithoutALineHasLoadedWhatIsOnDisk() {
        let state = FragmentState(confdir: "/d")
        #expect(state.seen(process(7), of: "lan", onDisk: "d1").content == "d1", "before the first change")
        state.onDisk = "d1"
        #expect(state.seen(process(7), of: "lan", onDisk: "d1").content == "d1")
        #expect(state.seen(process(7), of: "lan", onDisk: "d1").name == "lan")
        // Another program has written the fragment since the last change.
        #expect(state.seen(process(7), of: "lan", onDisk: "d2").content == SeenProcess.unknown)
        state.isChanging = true
        let content = state.seen(process(7), of: "lan", onDisk: "d1").content
        #expect(content == SeenProcess.unknown, "it may have read before or after")
    }

    @Test func aLineHoldsForItsProcessAlone() {
        let state = FragmentState(confdir: "/d")
        state.onDisk = "d1"
        let seen = SeenProcess(of: "lan", process(7), content: "d0")
        seen.spared = "d1"
        state.seen = [seen, SeenProcess(of: "guest", process(8), content: SeenProcess.unknown)]
        for isChanging in [false, true] {
            state.isChanging = isChanging
            let found = state.seen(process(7), of: "lan", onDisk: "d1")
            #expect(found.content == "d0" && found.spared == "d1" && found.name == "lan")
            #expect(state.seen(process(8), of: "guest", onDisk: "d1").content == SeenProcess.unknown)
        }
        state.isChanging = false
        // The kernel has reused the process number: the start differs.
        let next = state.seen(process(7, 101), of: "lan", onDisk: "d1")
        #expect(next.content == "d1" && next.spared.isEmpty && next.process.isSame(as: process(7, 101)))
        #expect(
            state.last(of: "guest")?.process.isSame(as: process(8)) == true
                && state.last(of: "lan")?.process.isSame(as: process(7)) == true
                && state.last(of: "iot") == nil)
    }
}
