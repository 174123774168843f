import Basics

extension Fault: Equatable {
    public static func == (one: Fault, other: Fault) -> Bool {
        one.code == other.code && one.message == other.message && one.errno == other.errno
    }
}
