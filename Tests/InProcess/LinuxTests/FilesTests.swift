import Basics
import CLinux
import Linux
import TestSupport
import Testing

@Suite struct FilesTests {
    private let scratch = Scratch()

    private func path(_ name: String) -> ByteString { ByteString(scratch / name) }

    /// Tests of the programs cover flash.
    @Test func memoryDoesNotWearOut() throws {
        for folder: ByteString in ["/dev/shm", "/dev/shm/not/there", "/proc/self/", "/dev/shm/not/"] {
            #expect(try !FileSystem.wearsOut(folder), "\(folder)")
        }
        scratch.write("file", "")
        #expect(throws: Fault.self) { try FileSystem.wearsOut(path("file/a")) }
    }

    @Test func replacesAFile() throws {
        try Files.replace(path("a"), with: "1")
        try Files.replace(path("a"), with: "2")
        #expect(try Files.read(path("a")) == "2\n")
        #expect(try Files.names(in: ByteString(scratch.path)) == ["a"])
    }

    @Test func saysWhatIsWrongWithAPath() throws {
        #expect(throws: Fault(.cannotCreate, path("a") + ": can't open: No such file or directory", errno: 2)) {
            try Files.read(path("a"))
        }
        try run(["truncate", "-s", "33554433", scratch / "long"])
        #expect(throws: Fault(.cannotCreate, path("long") + ": longer than 33554432 bytes")) {
            try Files.read(path("long"))
        }
    }

    @Test func followsNoLink() throws {
        scratch.write("target", "secret")
        try run(["ln", "-s", scratch / "target", scratch / "link"])
        #expect(throws: Fault.self) { try Files.read(path("link")) }
        #expect(throws: Fault.self) { try Files.write("x", to: path("link")) }
        #expect(contents(scratch / "target") == "secret")
    }

    @Test func makesFoldersForItsOwnerAlone() throws {
        try Files.makeFolder(path("a"))
        try Files.makeFolder(path("a"))
        #expect(try run(["stat", "-c", "%a", scratch / "a"]).output == "700")
    }

    @Test func takesNoFolderThatOthersMayWriteTo() throws {
        try run(["mkdir", "-m", "777", scratch / "open"])
        #expect(throws: Fault(.cannotCreate, path("open") + ": others may write to this folder; see chmod(1)")) {
            try Files.makeFolder(path("open"))
        }
        scratch.write("file", "")
        #expect(throws: Fault(.cannotCreate, path("file") + ": is a file, not a folder of ours")) {
            try Files.makeFolder(path("file"))
        }
        try run(["ln", "-s", "/", scratch / "link"])
        #expect(throws: Fault(.cannotCreate, path("link") + ": is a symbolic link, not a folder of ours")) {
            try Files.makeFolder(path("link"))
        }
        #expect(throws: Fault.self) { try Files.makeFolder(path("missing/a")) }
    }

    @Test func removesFolders() throws {
        try Files.makeFolder(path("a"))
        try Files.write("x", to: path("a/b"))
        try Files.removeFolder(path("a"))
        try Files.removeFolder(path("a"))
        #expect(try Files.names(in: path("a")) == [])
        #expect(try FileStatus(at: path("a")) == nil)
        // An earlier version left folders in the folder.
        for folder in ["a", "a/b", "a/b/c"] { try Files.makeFolder(path(folder)) }
        try Files.write("x", to: path("a/b/c/d"))
        try Files.removeFolder(path("a"))
        #expect(try FileStatus(at: path("a")) == nil)
    }
}

@Suite struct FifoTests {
    private let scratch = Scratch()
    private var path: ByteString { ByteString(scratch / "fifo") }

    private func read(_ fifo: borrowing FileDescriptor) throws -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard let count = try fifo.read(into: &buffer), count > 0 else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    @Test func carriesLines() throws {
        let fifo = try Fifo.open(path)
        #expect(try run(["stat", "-c", "%a %F", scratch / "fifo"]).output == "600 fifo")
        #expect(try read(fifo) == nil)
        try Fifo.write("one", to: path)
        try Fifo.write("two", to: path)
        #expect(try read(fifo) == "one\ntwo\n")
        // The last writer's end is not the end of the file.
        #expect(try read(fifo) == nil)
    }

    @Test func takesTheOneThatIsThere() throws {
        try run(["mkfifo", "-m", "666", scratch / "fifo"])
        let fifo = try Fifo.open(path)
        #expect(try run(["stat", "-c", "%a", scratch / "fifo"]).output == "600")
        try Fifo.write("one", to: path)
        #expect(try read(fifo) == "one\n")
    }

    /// A redirection makes a file while no daemon runs.
    @Test(arguments: ["", "600", "644"]) func putsAFileOfOursAside(mode: String) throws {
        scratch.write("fifo", "request j\n")
        if !mode.isEmpty { try run(["chmod", mode, scratch / "fifo"]) }
        #expect(throws: Fault(.unavailable, "\(path): debounced is not running", errno: 2)) {
            try Fifo.write("x", to: path)
        }
        let fifo = try Fifo.open(path)
        #expect(contents("\(Fifo.lines(of: path))") == "request j")
        try Fifo.write("one", to: path)
        #expect(try read(fifo) == "one\n")
    }

    @Test(arguments: ["long file", "two names", "open file", "folder", "link", "other"])
    func leavesAloneWhatIsNoFifoOfOurs(kind: String) throws {
        let fifo = scratch / "fifo"
        switch kind {
        case "long file": try run(["truncate", "-s", "65537", fifo])
        case "two names":
            scratch.write("fifo", "keep")
            try run(["ln", fifo, scratch / "name"])
        case "open file":
            scratch.write("fifo", "keep")
            try run(["chmod", "666", fifo])
        case "folder": try run(["mkdir", fifo])
        case "link":
            try run(["mkfifo", scratch / "target"])
            try run(["ln", "-s", scratch / "target", fifo])
        default:
            try run(["mkfifo", fifo])
            try run(["chown", "nobody", fifo])
        }
        let before = try run(["stat", "-c", "%i %F %a %U %s", fifo]).output
        let what = [
            "long file": "a file", "two names": "a file", "open file": "a file", "folder": "a folder",
            "link": "a symbolic link", "other": "a FIFO of user 65534",
        ][kind]!
        #expect(throws: Fault(.cannotCreate, "\(path): is \(ByteString(what)), not a FIFO of ours; left alone")) {
            _ = try Fifo.open(path)
        }
        #expect { try Fifo.write("x", to: path) } throws: { $0 is Fault }
        #expect(try run(["stat", "-c", "%i %F %a %U %s", fifo]).output == before)
    }

    @Test func saysWhenNobodyReads() throws {
        let message = path + ": debounced is not running"
        #expect { try Fifo.write("x", to: path) } throws: { ($0 as? Fault)?.message == message }
        do { _ = try Fifo.open(path) }
        #expect { try Fifo.write("x", to: path) } throws: {
            ($0 as? Fault)?.message == message && ($0 as? Fault)?.code == .unavailable
        }
    }

    @Test func aFullFifoHoldsNobodyUp() throws {
        let fifo = try Fifo.open(path)
        let line = ByteString(Array(repeating: UInt8(ascii: "x"), count: 254))
        // A write that waited for a reader would never end.
        #expect {
            while true { try Fifo.write(line, to: path) }
        } throws: {
            ($0 as? Fault)?.code == .unavailable
                && ($0 as? Fault)?.message == path + ": full, debounced does not read it"
        }
        // The FIFO has whole lines only.
        var count = 0
        while let text = try read(fifo) { count += text.utf8.count }
        #expect(count > 0 && count % 255 == 0)
    }
}
