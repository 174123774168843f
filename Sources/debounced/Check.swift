import Basics
import Configuration
import Linux

/// `debounced check`: the settings of the file as they are understood, and what is wrong with them.
enum Check {
    /// - Returns: Whether nothing has to be mended.
    /// - Throws: `settings` if the system can't read a file now; `cannotCreate`.
    static func print(_ call: Call, asJSON: Bool) throws(Fault) -> Bool {
        var findings = Findings()
        let settings = try call.settings(&findings)
        if asJSON {
            var object = JSONObject()
            object.add("now", Process.now.json)
            object.add("findings", findings.json)
            Log.info(object.json)
            return findings.areHarmless
        }
        for finding in findings.all { Log.error("debounced: \(finding.message)") }
        guard findings.areHarmless else { return false }
        if call.jobs.isEmpty, try FileStatus(at: call.places.config) == nil {
            Log.info("# no file \(call.places.config): the built-in settings")
        }
        Log.info(settings.shown)
        return true
    }
}
