import Basics
import TestSupport
import Testing

@Suite struct ByteStringTests {
    @Test func interpolates() {
        let name: ByteString = "a\u{E9}"
        #expect(
            "\(name): \(-12) of \(UInt8(200)), \(Duration.milliseconds(250)) s" as ByteString
                == "aé: -12 of 200, 0.25 s")
        #expect("\(Int64.min)" as ByteString == "-9223372036854775808")
    }

    @Test func cutsLines() {
        #expect(ByteString("").lines == [])
        #expect(ByteString("\n").lines == [""])
        #expect(ByteString("a\n\nb").lines == ["a", "", "b"])
        #expect(ByteString("a\n").lines == ["a"])
    }

    @Test func splitsAndDropsPrefixes() {
        #expect(ByteString("a=b=c").split(at: UInt8(ascii: "="))?.after == "b=c")
        #expect(ByteString("a").split(at: UInt8(ascii: "=")) == nil)
        #expect(ByteString("--job").hasPrefix("--"))
        #expect(!ByteString("-").hasPrefix("--"))
    }

    @Test func printsWhateverSentIt() {
        #expect(ByteString("ok\u{1B}[31m\n\u{E9}\0").printable() == "ok?[31m????")
        #expect(ByteString("abcdef").printable(limit: 3) == "abc...")
    }

    @Test func reachesC() {
        #expect(ByteString("abc").withCString { ByteString(cString: $0) } == "abc")
        #expect(ByteString("").withCString { ByteString(cString: $0) } == "")
    }

    @Test func joins() {
        #expect((["a", "b"] as [ByteString]).joined(separator: ", ") == "a, b")
        #expect(([] as [ByteString]).joined(separator: ", ") == "")
        #expect(ByteString("ab").padded(to: 4) == "ab  ")
        #expect(ByteString("AbÉ-9").lowercased == "abÉ-9")
    }
}

@Suite struct NumbersTests {
    @Test(arguments: [
        ("0", 0), ("10", 10_000), ("0.25", 250), (".5", 500), ("2.", 2000), ("1.005", 1005),
        ("999999999", 999_999_999_000), ("4294967.296", 4_294_967_296),
    ])
    func readsSeconds(text: String, milliseconds: Int64) {
        #expect(ByteString(text).seconds == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", ".", "-1", "+1", "1e3", "1.0005", "1 ", " 1", "1,5", "0x10", "1000000000", "10s", "1.2.3", "nan",
    ])
    func rejectsWhatIsNoSeconds(text: String) {
        #expect(ByteString(text).seconds == nil)
    }

    @Test func writesSecondsAsTheyAreRead() {
        for milliseconds in [0, 1, 10, 100, 250, 1005, 10_000, 86_400_000] as [Int64] {
            #expect(ByteString(seconds: .milliseconds(milliseconds)).seconds == .milliseconds(milliseconds))
        }
        #expect(ByteString(seconds: .milliseconds(10_050)) == "10.05")
        #expect(ByteString(seconds: .seconds(10)) == "10")
    }

    @Test func readsWholeNumbers() {
        #expect(ByteString("007").wholeNumber == 7)
        #expect(ByteString("999999999").wholeNumber == 999_999_999)
        for text in ["", "1000000000", "-1", "+1", "1.0", " 1", "0x1"] as [ByteString] {
            #expect(text.wholeNumber == nil)
        }
        #expect(ByteString("253402300799").number(digits: 12) == 253_402_300_799)
        #expect(ByteString("1000").number(digits: 3) == nil)
    }

    @Test func roundsDurationsAsItSays() {
        let duration = Duration.seconds(2) + .nanoseconds(1_001_001)
        #expect(duration.microseconds == 2_001_001)
        #expect(duration.milliseconds == 2001)
        #expect(duration.millisecondsRoundedUp == 2002)
        #expect(Duration.milliseconds(7).millisecondsRoundedUp == 7)
        #expect(Duration.zero.millisecondsRoundedUp == 0)
        #expect(ByteString(seconds: .seconds(1) + .nanoseconds(999_999)) == "1")
    }
}

@Suite struct ArgumentsTests {
    @Test func takesBothForms() throws {
        let words = ["--quiet", "1", "--job=a=b", "word", "--json", "--job", "--x", "--json", "--", "--quiet"]
        let arguments = try Arguments(words.map { ByteString($0) }, valued: ["--quiet", "--job"])
        #expect(arguments.values(of: "--quiet") == ["1"])
        #expect(arguments.values(of: "--job") == ["a=b", "--x"])
        #expect(arguments.words == ["word", "--quiet"])
        #expect(arguments.flags == ["--json"])
    }

    @Test func missesAndRefusesValues() throws {
        #expect(throws: Fault(.usage, "--quiet needs a value")) { try Arguments(["--quiet"], valued: ["--quiet"]) }
        #expect(throws: Fault(.usage, "--json takes no value")) { try Arguments(["--json=1", "x"], valued: []) }
    }
}
