import Basics
import Configuration
import Linux

/// `debounced check`: the settings in force, as a settings file that says the same.
enum Check {
    static func print(_ call: Call) throws(Fault) {
        let settings = try call.settings()
        if call.jobs.isEmpty, try FileStatus(at: call.places.config) == nil {
            Log.info("# no file \(call.places.config): the built-in settings")
        }
        Log.info(settings.text)
    }
}
