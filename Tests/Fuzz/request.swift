import Basics
import Debounce

private let jobs = [Job(name: "a", command: "service a restart"), Job(name: "b-2", command: "b")]

/// The bytes of the FIFO. A byte 0xFF ends a read; 0xFE also empties the FIFO and lets time pass.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    var reader = RequestReader()
    var now = Instant(sinceStart: .zero)
    var accepted: [Request] = []
    func requests(_ bytes: ArraySlice<UInt8>, isDrained: Bool) -> [Request] {
        reader.read(bytes, isDrained: isDrained, at: now) { Request(line: $0, jobs: jobs) }
    }
    var rest = input[...]
    while !rest.isEmpty {
        let read = rest.prefix { $0 < 0xFE }
        let end = rest.dropFirst(read.count).first
        rest = rest.dropFirst(read.count + 1)
        accepted += requests(read, isDrained: end == 0xFE)
        if end == 0xFE {
            now = now + .milliseconds(60)
            if let report = reader.tick(at: now) { precondition(report.rejected > 0) }
            // Or the daemon would spin.
            precondition(reader.wakeAt.map { now < $0 } ?? true)
        }
    }
    let lines = input.count { $0 == UInt8(ascii: "\n") }
    precondition(accepted.count <= lines)
    precondition(reader.rejected <= input.count)
    for request in accepted {
        precondition(jobs.contains { $0.name == request.job })
        precondition(Request(line: request.line, jobs: jobs) == request)
    }
    // A whole line is a request, after any bytes.
    precondition(requests(Array("request a\n".utf8)[...], isDrained: true) == [Request(.request, job: "a")])
    precondition(Request(line: ByteString(input), jobs: jobs).map { jobs.map { $0.name }.contains($0.job) } ?? true)
    return 0
}
