import Basics
import Configuration
import Linux
struct Watch { init(_ p: Places) {}
 func run() throws(Fault) {} }
