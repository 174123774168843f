import Basics
import Debounce
import TestSupport
import Testing

private let jobs = [
    Job(name: "dnsmasq", command: "service dnsmasq restart"), Job(name: "a", command: "true"),
]

private func parse(_ line: ByteString) -> Request? {
    Request(line: line, jobs: jobs)
}

@Suite struct RequestTests {
    @Test func knowsItsLines() {
        #expect(parse("request dnsmasq") == Request(.request, job: "dnsmasq"))
        #expect(parse("flush a") == Request(.flush, job: "a"))
        #expect(parse("cancel a") == Request(.cancel, job: "a"))
        #expect(parse("service dnsmasq restart") == Request(.request, job: "dnsmasq"))
        for verb in Request.Verb.allCases { #expect(parse(Request(verb, job: "a").line) == Request(verb, job: "a")) }
    }

    @Test(arguments: [
        "", " ", "request", "request ", "request b", "request dnsmasq ", " request dnsmasq", "request  dnsmasq",
        "REQUEST dnsmasq", "request dnsmasq\r", "request dnsmasq; reboot", "reboot", "service dnsmasq restart;reboot",
        "request dnsmasq\0", "\u{FF}", "dnsmasq",
    ])
    func rejectsAnythingElse(line: String) {
        #expect(parse(ByteString(line)) == nil)
    }
}

@Suite struct RequestReaderTests {
    /// Feeds chunks, 10 ms apart, and returns what was read.
    private func read(_ chunks: [[UInt8]]) -> (requests: Int, rejected: UInt64) {
        var reader = RequestReader()
        var now = Instant(sinceStart: .zero)
        var requests = 0
        for chunk in chunks {
            requests += reader.read(chunk[...], isDrained: true, at: now, parse: parse).count
            now = now + .milliseconds(10)
        }
        _ = reader.tick(at: now + .seconds(1))
        return (requests, reader.rejected)
    }

    private func read(_ chunks: String...) -> (requests: Int, rejected: UInt64) {
        read(chunks.map { Array($0.utf8) })
    }

    @Test func countsWhatItRejects() {
        #expect(read("request a\n") == (1, 0))
        #expect(read("request a\nnonsense\n\nflush a\n") == (2, 2))
        #expect(read([Array(repeating: 0, count: 10_000)]) == (0, 1))
        #expect(read([Array(repeating: 0, count: 10_000) + [10]]) == (0, 1))
        #expect(read([[0xFF, 0xFE, 10], [0xC3, 10]]) == (0, 2))
    }

    @Test func aLineIsAtMost255BytesWithItsNewline() {
        var job = Job(name: "long", command: "")
        job.command = ByteString(Array(repeating: UInt8(ascii: "x"), count: 254))
        let longest = job.command.bytes + [10]
        var reader = RequestReader()
        let at = Instant(sinceStart: .zero)
        let taken = reader.read(longest[...], isDrained: true, at: at) { Request(line: $0, jobs: [job]) }
        #expect(taken == [Request(.request, job: "long")])
        job.command = ByteString(Array(repeating: UInt8(ascii: "x"), count: 255))
        let tooLong = job.command.bytes + [10]
        #expect(reader.read(tooLong[...], isDrained: true, at: at) { Request(line: $0, jobs: [job]) } == [])
        #expect(reader.rejected == 1)
        // The line is also too long in pieces.
        for byte in tooLong {
            #expect(reader.read([byte], isDrained: true, at: at) { Request(line: $0, jobs: [job]) } == [])
        }
        #expect(reader.rejected == 2)
    }

    @Test func joinsWhatABufferCut() {
        #expect(read("request a\nreq", "uest a\nrequest a\n") == (3, 0))
        #expect(read("r", "e", "quest a", "\n") == (1, 0))
    }

    @Test func oneWritersFaultDoesNotCostAnothersRequest() {
        #expect(read("request a", "request dnsmasq\n") == (1, 1))
        #expect(read("junk", "request dnsmasq\n") == (1, 1))
        #expect(read([Array(repeating: 7, count: 5000), Array("request dnsmasq\n".utf8)]) == (1, 1))
    }

    @Test func withoutNewlineItIsRejectedAfterAWhile() {
        var reader = RequestReader()
        let start = Instant(sinceStart: .zero)
        #expect(reader.wakeAt == nil)
        #expect(reader.read(Array("request a".utf8)[...], isDrained: true, at: start, parse: parse) == [])
        #expect(reader.wakeAt == start + RequestReader.patience)
        #expect(reader.tick(at: start + .milliseconds(99)) == nil)
        #expect(reader.rejected == 0)
        let report = reader.tick(at: start + .milliseconds(100))
        #expect(report?.rejected == 1)
        #expect(report?.last == "request a")
        #expect(reader.rejected == 1)
        // A newline that comes too late ends a line of its own.
        #expect(reader.read([10], isDrained: true, at: start + .milliseconds(200), parse: parse) == [])
        #expect(reader.rejected == 2)
    }

    @Test(arguments: [
        ("request a\r\n", "request a\r", "a carriage return at its end"), ("request b\n", "request b", ""),
        ("request a", "request a", "no newline at its end"), ("request a\r", "request a\r", "no newline at its end"),
        ("request arequest a\n", "request arequest a", ""), ("\n", "", ""),
        (String(repeating: "x", count: 255) + "\n", String(repeating: "x", count: 255), "longer than 255 bytes"),
        (String(repeating: "x", count: 254) + "\n", String(repeating: "x", count: 254), ""),
        (String(repeating: "x", count: 300), String(repeating: "x", count: 255), "longer than 255 bytes"),
    ])
    func saysWhatIsWrongWithALine(text: String, line: String, reason: String) {
        var reader = RequestReader()
        let start = Instant(sinceStart: .zero)
        #expect(reader.read(Array(text.utf8)[...], isDrained: true, at: start, parse: parse) == [])
        let report = reader.tick(at: start + .milliseconds(100))
        #expect(
            report?.last == ByteString(line) && (report?.reason ?? "") == ByteString(reason),
            "\(String(describing: report))"
        )
    }

    @Test func theNextRequestShowsThatALineHasNoEnd() {
        var reader = RequestReader()
        let start = Instant(sinceStart: .zero)
        _ = reader.read(Array("request a".utf8)[...], isDrained: true, at: start, parse: parse)
        #expect(reader.read(Array("flush a\n".utf8)[...], isDrained: true, at: start, parse: parse).count == 1)
        let report = reader.tick(at: start)
        #expect(report?.last == "request a" && report?.reason == "no newline at its end")
    }

    /// The remainder of a half-read line is still in the FIFO, however late the next read comes.
    @Test func waitsForWhatIsStillInTheFifo() {
        var reader = RequestReader()
        let start = Instant(sinceStart: .zero)
        #expect(reader.read(Array("reque".utf8)[...], isDrained: false, at: start, parse: parse) == [])
        #expect(reader.wakeAt == nil)
        #expect(reader.tick(at: start + .seconds(5)) == nil)
        let rest = Array("st a\n".utf8)
        #expect(
            reader.read(rest[...], isDrained: true, at: start + .seconds(5), parse: parse) == [
                Request(.request, job: "a")
            ])
        #expect(reader.rejected == 0)
    }

    @Test func reportsAtMostOnceASecondAndForgetsNone() {
        var reader = RequestReader()
        var now = Instant(sinceStart: .zero)
        var reports: [UInt64] = []
        for _ in 0..<2500 {
            _ = reader.read(Array("nonsense\n".utf8)[...], isDrained: true, at: now, parse: parse)
            if let report = reader.tick(at: now) { reports.append(report.rejected) }
            now = now + .milliseconds(1)
        }
        #expect(reports == [1, 1000, 1000])
        #expect(reader.wakeAt == Instant(sinceStart: .seconds(3)))
        #expect(reader.tick(at: Instant(sinceStart: .seconds(3)))?.rejected == 499)
        #expect(reader.wakeAt == nil)
        #expect(reader.rejected == 2500)
    }

    /// Requests that are cut into chunks at random places all arrive. Noise spoils only its own line.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func anyCutGivesTheSameRequests(number: UInt64) {
        var random = SeededGenerator(number)
        var text: [UInt8] = []
        for _ in 0..<500 { text += Array("request \(Bool.random(using: &random) ? "a" : "dnsmasq")\n".utf8) }
        var chunks: [[UInt8]] = []
        while !text.isEmpty {
            let count = min(text.count, Int.random(in: 1...400, using: &random))
            chunks.append(Array(text.prefix(count)))
            text.removeFirst(count)
        }
        #expect(read(chunks) == (500, 0))
    }
}
