import Aliases
import Basics
import TestSupport
import Testing

@Suite struct SinceTests {
    private func time(_ seconds: Int) -> Instant { Instant(sinceStart: .seconds(seconds)) }

    @Test func keepsTheMomentWhileTheTargetsStay() {
        let since = Since(text: "")
        since.add("m", to: ["arch", "arch"], at: time(5))
        since.add("a", to: ["guest", "arch"], at: time(6))
        since.add("b", to: [nil, "arch"], at: time(6))
        since.add("gone", to: [nil, nil], at: time(7))
        since.add("never", to: [], at: time(7))
        #expect(since.changed == "a 6 guest arch\nb 6 - arch\nm 5 arch", "a line for each alias")

        let next = Since(text: "a 6 guest arch\nb 6 - arch\nm 5 arch\n")
        #expect(next.moment(of: "m") == time(5) && next.moment(of: "a") == time(6) && next.moment(of: "gone") == nil)
        #expect(next.leads("a", to: "guest", at: 0) && next.leads("a", to: "arch", at: 1))
        #expect(!next.leads("a", to: "arch", at: 0) && !next.leads("a", to: "guest", at: 1), "each has its own")
        #expect(next.leads("m", to: "arch", at: 0) && next.leads("m", to: "arch", at: 1))
        #expect(!next.leads("b", to: "arch", at: 0) && next.leads("b", to: "arch", at: 1))
        #expect(!next.leads("a", to: "arch", at: 2) && !next.leads("m", to: "guest", at: 0))
        #expect(!next.leads("m", to: "5", at: 0))
        next.add("m", to: ["arch", "arch"], at: time(8))
        next.add("a", to: ["guest", "arch"], at: time(8))
        next.add("b", to: [nil, "arch"], at: time(8))
        #expect(next.changed == nil)
        let other = Since(text: "a 6 guest arch\nm 5 arch\n")
        other.add("m", to: ["bigsur"], at: time(9))
        other.add("a", to: ["guest"], at: time(9))
        #expect(other.changed == "a 9 guest\nm 9 bigsur")
    }

    @Test func anAliasThatLeadsNowhereHasNoLine() {
        var none = Since(text: "m 5 arch\n")
        #expect(none.changed == "")
        none = Since(text: "\n")
        #expect(none.changed == nil, "it was so before")
    }

    @Test func namesAreToldApart() {
        let since = Since(text: "a 1 x\na-b 2 y\na.b 3 z\nab 4 w\n")
        let moments = ["a", "a-b", "a.b", "ab", "b"].map { since.moment(of: $0) }
        #expect(moments == [time(1), time(2), time(3), time(4), nil])
    }

    @Test func readsWhateverIsThere() {
        for text: ByteString in [
            "m", "m 5", "m x arch", "m 1234567890 arch", "m -1 arch", "\n\nm\t5\tarch", "m  ", " ",
        ] {
            let since = Since(text: text)
            #expect(since.moment(of: "m") == nil, "\(text)")
            since.add("m", to: ["arch"], at: time(7))
            #expect(since.changed == "m 7 arch", "\(text)")
        }
    }
}
