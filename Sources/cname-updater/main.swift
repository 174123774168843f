// Records a lease event and asks debounced for the job if something changed; or just asks.

import Basics
import Configuration
import Linux

let usage: ByteString = """
    usage: cname-updater [OPTION]...                  handles one lease event if ACTION is set, else asks for the job
           cname-updater request|flush|cancel [JOB]   asks for the job; runs what is pending now; forgets it
           cname-updater leases|aliases [--json]      what it knows: who has which address, and where each alias leads
           cname-updater check                        what is wrong with the settings and with the reservations of DHCP
           cname-updater watch                        keeps asking whether the targets answer that have `probe` set

      --wait           with request: until the run is over; its status is the command's
      --config FILE    the settings, instead of /etc/config/debounced
      --run-dir DIR    where the leases are recorded, instead of /var/run/cname-updater
      --help           this text

    In the environment: ACTION (add, update or remove), MACADDR, IPADDR, HOSTNAME and DNSMASQ_..., as dnsmasq's script
    on OpenWrt sets them; DEBOUNCED_CONFIG, DEBOUNCED_RUN_DIR and CNAME_UPDATER_RUN_DIR move the files.

    Exit status: 0; 64 a wrong call or an unknown ACTION; 65 a value from the network that is not what it should be;
    69 debounced can't take the request; 73 a file can't be written; 75 a watch already runs; 78 faulty settings.
    """

Process.restoreSignals()

do throws(Fault) {
    let call = try Call(Process.arguments())
    switch call.verb {
    case .help:
        Log.info(usage)
    case .request(let job, let waits):
        try Updater(call.places).request(job, waits: waits)
    case .flush(let job):
        try Updater(call.places).flush(job)
    case .cancel(let job):
        try Updater(call.places).cancel(job)
    case .leases(let json):
        try Report(call.places).printLeases(asJSON: json)
    case .aliases(let json):
        try Updater(call.places).printAliases(asJSON: json)
    case .check:
        if try !Check(call.places).print() { Process.exit(Fault.Code.settings.rawValue) }
    case .watch:
        var watch = try Watch(call.places)
        try watch.run()
    case .event:
        do throws(Fault) {
            try Updater(call.places).handleEvent()
        } catch {
            // Under a dispatcher nobody reads our streams.
            Log.system("cname-updater", error.message)
            throw error
        }
    }
} catch {
    Log.error("cname-updater: \(error.message)")
    Process.exit(error.code.rawValue)
}
