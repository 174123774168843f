import Basics
import Configuration
import Testing

@Suite struct FindingsTests {
    @Test func theGravestComeFirstAndEachOnce() {
        var findings = Findings()
        for kind in [.remark, .advice, .problem, .fault, .remark] as [Finding.Kind] {
            findings.add(kind, at: Place("f", line: 2), "\(kind.rawValue) one")
            findings.add(kind, at: Place("f", line: 1), "\(kind.rawValue) two")
        }
        let kinds = ["fault", "problem", "remark", "advice"]
        #expect(
            findings.all.map { "\($0.message)" } == kinds.flatMap { ["f:2: \($0) one", "f:1: \($0) two"] })
    }

    /// The kinds with which `check` ends with 0, and the kinds that a reload refuses.
    @Test(arguments: [
        (Finding.Kind.fault, false, true), (.problem, false, false), (.remark, true, false), (.advice, true, false),
    ])
    func kindsDiffer(kind: Finding.Kind, isHarmless: Bool, isRefused: Bool) {
        var findings = Findings()
        #expect(findings.areHarmless)
        findings.add(kind, at: Place("f"), "x")
        #expect(findings.areHarmless == isHarmless)
        var refusal: Fault?
        do throws(Fault) { try findings.refuseFaults() } catch { refusal = error }
        #expect(refusal == (isRefused ? Fault(.settings, "f: x") : nil))
    }

    /// Colons and quotes in a file name or a text do no harm.
    @Test func areNotReadOutOfText() {
        var findings = Findings()
        findings.add(.problem, at: Place("/a: 1:b"), "2: \"x\": y")
        findings.add(.advice, at: Place("c", line: 3), "")
        #expect(
            findings.json == """
                [{"file":"/a: 1:b","line":null,"kind":"problem","text":"2: \\"x\\": y"},\
                {"file":"c","line":3,"kind":"advice","text":""}]
                """)
        #expect(findings.all.map { $0.message } == ["/a: 1:b: 2: \"x\": y", "c:3: "])
    }
}
