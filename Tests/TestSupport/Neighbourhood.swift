import CLinux
import CTestSupport

/// A router and three hosts in network namespaces of their own, which end with the test. Host N is linked to the
/// router's `lanN`, and has the addresses 10.78.N.2 and fd78:N::2.
///
/// Host 1 answers. Host 2 drops echo requests, and answers only ARP and neighbour discovery. The router's link to
/// host 3 is down.
public final class Neighbourhood {
    private let program: Program
    /// The router's process 1: its number outside the namespaces.
    private let router: String
    /// A process on each host: its number on the router.
    private let hosts: [String]

    public init() throws {
        let script = """
            host() {
                unshare -n sleep 1000 &
                while [ "$(readlink /proc/$!/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
                echo "host $!"
                ip link add lan$1 type veth peer name lan netns $!
                nsenter -t $! -n ip link set lan up
                ip addr add 10.78.$1.1/24 dev lan$1
                ip addr add fd78:$1::1/64 dev lan$1 nodad
                ip link set lan$1 up
            }
            ip link set lo up
            for number in 1 2 3; do host $number; done
            ip link set lan3 down
            echo ready
            while :; do sleep 1000 & wait; done
            """
        program = try Program(
            ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-e", "-c", script])
        hosts = try (1...3).map { [program] _ in try String(program.line(with: "host ").dropFirst(5)) }
        try program.line(with: "ready")
        router =
            contents("/proc/\(program.process)/task/\(program.process)/children")!
            .split(separator: " ").map(String.init)[0]
        for number in 1...3 { try plugIn(number) }
        try shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1", host: 2)
    }

    /// Runs `body` on the router.
    public func onRouter<Result>(as user: uid_t? = nil, _ body: @escaping () throws -> Result) throws -> Result {
        try inNetwork(of: router, as: user, body)
    }

    /// Has a host answer ARP like a slow or distant machine while `body` runs.
    ///
    /// - Parameters:
    ///   - milliseconds: The delay of each answer.
    ///   - every: The number of requests that get one answer.
    /// - Returns: The number of requests.
    public func answerBadly(
        _ host: Int, after milliseconds: Int32, every: Int32, _ body: () throws -> Void
    ) throws -> Int32 {
        try shell("ip link set lan arp off", host: host)
        let isOver = Flag()
        let count = try inBackground { [router, hosts] in
            try inNetwork(of: "\(router)/root/proc/\(hosts[host - 1])") {
                withExtendedLifetime(isOver) { arp_answer("lan", milliseconds, every, isOver.value) }
            }
        }
        let result = Result { try body() }
        isOver.set()
        let counted = try count()
        try shell("ip link set lan arp on", host: host)
        try result.get()
        return counted
    }

    /// Runs a shell script on the router, or on a host.
    public func shell(_ script: String, host: Int? = nil) throws {
        _ = try output(script, host: host)
    }

    /// Runs a shell script on the router, or on a host.
    ///
    /// - Returns: The output of the script.
    public func output(_ script: String, host: Int? = nil) throws -> String {
        let there = host.map { ["nsenter", "-t", hosts[$0 - 1], "-n"] } ?? []
        let called = try run(["nsenter", "-t", router, "-n", "-p", "-m"] + there + ["sh", "-e", "-c", script])
        guard called.status == 0 else { throw Failure(called.output) }
        return called.output
    }

    public func plugIn(_ host: Int) throws {
        try shell("ip addr add 10.78.\(host).2/24 dev lan; ip addr add fd78:\(host)::2/64 dev lan nodad", host: host)
    }

    /// Unplugs a host as if from a switch: the router's link stays up, but no answer comes.
    public func unplug(_ host: Int) throws {
        try shell("ip addr flush dev lan", host: host)
    }
}
