// Explores every state of a small world around the updater's reconcile: updaters, `watch`, the daemon with its
// `verify`, dnsmasq, and other programs that restart dnsmasq, fill the disk, remove a folder, or kill a process before
// any step. README.md says how to run it.
#include "explore.h"

static bool belief=false, harm=false;       // set by a step that breaks a row
#define EMIT(s, internal, text) nexts.push_back({s,internal,false,labels?string(text):string()})
static string num(int n) { return to_string(n); }

static int fragment(int i) { return SHARED ? 0 : i; }
static int fragments() { return SHARED ? 1 : INSTANCES; }
static int digest(const State&s, int kind) { return HOSTS&&kind==2 ? (s.folder ? 1+s.folder : MISSING) : kind; }
static int onDisk(const State&s, int f) { return digest(s,s.disk[f]); }
static int kindWanted(const State&s, int f) { return s.out[f]==1+s.truth[f] ? 0 : s.truth[f]; }
static bool marked(const State&s) { return s.mark||s.working; }
static bool chosen(const State&s, int f) { for (int i=0;i<INSTANCES;i++) if (s.down>>i&1&&fragment(i)==f) return true; return false; }
static bool kills(const State&s, int i, int content) { int p=s.poison[i]; return p==3||(p==1&&content==1)||(p==2&&content>0); }
/// The folder may have changed without a later reconcile.
static bool unnoticed(const State&s) { return HOSTS&&(s.wake||!s.watching||s.mark||s.watcher==MARK||s.watcher==LOCK); }

/// What process `i` has loaded, as far as the lock holder can tell.
static int loaded(const State&s, int i, bool before) {
 int f=fragment(i);
 if (!s.proc[i]) return NONE;
 if (s.line[i]!=NONE) return s.line[i];
 if (s.changing[f]||(before&&EVIDENCE&&s.proc[i]!=UP)) return UNKNOWN;
 if (HOSTS&&SAVED&&(onDisk(s,f)==MISSING||s.saved!=onDisk(s,f))) return UNKNOWN;
 return onDisk(s,f);
}

static vector<pair<char,int>> steps;       // PROG, with one step for each instance (L, l) or each fragment (c, H, R, s)
static void forget(State&s) { s.differs=0; for (int i=0;i<2;i++) s.want[i]=s.seen[i]=s.look[i]=s.fresh[i]=0; }
static void endRun(State&s) { s.run=0; s.phase=READY; s.down=0; s.old[0]=s.old[1]=0; }
static void stop(State&s, int slot) { pc(s,slot)=IDLE; if (s.lock==slot+1) { s.lock=0; forget(s); } if (slot==VERIFIER) s.mode=PLAIN; }
static void advance(State&s, int slot) {
 Byte&p=pc(s,slot);
 for (p++; p-FIRST<(int)steps.size(); p++) {
  auto [c,k]=steps[p-FIRST];
  if (strchr("LA",c) ? s.differs!=0 : strchr("cHRs",c) ? s.differs>>k&1 : true) return;
 }
 p=REMOVE;
}
static bool needs(const State&s, int i) { return s.look[i]!=NONE&&s.look[i]!=s.want[fragment(i)]; }

/// One step of the process in `slot`.
static void reconcile(const State&s, int slot) {
 static const string names[]={"U0: ","U1: ","watch: ","verify: "};
 const string&n=names[slot]; State t=s; Byte&p=pc(t,slot);
 bool put=slot==VERIFIER&&s.mode!=PLAIN;                                 // verify leaves aliases out, or puts them back
 auto fails=[&](const char*what, bool withdraw=false) {
  State e=s; stop(e,slot); if (withdraw) e.pending=0;
  if (slot==WATCHER&&MEMORY) e.wake=1;
  if (slot==VERIFIER) endRun(e);
  EMIT(e,true,n+"DISK FULL, "+what+" fails, ends");
 };
 switch (p) {
 case MARK:
  p=LOCK;
  if (s.full) { fails("mark"); State e=t; if (slot==WATCHER&&MEMORY) e.wake=1; EMIT(e,true,n+"DISK FULL, no mark, goes on"); }
  t.mark=MARKFIRST; EMIT(t,true,n+"makes mark"); return;
 case LOCK:
  if (!s.lock) { t.lock=slot+1; p=TAKE; EMIT(t,true,n+"locks"); }
  else if (slot==VERIFIER) {}                                            // waits
  else if (!MARKFIRST) { p=LEAVE; EMIT(t,true,n+"lock taken"); }
  else { stop(t,slot); EMIT(t,true,n+"lock taken, ends"); }
  return;
 case LEAVE: t.mark=1; if (WSTATE&&slot!=WATCHER) t.wake=1; stop(t,slot); EMIT(t,true,n+"leaves mark, ends"); return;
 case TAKE: if (MARKTAKE&&t.mark) t.working=1; t.mark=0; p=FIRST; EMIT(t,true,n+"mark becomes working"); return;
 case REMOVE: t.working=0; p=UNLOCK; EMIT(t,true,n+"removes working"); return;
 case UNLOCK: t.lock=0; forget(t); p=CHECK; EMIT(t,true,n+"unlocks"); return;
 case CHECK: if (s.mark) p=LOCK; else stop(t,slot); EMIT(t,true,n+"looks for mark"); return;
 }
 auto [c,k]=steps[p-FIRST];
 switch (c) {
 case 'T':
  t.differs=0;
  for (int f=0;f<fragments();f++) {
   int kind=kindWanted(s,f); bool differs=s.changing[f]||(s.out[f]&&s.out[f]!=1+s.truth[f]);
   if (put&&chosen(s,f)) {                                               // a verdict that is not saved yet is a change, too
    kind=s.mode==LEAVEOUT ? 0 : s.truth[f];
    if (s.mode==LEAVEOUT ? s.out[f]!=1+s.truth[f] : s.out[f]!=0) differs=true;
    for (int i=0;i<INSTANCES;i++) if (s.mode==RESTORE&&INNOCENT&&s.down>>i&1&&fragment(i)==f&&!s.innocent[i]) differs=true;
   }
   t.seen[f]=s.truth[f]; t.want[f]=digest(s,kind);
   if (differs||s.disk[f]!=kind||t.want[f]==MISSING||(HOSTS&&SAVED&&s.saved!=onDisk(s,f))) t.differs|=1<<f;
  }
  advance(t,slot); EMIT(t,true,n+"reads truth"+(t.differs?", differs: "+num(t.differs):"")); return;
 case 'L': case 'l':
  t.look[k]=loaded(s,k,c=='L'&&s.differs>>fragment(k)&1); t.fresh[k]=s.proc[k]!=GONE;
  advance(t,slot); EMIT(t,true,n+"looks at process "+num(k)+" -> "+num(t.look[k])); return;
 case 'c': case 's':
  if (s.full) return fails("state");
  for (int i=0;i<INSTANCES;i++) if (fragment(i)==k) {
   if (s.fresh[i]) t.line[i]=s.look[i];
   if (put&&s.mode==RESTORE&&s.down>>i&1&&INNOCENT) t.innocent[i]=1;
   if (c=='c') t.spared[i]=0;
  }
  if (c=='s') { if (HOSTS) t.saved=s.want[0]; }
  else { t.out[k]=put&&chosen(s,k) ? (s.mode==LEAVEOUT ? 1+s.seen[k] : 0) : s.out[k]==1+s.seen[k] ? s.out[k] : 0; if (WSTATE&&slot!=WATCHER) t.wake=1; }
  t.changing[k]=c=='c'; advance(t,slot); EMIT(t,true,n+"saves "+(c=='c'?"CHANGING ":"SETTLED ")+num(k)); return;
 case 'A': case 'D': {
  bool any=false, over=false;                                            // over: passes over a process that verify has just called down
  for (int i=0;i<INSTANCES;i++) {
   if (c=='D'&&s.fresh[i]&&s.look[i]<MISSING&&s.proc[i]>=HASREAD&&s.loaded[i]!=s.look[i]&&!unnoticed(s)) belief=true;
   if (!needs(s,i)) continue;
   bool untouched=slot==VERIFIER&&!put&&VERIFY&&s.old[i];
   if (untouched&&SPARE&&c=='D') t.spared[i]=1;
   if (PASSOVER&&put&&s.down>>i&1) over=true; else if (!untouched&&!s.spared[i]&&(ONEDECISION||c=='A'||i==INSTANCES-1)) any=true;
  }
  if (any&&s.full) { fails("request",!KEEP); if (!s.pending) return; }
  if (any) t.pending=1; else if (c=='D'&&!(over&&KEEP)) t.pending=0;
  advance(t,slot); EMIT(t,true,n+(any?"needs the request":c=='A'?"no request before":over?"leaves the request as it is":"withdraws")); return; }
 case 'H':
  if (s.want[k]>=2&&!s.folder) {
   if (s.full) return fails("folder");
   for (int g=1;!t.folder;g++) {                                         // the smallest inode that nothing here refers to
    if (g>3) { fprintf(stderr,"too few inodes\n"); exit(2); }
    bool used=s.saved==1+g;
    for (int i=0;i<2;i++) used|=(s.proc[i]>=HASREAD&&s.loaded[i]==1+g)||s.line[i]==1+g||s.look[i]==1+g||s.want[i]==1+g||s.ran[i]==1+g;
    if (!used) t.folder=g;
   }
  }
  if (s.want[k]>=2) t.want[k]=1+t.folder;
  advance(t,slot); EMIT(t,true,n+"folder "+num(t.folder)+(t.folder==s.folder?"":" MADE")); return;
 case 'R':
  if (s.full) return fails("draft");
  t.disk[k]=HOSTS&&s.want[k]>=2 ? 2 : s.want[k]; advance(t,slot); EMIT(t,true,n+"RENAMES fragment "+num(k)+" -> "+num(s.want[k])); return;
 case 'x': {
  bool unused=s.folder&&s.want[0]<2;
  for (int i=0;i<INSTANCES;i++) if (LATERM&&needs(s,i)) unused=false;
  for (int i=0;i<INSTANCES;i++) if (unused&&s.proc[i]>=HASREAD&&s.loaded[i]==1+s.folder) harm=true;
  if (unused) t.folder=0;
  advance(t,slot); EMIT(t,true,n+(unused?"REMOVES the folder":"leaves the folder")); return; }
 }
}

static void endProcess(State&s, int i) { s.proc[i]=GONE; s.loaded[i]=0; s.line[i]=NONE; s.old[i]=s.spared[i]=0; }
static void tell(State&s, int i) { s.told[i]=1; s.gave[i]=0; s.wake=1; }
static void tellAll(State&s) { if (!NOP) for (int i=0;i<INSTANCES;i++) tell(s,i); }
static void startVerifier(State&s, int mode, int phase) { s.verifier=MARK; s.mode=mode; s.phase=phase; }
/// Instance `i` ran before, is down, and has aliases that may be the reason.
static bool blamed(const State&s, int i) { int d=onDisk(s,fragment(i)); return s.proc[i]<HASREAD&&!s.innocent[i]&&d!=0&&(UNCHANGED||s.ran[i]!=d); }

static void daemonSteps(const State&s) {
 State t=s; bool calm=true;                                              // calm: nothing more happens to any instance
 for (int i=0;i<INSTANCES;i++) if (s.told[i]||(s.proc[i]<HASREAD&&!s.gave[i])) calm=false;
 if (!s.daemon) {
  t.daemon=t.event=1; t.run=0; t.phase=READY;
  if (s.run) t.pending=1;
  if (!s.verifier) endRun(t);
  EMIT(t,true,"daemon comes back, puts causes back"); return;
 }
 bool idle=!s.updater[0]&&!s.updater[1]&&!s.watcher&&!s.event&&!s.other&&!s.full&&(!WATCH||(s.watching&&!s.wake&&!(RETRY&&marked(s))));
 if (s.phase==READY&&s.pending&&!s.verifier&&(!QUIET||(idle&&calm))) {
  bool needless=true;
  for (int i=0;i<INSTANCES;i++) {
   int f=fragment(i); if (VERIFY) t.old[i]=s.proc[i]!=GONE;
   if (s.told[i]||s.proc[i]<HASREAD||s.loaded[i]!=onDisk(s,f)||s.disk[f]!=kindWanted(s,f)) needless=false;
  }
  t.pending=0; t.run=1; t.phase=COMMAND; EMIT(t,true,needless?"daemon: takes the request (NEEDLESS)":"daemon: takes the request");
  nexts.back().needless=needless;
 }
 if (s.phase==COMMAND) {
  t=s; t.phase=VERDICT; tellAll(t); EMIT(t,true,NOP?"run: the command restarts nothing":"run: procd is told to restart all");
  if (s.X) { t=s; t.X--; endRun(t); t.pending=1; EMIT(t,false,"run fails without effect; put back"); }
  if (s.X&&PARTIAL) { t=s; t.X--; t.phase=VERDICT; tell(t,0); EMIT(t,false,"run: procd is told to restart 0 only"); }
 }
 if (s.phase==VERDICT||s.phase==ALONE) for (int early=!calm;early<=(VERIFY&&s.X);early++) {       // early: 12 s have passed all the same
  t=s; t.X-=early; int down=0, fine=0;                                   // fine: fragments with an instance that runs without its aliases
  for (int i=0;i<INSTANCES;i++) {
   if (s.phase==VERDICT) down|=(VERIFY&&blamed(s,i))<<i;
   else if (s.down>>i&1) (s.proc[i]<HASREAD ? down : fine)|=1<<(s.proc[i]<HASREAD ? i : fragment(i));
  }
  for (int i=0;i<INSTANCES;i++) if (fine>>fragment(i)&1) down&=~(1<<i);
  t.down=down;
  if (!down) startVerifier(t,PLAIN,LAST); else if (s.phase==VERDICT) startVerifier(t,LEAVEOUT,LEAVING); else startVerifier(t,RESTORE,PUTTING);
  EMIT(t,!early,string("verify: ")+(!down?"fine":s.phase==VERDICT?"down, LEAVES OUT":"still down, PUTS BACK")+(early?" (early), instances ":", instances ")+num(down));
 }
 t=s;
 if (!s.verifier) {
  if (s.phase==LEAVING) { t.phase=ALONE; for (int i=0;i<INSTANCES;i++) if (s.down>>i&1) tell(t,i); EMIT(t,true,"verify: restarts instances "+num(s.down)+" alone"); }
  if (s.phase==PUTTING) { startVerifier(t,PLAIN,LAST); t.down=0; EMIT(t,true,"verify: reconciles at its end"); }
  if (s.phase==LAST) { endRun(t); EMIT(t,true,"run ends"); }
  if (VERIFY&&WATCH&&s.phase==READY&&s.watching&&!s.pending) for (int i=0;i<INSTANCES;i++) if (s.gave[i]&&blamed(s,i)) {
   t=s; t.down=1<<i; startVerifier(t,LEAVEOUT,LEAVING); EMIT(t,true,"watch: "+num(i)+" is down, LEAVES OUT");
  }
 }
 if (s.K) {
  t=s; t.K--; t.daemon=0; EMIT(t,false,"KILL daemon");
  if (s.phase==COMMAND) { tellAll(t); EMIT(t,false,"KILL daemon, its command goes on"); }
 }
}

static void dnsmasqSteps(const State&s, int i) {
 static const string names[]={"dnsmasq 0: ","dnsmasq 1: "}; const string&n=names[i];
 State t=s; int c=onDisk(s,fragment(i));
 if (s.told[i]&&s.proc[i]) { endProcess(t,i); EMIT(t,true,n+"old process ends"); }
 if (!s.proc[i]&&!s.gave[i]) { t=s; t.proc[i]=FORKED; t.told[i]=0; t.line[i]=NONE; t.fresh[i]=0; EMIT(t,true,n+"forked"); }
 if (s.proc[i]==FORKED) {
  t=s;
  if (kills(s,i,c)) { endProcess(t,i); t.gave[i]=!s.told[i]; EMIT(t,true,n+"reads "+num(c)+" and DIES OF IT"); }
  else { t.proc[i]=HASREAD; t.loaded[i]=c; EMIT(t,true,n+"reads its files -> "+num(c)); }
 }
 if (s.proc[i]==HASREAD) {
  t=s; t.proc[i]=UP; if (VERIFY) { t.ran[i]=s.loaded[i]; t.innocent[i]=0; }
  if (REPLAY&&s.truth[fragment(i)]) t.event=1; else t.other=1;
  EMIT(t,true,n+"up, replays");
 }
 if (s.X) {
  t=s; t.X--; tell(t,i); EMIT(t,false,"SOMEBODY restarts "+num(i));
  if (s.proc[i]) { t=s; t.X--; endProcess(t,i); EMIT(t,false,n+"CRASHES"); }
  if (s.gave[i]) { t=s; t.X--; t.gave[i]=0; EMIT(t,false,"procd tries "+num(i)+" again"); }
 }
 if (s.Q) for (int p=0;p<4;p++) if (p!=s.poison[i]) { t=s; t.Q--; t.poison[i]=p; EMIT(t,false,"POISON of "+num(i)+" := "+num(p)); }
}

static void successors(const State&s) {
 nexts.clear(); belief=harm=false; State t;
 if (s.T) for (int a=0;a<=CONTENTS;a++) for (int b=0;b<=(fragments()==2?CONTENTS:0);b++) {
  t=s; t.truth[0]=a; if (fragments()==2) t.truth[1]=b;
  if (t.truth[0]==s.truth[0]&&t.truth[1]==s.truth[1]) continue;
  t.T--; t.event=t.wake=1; EMIT(t,false,"TRUTH := "+num(a)+(fragments()==2?" "+num(b):""));
 }
 if (s.E) { t=s; t.E--; t.full=1; EMIT(t,false,"DISK IS FULL"); }
 if (s.full) { t=s; t.full=0; EMIT(t,true,"disk has room again"); }
 if (s.F&&s.folder) {
  t=s; t.F--; t.folder=0; t.wake=1; EMIT(t,false,"SOMEBODY removes the folder");
  if (FOREIGN) { t.folder=s.folder==1 ? 2 : 1; EMIT(t,false,"SOMEBODY puts another folder there"); }
 }
 for (int e=0;e<2;e++) if (e?s.other:s.event) {
  t=s; (e?t.other:t.event)=0;
  if (e&&!marked(s)) { EMIT(t,true,"event that changes nothing: ends"); continue; }
  for (int i=0;i<UPDATERS;i++) if (!s.updater[i]) { t.updater[i]=MARK; EMIT(t,true,(e?"other event -> U":"target's event -> U")+num(i)); break; }
 }
 if (s.K&&s.event) { t=s; t.event=0; t.K--; EMIT(t,false,"KILL before the event's updater starts"); }
 t=s;
 if (WATCH&&!s.watching) { t.watching=t.wake=1; EMIT(t,true,"watch comes back"); }
 else if (WATCH&&!s.watcher&&s.wake) { t.wake=0; t.watcher=MARK; EMIT(t,true,"watch wakes"); }
 else if (WATCH&&!s.watcher&&RETRY&&marked(s)&&!s.lock) { t.watcher=MARKFIRST?LOCK:MARK; EMIT(t,true,"watch finds the mark and a free lock"); }
 for (int slot=0;slot<4;slot++) {
  t=s; if (!pc(t,slot)) continue;
  reconcile(s,slot);
  if (!s.K) continue;
  t.K--; stop(t,slot); if (slot==WATCHER) t.watching=0;
  if (slot==VERIFIER) { t.wake|=PUTBACK; if (PUTBACK&&s.run&&s.daemon) t.pending=1; endRun(t); }
  EMIT(t,false,"KILL "+(slot<2?"U"+num(slot):slot==WATCHER?"watch":"verify"));
 }
 daemonSteps(s);
 for (int i=0;i<INSTANCES;i++) dnsmasqSteps(s,i);
}

static void show(const State&s) {
 for (int f=0;f<fragments();f++) printf("      => fragment %d: truth %d, disk %d, %s, out %d\n",f,s.truth[f],onDisk(s,f),s.changing[f]?"CHANGING":"settled",s.out[f]);
 for (int i=0;i<INSTANCES;i++) printf("      => process %d: phase %d, loaded %d, line %d, gave up %d, innocent %d, spared %d\n",i,s.proc[i],s.loaded[i],s.line[i],s.gave[i],s.innocent[i],s.spared[i]);
 printf("      => lock %d, mark %d, working %d, pending %d, run %d, phase %d, wake %d, full %d\n",s.lock,s.mark,s.working,s.pending,s.run,s.phase,s.wake,s.full);
}

int main(int argc, char**argv) {
 int LOOPS=0, TRACE=1, MILLIONS=100;
 struct { const char*name; int*value; } options[]={
#define O(n) {#n,&n},
  O(INSTANCES)O(SHARED)O(CONTENTS)O(UPDATERS)O(T0)O(K0)O(X0)O(FULL)O(RM)O(POISON)O(WATCH)O(QUIET)O(HOSTS)O(FOREIGN)O(REPLAY)O(VERIFY)O(NOP)O(PARTIAL)
  O(MARKFIRST)O(MARKTAKE)O(EVIDENCE)O(RETRY)O(WSTATE)O(ONEDECISION)O(SAVED)O(MEMORY)O(KEEP)O(INNOCENT)O(SPARE)O(PUTBACK)O(LATERM)O(PASSOVER)O(UNCHANGED)
  O(LOOPS)O(TRACE)O(MILLIONS)};
 for (int a=1;a<argc;a++) {
  string x=argv[a]; size_t e=x.find('='); string name=x.substr(0,e), value=e==string::npos ? "1" : x.substr(e+1); bool known=name=="PROG";
  if (known) PROG=value;
  for (auto&o:options) if (name==o.name) { *o.value=atoi(value.c_str()); known=true; }
  if (!known) { fprintf(stderr,"unknown option %s\n",x.c_str()); return 2; }
  printf("%s ",x.c_str());
 }
 int bits=0; for (Byte w:width) bits+=w;
 if (bits>128||(HOSTS&&fragments()==2)||(HOSTS&&VERIFY)) { fprintf(stderr,"too big\n"); return 2; }
 for (char c:PROG) for (int k=0;k<(strchr("Ll",c)?INSTANCES:strchr("cHRs",c)?fragments():1);k++) if (HOSTS||!strchr("Hx",c)) steps.push_back({c,k});
 State z; memset(&z,0,sizeof z); z.daemon=z.watching=1; z.T=T0; z.K=K0; z.X=X0; z.E=FULL; z.F=RM; z.Q=POISON; z.saved=HOSTS; z.line[0]=z.line[1]=NONE;
 for (int i=0;i<INSTANCES;i++) { z.proc[i]=UP; z.loaded[i]=z.truth[fragment(i)]=z.disk[fragment(i)]=1; z.ran[i]=VERIFY; }
 enum { INVARIANT, GOAL, LOST, BELIEF, SAVEDLINE, FOLDER, NEEDLESS, ROWS };
 struct { const char*name; long count; uint32_t at; } rows[ROWS]={{"I invariant (loaded != disk => pending, run, mark, working or changing)",0,0},{"L goal at rest",0,0},
  {"L at rest: disk == loaded",0,0},{"B belief: a look is what is loaded",0,0},{"B a saved line is what is loaded",0,0},{"F no folder is removed while a process uses it",0,0},
  {"N needless restarts (no kill, nothing from outside; says nothing with QUIET=0)",0,0}};
 add(z,0); long transitions=0; bool cut=false, good=true;
 for (uint32_t i=0;i<states.size()&&!cut;i++) {
  State s=unpack(states[i]); successors(s); transitions+=(long)nexts.size(); cut=states.size()>MILLIONS*1000000ull;
  auto hit=[&](int p) { if (!rows[p].count++) rows[p].at=i; };
  bool rest=true, fine=!(s.folder&&kindWanted(s,0)<2), equal=true;
  for (int j=0;j<INSTANCES;j++) {
   int f=fragment(j), d=onDisk(s,f); bool reads=s.proc[j]>=HASREAD;
   if (reads&&s.loaded[j]!=d&&!s.pending&&!s.run&&!s.told[j]&&!s.phase&&!s.spared[j]&&!marked(s)&&!s.changing[f]&&d!=MISSING&&!(FOREIGN&&unnoticed(s))) hit(INVARIANT);
   if (reads&&s.line[j]<MISSING&&s.loaded[j]!=s.line[j]) hit(SAVEDLINE);
   // Excused: the instance is down, and not because of an alias, or the last run did not touch it.
   bool excused=s.spared[j]||(s.gave[j]&&(s.innocent[j]||d==0||!kills(s,j,d)||(!UNCHANGED&&s.ran[j]==d)));
   if (s.disk[f]!=kindWanted(s,f)||d==MISSING) fine=false;
   if (!excused&&(!reads||s.loaded[j]!=d)) fine=equal=false;
  }
  if (belief) hit(BELIEF);
  if (harm) hit(FOLDER);
  for (auto&x:nexts) { rest&=!x.internal; if (x.needless&&s.K==K0&&s.X==X0&&s.E==FULL&&s.F==RM&&s.Q==POISON) hit(NEEDLESS); add(x.s,i); }
  if (rest&&!fine) hit(equal?LOST:GOAL);
 }
 printf(": %zu states, %ld transitions%s\n",states.size(),transitions,cut?", CUT OFF":"");
 for (auto&r:rows) {
  bool counts=&r!=&rows[NEEDLESS]; good&=!counts||!r.count;
  printf("  %-80s %s (%ld)\n",r.name,counts?r.count?"FAILS":"holds":"count",r.count);
  if (r.count&&TRACE&&(counts||TRACE>1)) printTrace(r.at);
 }
 if (LOOPS&&!cut) { bool rest=comesToRest(); good&=rest; printf("  %-80s %s\n","C whatever starts comes to rest",rest?"holds":"FAILS, by the loop above"); }
 return cut ? 2 : !good;
}
