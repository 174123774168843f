import CLinux

/// The signals that the programs send or take: signal(7).
public enum Signal: Sendable {
    case hangUp, interrupt, kill, terminate, user1

    public var number: Int32 {
        switch self {
        case .hangUp: SIGHUP
        case .interrupt: SIGINT
        case .kill: SIGKILL
        case .terminate: SIGTERM
        case .user1: SIGUSR1
        }
    }
}
