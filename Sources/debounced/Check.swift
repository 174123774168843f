import Basics
import Configuration
import Linux

/// `debounced check`: prints the settings of the file as the daemon understands them, and what is wrong with them.
/// - Throws: `settings` if the system can't read a file now; `cannotCreate`.
func check(_ call: Call) throws(Fault) {
    var findings = Findings()
    let settings = try call.settings(findings: &findings)
    if call.wantsJSON {
        Log.info(ByteString(json: "now findings", [Process.now.json, findings.json]))
    } else {
        for finding in findings.all { Log.error("debounced: \(finding.message)") }
    }
    guard findings.areHarmless else { Process.exit(Fault.Code.settings.status) }
    if call.wantsJSON { return }
    if call.jobs.isEmpty, try FileStatus(at: call.places.config) == nil {
        Log.info("# no file \(call.places.config): the built-in settings")
    }
    Log.info(settings.shown)
}
