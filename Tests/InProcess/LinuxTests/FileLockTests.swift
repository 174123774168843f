import Basics
import Linux
import TestSupport
import Testing

/// Locks that another process holds: one process may take its own lock twice, fcntl(2).
@Suite(.ownThread) struct FileLockTests {
    private let scratch = Scratch(in: "/dev/shm")
    private var path: ByteString { ByteString(scratch / "lock") }

    private func hold<Result>(_ body: () -> Result) throws -> Result {
        let lock = try FileLock(path)
        defer { _ = lock }
        return body()
    }

    @Test func aHeldLockIsNotTaken() throws {
        let holder = try LockHolder(scratch / "lock")
        #expect(try FileLock.holder(of: path) == holder.process)
        let fault = Fault(.alreadyRunning, "\(path): already running as process \(holder.process)")
        #expect(throws: fault) { _ = try FileLock(path, patience: .zero) }
        holder.release()
        #expect(try FileLock.holder(of: path) == nil)
        let lock = try FileLock(path, patience: .zero)
        #expect(try lock.isInPlace(path))
        #expect(try FileLock.holder(of: ByteString(scratch / "none")) == nil)
    }

    /// Waiting processes do not hang for ever.
    @Test func waitsForTenSeconds() throws {
        let holder = try LockHolder(scratch / "lock")
        let start = Process.now
        let fault = Fault(
            .busy, "\(path): waited for 10 s for process \(holder.process), which holds the lock")
        #expect(throws: fault) { try hold { Issue.record("it was not taken") } }
        #expect(Process.now - start >= .seconds(10))
    }

    @Test func takesALockThatIsGivenBack() throws {
        let holder = try LockHolder(scratch / "lock")
        let isTaken = Flag()
        let waiter = try inBackground {
            try hold {
                isTaken.set()
                return 7
            }
        }
        #expect(!isTaken.isSet)
        holder.release()
        #expect(try waiter() == 7 && isTaken.isSet)
        #expect(try FileLock.holder(of: path) == nil)
    }

    @Test func aLockOnAFileThatHasGoneKeepsNoneOut() throws {
        let lock = try FileLock(path, patience: .zero)
        #expect(try lock.isInPlace(path))
        try run(["rm", scratch / "lock"])
        #expect(try !lock.isInPlace(path))
        scratch.write("lock", "")
        #expect(try !lock.isInPlace(path))
    }

    @Test func itsTimeTellsWhenItWasTaken() throws {
        scratch.write("lock", "")
        try run(["touch", "-d", "@1000", scratch / "lock"])
        let lock = try FileLock(path, patience: .zero)
        #expect(try FileStatus(at: path)?.changed == .seconds(1000))
        let before = Process.wallClock
        try lock.file.touch()
        // The kernel's clock for files ticks every 10 ms at most.
        let changed = try #require(try FileStatus(at: path)?.changed)
        #expect(changed > before - .milliseconds(11) && changed <= Process.wallClock)
    }

    @Test func aLockThatCantBeMadeIsAFault() {
        #expect(throws: Fault.self) { _ = try FileLock(ByteString(scratch / "none/lock"), patience: .zero) }
        #expect(throws: Fault.self) { _ = try FileLock(ByteString(scratch / "none/lock")) }
    }
}

extension FileLock {
    fileprivate borrowing func isInPlace(_ path: ByteString) throws(Fault) -> Bool {
        try file.status().isSame(as: FileStatus(at: path))
    }
}
