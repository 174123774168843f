// Keeps the aliases right after lease events, and requests a job of debounced if dnsmasq must be restarted.

import Basics
import Configuration
import Linux
import Updater

let notes: StaticString = """
      --json           answers, and says what is wrong, as an object of JSON
      --wait           until the run is over; its status is the command's, or 69 if no debounced is there
      --config FILE    the settings, instead of /etc/config/debounced
      --run-dir DIR    where the leases are recorded, instead of /var/run/cname-updater
      --help           this text
      --version        the package's version

    In the environment: ACTION (add, update or remove), MACADDR, IPADDR, HOSTNAME and DNSMASQ_..., as dnsmasq's script
    on OpenWrt sets them; DEBOUNCED_CONFIG, DEBOUNCED_RUN_DIR and CNAME_UPDATER_RUN_DIR move the files.

    Exit status: 0; 64 a wrong call or an unknown ACTION; 65 a value from the network that is not what it should be;
    69 debounced can't take the request, or dnsmasq does not run; 71 the system refuses something; 73 a file can't be
    written; 75 a watch already runs, or a lock is held for too long; 78 faulty settings.
    """

Process.resetSignals()

let words = Process.arguments
// A call without a word prints the help text on a terminal. A hook has no terminal.
let isForHelp = words.isEmpty && Process.environment("ACTION") == nil && Process.isTerminal
let verbs = [
    Call.verb("", "[--wait]", "handles one lease event if ACTION is set, else requests the job", obey),
    Call.verb("request", "[JOB] [--wait] [--json]", "requests the job", request),
    Call.verb("flush", "[JOB] [--json]", "runs what is pending now") { call throws(Fault) in
        try Context(call.places).flush(call.words.first, asJSON: call.wantsJSON)
    },
    Call.verb("cancel", "[JOB] [--json]", "forgets what is pending") { call throws(Fault) in
        try Context(call.places).cancel(call.words.first, asJSON: call.wantsJSON)
    },
    Call.verb("leases", "[--json]", "each host with a lease, and its addresses") { call throws(Fault) in
        try Report(Context(call.places)).printLeases(asJSON: call.wantsJSON)
    },
    Call.verb("aliases", "[--json]", "where each alias leads") { call throws(Fault) in
        try Report(Context(call.places)).printAliases(asJSON: call.wantsJSON)
    },
    Call.verb("check", "[--json]", "what is wrong with the settings and with the reservations of DHCP") {
        call throws(Fault) in
        if try !CheckReport(call.places).print(asJSON: call.wantsJSON) { Process.exit(Fault.Code.settings.status) }
    },
    Call.verb("presence", "[--json]", "which candidates compete for an alias, and which are reachable") {
        call throws(Fault) in
        try Report(Context(call.places)).printPresence(asJSON: call.wantsJSON)
    },
    Call.verb("watch", "[--needed]", "keeps the aliases right; --needed: whether there are any") { call throws(Fault) in
        if call.has("--needed") { Process.exit(try Watch.isNeeded(call.places) ? 0 : 1) }
        var watch = try Watch(call.places)
        try watch.run()
    },
    Call.verb("prepare", "CONFDIR", "before dnsmasq's first start: makes the folder that it follows") {
        call throws(Fault) in
        try Context(call.places).prepare(call.words[0])
    },
    Call.verb("apply", "", "brings the aliases up to date, as a reload of the service does") { call throws(Fault) in
        try Context(call.places, takesOver: true).apply()
    },
    Call.verb("verify", "", "whether dnsmasq runs; if not, leaves aliases out") { call throws(Fault) in
        try Context(call.places).verify()
    },
]
Call.run("cname-updater", words: isForHelp ? ["--help"] : words, verbs: verbs, options: "--run-dir", notes: notes)

func obey(_ call: Call) throws(Fault) {
    if Process.environment("ACTION") == nil || call.has("--wait") { return try request(call) }
    do throws(Fault) {
        try Context.handleEvent(call.places)
    } catch {
        // dnsmasq does not read the output of a hook.
        Log.system(from: "cname-updater", error.message)
        throw error
    }
}

func request(_ call: Call) throws(Fault) {
    let context = try Context(call.places, takesOver: true)
    Process.exit(try context.request(call.words.first, waits: call.has("--wait"), asJSON: call.wantsJSON))
}
