// Runs a command after requests for it, once no further request has come for a while.

import Basics
import Configuration
import Dispatch
import Linux

let notes: StaticString = """
      --config FILE         the settings, instead of /etc/config/debounced
      --run-dir DIR         where the FIFO and the state are, instead of /var/run/debounced
      --help                this text
      --version             the package's version

    A request is a line written to the FIFO: request JOB, flush JOB (run what is pending now), cancel JOB, or the job's
    whole command. TERM and INT stop the daemon, HUP reads the settings again, USR1 runs what is pending now.
    In the environment: DEBOUNCED_CONFIG and DEBOUNCED_RUN_DIR move the files.

    Exit status: 0; 64 a wrong call; 69 no daemon runs; 71 the system refuses something; 73 a file can't be made;
    75 one already runs; 78 faulty settings.
    """

let verbs: [Call.Verb] = [
    ("", "", "runs in the foreground", runDaemon),
    ("check", "[--json]", "reads the settings file and prints what it says", check),
    ("status", "[JOB] [--json|--watch]", "what each job is doing; --watch keeps it on the screen", Status.show),
]
Call.run(
    "debounced", words: Process.arguments, verbs: verbs, options: "--run-dir --job --quiet --max-wait --timeout",
    notes: notes)

func runDaemon(_ call: Call) {
    // Before Dispatch starts a thread.
    Process.resetSignals()
    // A closure after `DispatchQueue.main.async` would be isolated to the MainActor, which Embedded Swift lacks.
    let queue = DispatchQueue.main
    queue.async {
        do throws(Fault) {
            try Daemon(call).start()
        } catch {
            error.end("debounced")
        }
    }
    dispatchMain()
}
