// The state of the world of reconcile.cpp, packed into 128 bits, and the options that say what the world has and what the code does.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
using namespace std;
typedef unsigned __int128 Packed;
typedef uint8_t Byte;

// How big the world is. SHARED: both instances read one conf-dir. CONTENTS: the highest content.
static int INSTANCES=1, SHARED=0, CONTENTS=1, UPDATERS=1;
// How often the outside acts: changes of the truth, kills, restarts by others, full disks, removed folders, fatal contents.
static int T0=2, K0=1, X0=1, FULL=0, RM=0, POISON=0;
// The world. QUIET: the quiet time is longer than any updater. HOSTS: content 2 is a folder. FOREIGN: other programs make a new folder.
// REPLAY: a replayed lease of a target reconciles. VERIFY: verify judges. NOP: the job's command restarts nothing. PARTIAL: or the first instance only.
static int WATCH=1, QUIET=0, HOSTS=0, FOREIGN=0, REPLAY=1, VERIFY=0, NOP=0, PARTIAL=0;
// The code. The other value plants a fault.
// MARKFIRST: the mark is made before the lock is tried. MARKTAKE: the mark is renamed, not removed. EVIDENCE: a process that still reads is unknown.
// RETRY: watch follows a mark. WSTATE: watch follows the state files. ONEDECISION: one decision for all instances. SAVED: the state file has the digest.
// MEMORY: watch remembers that it failed. KEEP: a failed request withdraws nothing. INNOCENT, SPARE: these verdicts are saved.
// PUTBACK: a killed verify is a failed run. LATERM: the folder is removed when no process needs anything.
// PASSOVER: a put of verify does not ask for a process that verify has called down.
// UNCHANGED (both values are right): aliases are left out even if the instance last ran with this fragment.
static int MARKFIRST=1, MARKTAKE=1, EVIDENCE=1, RETRY=1, WSTATE=1, ONEDECISION=1, SAVED=1, MEMORY=1, KEEP=1;
static int INNOCENT=1, SPARE=1, PUTBACK=1, LATERM=1, PASSOVER=0, UNCHANGED=0;
// The steps of the lock holder: T read the truth, L look at the processes, c save `changing`, A add the request, H make the folder, R rename the
// fragment, l look again, D decide, s save `settled`, x remove the folder.
static string PROG="TLcAHRlDsx";

// A content is 0 (no alias), 1 or 2. With HOSTS, a fragment that names a folder is 2, 3 or 4, by the folder's inode, or 5 if the folder is missing.
enum { MISSING=5, UNKNOWN=6, NONE=7 };
enum { IDLE, MARK, LOCK, LEAVE, TAKE, FIRST, REMOVE=29, UNLOCK=30, CHECK=31 };                    // steps of a process that reconciles
enum { WATCHER=2, VERIFIER=3 };                                                                   // its slot; 0 and 1 are updaters
enum { READY, COMMAND, VERDICT, LEAVING, ALONE, PUTTING, LAST };                                  // phases of a run
enum { GONE, FORKED, HASREAD, UP };                                                               // phases of a process of dnsmasq
enum { PLAIN, LEAVEOUT, RESTORE };                                                                // what verify's put is for
#define FIELDS(ONE, TWO) \
 /* per fragment; out: 1 + the truth that is left out */ \
 TWO(truth,2) TWO(disk,2) TWO(changing,1) TWO(out,2) ONE(saved,3) ONE(folder,2) \
 /* per instance; line: its line in the state file; told: procd must restart it; gave: its content killed it; old: it ran at the start of the run */ \
 TWO(proc,2) TWO(loaded,3) TWO(line,3) TWO(told,1) TWO(gave,1) TWO(ran,3) TWO(innocent,1) TWO(poison,2) TWO(old,1) TWO(spared,1) \
 /* memory of the lock holder; fresh: what was seen is still about the running process */ \
 TWO(want,3) TWO(seen,2) TWO(look,3) TWO(fresh,1) ONE(differs,2) \
 ONE(lock,3) ONE(mark,1) ONE(working,1) ONE(pending,1) ONE(run,1) ONE(phase,3) ONE(daemon,1) ONE(event,1) ONE(other,1) ONE(watching,1) ONE(wake,1) \
 ONE(full,1) ONE(mode,2) ONE(down,2) ONE(T,2) ONE(K,2) ONE(X,2) ONE(E,1) ONE(F,2) ONE(Q,1) TWO(updater,5) ONE(watcher,5) ONE(verifier,5)
#define ONE(n,b) Byte n;
#define TWO(n,b) Byte n[2];
struct State { FIELDS(ONE,TWO) };
#undef ONE
#undef TWO
#define ONE(n,b) b,
#define TWO(n,b) b,b,
static const Byte width[]={FIELDS(ONE,TWO)};
static Byte& pc(State&s, int slot) { return slot<2 ? s.updater[slot] : slot==WATCHER ? s.watcher : s.verifier; }
static Packed pack(const State&s) {
 Packed r=0; int at=0; const Byte*p=(const Byte*)&s;
 for (size_t i=0;i<sizeof width;i++) { r|=(Packed)p[i]<<at; at+=width[i]; }
 return r;
}
static State unpack(Packed r) {
 State s; Byte*p=(Byte*)&s;
 for (size_t i=0;i<sizeof width;i++) { p[i]=(Byte)(r&((1u<<width[i])-1)); r>>=width[i]; }
 return s;
}
