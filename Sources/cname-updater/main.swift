// Records a lease event and asks debounced for the job if something changed; or just asks.

import Basics
import Configuration
import Linux
import Updater

let usage: ByteString = """
    usage: cname-updater [OPTION]...                  handles one lease event if ACTION is set, else asks for the job
           cname-updater request|flush|cancel [JOB] [--json]
                                                      asks for the job; runs what is pending now; forgets it
           cname-updater leases|aliases [--json]      what it knows: who has which address, and where each alias leads
           cname-updater check [--json]               what is wrong with the settings and with the reservations of DHCP
           cname-updater presence [--json]            which targets of an alias that compete answer, and how often not
           cname-updater watch [--needed]             keeps asking them; with --needed: whether there is anything to watch
           cname-updater prepare CONFDIR              before dnsmasq's first start: the folder that it is to follow
           cname-updater apply                        brings the aliases up to date, as a reload of the service does
           cname-updater verify                       whether dnsmasq runs; if not, takes aliases away

      --json           answers, and says what is wrong, as an object of JSON
      --wait           with request: until the run is over; its status is the command's, or 69 if no debounced is there
      --config FILE    the settings, instead of /etc/config/debounced
      --run-dir DIR    where the leases are recorded, instead of /var/run/cname-updater
      --help           this text
      --version        the package's version

    In the environment: ACTION (add, update or remove), MACADDR, IPADDR, HOSTNAME and DNSMASQ_..., as dnsmasq's script
    on OpenWrt sets them; DEBOUNCED_CONFIG, DEBOUNCED_RUN_DIR and CNAME_UPDATER_RUN_DIR move the files.

    Exit status: 0; 64 a wrong call or an unknown ACTION; 65 a value from the network that is not what it should be;
    69 debounced can't take the request, or dnsmasq does not run; 71 the system refuses something; 73 a file can't be
    written; 75 a watch already runs, or somebody holds a lock for too long; 78 faulty settings.
    """

Process.restoreSignals()

do throws(Fault) {
    let call = try Call(Process.arguments)
    switch call.verb {
    case .help:
        Log.info(usage)
    case .version:
        Log.info("cname-updater \(Process.version)")
    case .request(let job, let waits, let json):
        let outcome = try Context(call.places, takesOver: true).request(job, waits: waits, asJSON: json)
        outcome.print(asJSON: json)
        Process.exit(outcome.status)
    case .flush(let job, let json):
        try Context(call.places).flush(job).print(asJSON: json)
    case .cancel(let job, let json):
        try Context(call.places).cancel(job).print(asJSON: json)
    case .leases(let json):
        try Report(Context(call.places)).printLeases(asJSON: json)
    case .aliases(let json):
        try Report(Context(call.places)).printAliases(asJSON: json)
    case .check(let json):
        if try !Check(call.places).print(asJSON: json) { Process.exit(Fault.Code.settings.status) }
    case .presence(let json):
        try Report(Context(call.places)).printPresence(asJSON: json)
    case .isWatchNeeded:
        if try !Watch.isNeeded(call.places) { Process.exit(1) }
    case .prepare(let confdir):
        try Context(call.places).prepare(confdir)
    case .watch:
        var watch = try Watch(call.places)
        try watch.run()
    case .apply:
        try Context(call.places, takesOver: true).apply()
    case .verify:
        try Context(call.places).verify()
    case .event:
        do throws(Fault) {
            try Backlog(call.places).handleEvent()
        } catch {
            // Under a dispatcher nobody reads our streams.
            Log.system("cname-updater", error.message)
            throw error
        }
    }
} catch {
    Log.fault("cname-updater", error.message, status: error.code.status)
    Process.exit(error.code.status)
}
