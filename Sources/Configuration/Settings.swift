import Basics
import Debounce

/// The settings of both programs: `/etc/config/debounced`, or the built-in ones.
public struct Settings: Equatable, Sendable {
    public static let defaultPath: ByteString = "/etc/config/debounced"
    /// No time in the settings is longer than a week.
    public static let longest = Duration.seconds(7 * 24 * 3600)

    /// Never empty.
    public var jobs: [Job]
    /// The job that `cname-updater` asks for unless told otherwise.
    public var updaterJob: ByteString

    /// The built-in settings: one job, which restarts dnsmasq.
    public init() {
        self.init(jobs: [Job(service: "dnsmasq")])
    }

    /// - Parameter jobs: At least one; the first is the updater's.
    public init(jobs: [Job]) {
        self.jobs = jobs
        updaterJob = jobs[0].name
    }

    /// Reads the text of a settings file.
    ///
    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ text: ByteString, file: ByteString) throws(Fault) {
        try self.init(UCI(text, file: file), file: file)
    }

    /// - Throws: `settings` with "FILE:LINE: what is wrong, what is allowed".
    public init(_ uci: UCI, file: ByteString) throws(Fault) {
        self.init()
        var jobs: [Job] = []
        var updater: UCI.Value?
        for section in uci.sections {
            switch section.type {
            case "job":
                jobs.append(try Job(section, file: file))
            case "updater":
                updater = try section.updaterJob(file: file) ?? updater
            case "cname":
                // Those are `AliasSettings`: a fault in them is no reason for the daemon not to run.
                break
            default:
                throw Fault(
                    .settings,
                    "\(file):\(section.line): section '\(section.type)': allowed are job, updater, cname")
            }
        }
        if !jobs.isEmpty { self.jobs = jobs }
        updaterJob = updater?.text ?? self.jobs[0].name
        if let updater, !self.jobs.contains(where: { $0.name == updater.text }) {
            let names = self.jobs.map { $0.name }.joined(separator: ", ")
            throw Fault(
                .settings, "\(file):\(updater.line): no job '\(updater.text.printable())', there are: \(names)")
        }
    }

    /// As a settings file that says the same.
    public var text: ByteString {
        jobs.map { $0.text }.joined(separator: "\n") + "\nconfig updater 'updater'\n\toption job '\(updaterJob)'"
    }
}

extension Job {
    /// The job that restarts a service of OpenWrt's.
    init(service: ByteString) {
        self.init(name: service, command: "service \(service) restart")
    }

    init(_ section: UCI.Section, file: ByteString) throws(Fault) {
        guard let name = section.name, Job.isName(name) else {
            throw Fault(
                .settings,
                "\(file):\(section.line): a job needs a name of at most 63 letters, digits, - and _: config job 'NAME'")
        }
        self.init(service: name)
        for option in section.options {
            let value = try option.only(file)
            do throws(Fault) {
                try set(option.name, value.text)
            } catch {
                throw Fault(.settings, "\(file):\(value.line): \(error.message)")
            }
        }
    }

    /// A job of the command line: NAME=COMMAND.
    ///
    /// - Throws: `usage`.
    public init(argument: ByteString) throws(Fault) {
        guard let (name, command) = argument.split(at: UInt8(ascii: "=")), Job.isName(name) else {
            throw Fault(
                .usage, "--job '\(argument.printable())': allowed is NAME=COMMAND, NAME of letters, digits, - and _")
        }
        self.init(name: name, command: "")
        do throws(Fault) {
            try set("command", command)
        } catch {
            throw Fault(.usage, "--job '\(name)': \(error.message)")
        }
    }

    /// Sets one option by the name that it has in the settings file.
    ///
    /// - Throws: `settings` with what is wrong and what is allowed.
    public mutating func set(_ option: ByteString, _ value: ByteString) throws(Fault) {
        func seconds() throws(Fault) -> Duration {
            guard let duration = value.seconds, duration <= Settings.longest else {
                throw Fault(
                    .settings,
                    "\(option) '\(value.printable())': allowed are seconds from 0 to \(Settings.longest), such as 10 or 0.25"
                )
            }
            return duration
        }
        switch option {
        case "command":
            guard !value.isEmpty, value.bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw Fault(.settings, "command '\(value.printable())': allowed is one line for /bin/sh")
            }
            command = value
        case "quiet": quiet = try seconds()
        case "max_wait": maxWait = try seconds()
        case "timeout": timeout = try seconds()
        case "max_interval": maxInterval = try seconds()
        case "retries":
            guard let number = value.wholeNumber, number <= 100 else {
                throw Fault(.settings, "retries '\(value.printable())': allowed is a whole number from 0 to 100")
            }
            retries = number
        default:
            throw Fault(
                .settings,
                "option '\(option)': allowed are command, quiet, max_wait, timeout, retries, max_interval")
        }
    }

    /// As a section of a settings file.
    var text: ByteString {
        """
        config job '\(name)'
        \toption command '\(command.quoted)'
        \toption quiet '\(quiet)'
        \toption max_wait '\(maxWait)'
        \toption timeout '\(timeout)'
        \toption retries '\(retries)'
        \toption max_interval '\(maxInterval)'

        """
    }
}

extension UCI.Section {
    /// The `job` of an `updater` section.
    fileprivate func updaterJob(file: ByteString) throws(Fault) -> UCI.Value? {
        var job: UCI.Value?
        for option in options {
            let value = try option.only(file)
            switch option.name {
            case "job": job = value
            case "request", "confdir", "domain", "mappings": break
            default:
                throw Fault(
                    .settings,
                    "\(file):\(value.line): option '\(option.name)': allowed are job, request, confdir, domain, mappings"
                )
            }
        }
        return job
    }
}

extension UCI.Option {
    /// The value of an option that is no list.
    ///
    /// - Throws: `settings`.
    func only(_ file: ByteString) throws(Fault) -> UCI.Value {
        guard values.count == 1 else {
            throw Fault(
                .settings, "\(file):\(values[1].line): '\(name)' has one value: option \(name) 'VALUE', not a list")
        }
        return values[0]
    }
}

extension ByteString {
    /// For single quotes, as uci(1) writes them.
    fileprivate var quoted: ByteString {
        var quoted: [UInt8] = []
        for byte in bytes {
            quoted += byte == UInt8(ascii: "'") ? [0x27, 0x5C, 0x27, 0x27] : [byte]
        }
        return ByteString(quoted)
    }
}
