import Basics

/// What was found while settings were read, each as "FILE:LINE: what is wrong, what is allowed".
public struct Findings {
    /// What is left out. A reload does not take over settings with such a fault.
    public var faults: [ByteString] = []
    /// What a newer version may know, and what an earlier one had: no reason to refuse the rest.
    public var remarks: [ByteString] = []

    public init() {}

    public var all: [ByteString] { faults + remarks }

    /// - Throws: `settings` with the first fault.
    public func refuseFaults() throws(Fault) {
        if let first = faults.first { throw Fault(.settings, first) }
    }
}
