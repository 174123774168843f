// The table of all visited states, the way to each state, and the search for loops.
#include "state.h"

struct Next { State s; bool internal, needless; string label; };                                  // internal: needs nothing from outside
static vector<Next> nexts;
static bool labels=false;
static void successors(const State&s);
static void show(const State&s);

static vector<Packed> states; static vector<uint32_t> parent, table(1u<<22,0);                    // table: open addressing, 1 + the state's index
static uint64_t mix(Packed x) { uint64_t a=(uint64_t)x^(uint64_t)(x>>64)*0x9E3779B97F4A7C15ull; a^=a>>29; a*=0xBF58476D1CE4E5B9ull; return a^a>>32; }
static uint32_t place(Packed k) { uint32_t m=(uint32_t)table.size()-1, p=mix(k)&m; while (table[p]&&states[table[p]-1]!=k) p=(p+1)&m; return p; }
static void add(const State&s, uint32_t from) {
 Packed k=pack(s); uint32_t p=place(k); if (table[p]) return;
 states.push_back(k); parent.push_back(from); table[p]=(uint32_t)states.size();
 if (states.size()*2>table.size()) { table.assign(table.size()*2,0); for (uint32_t i=0;i<states.size();i++) table[place(states[i])]=i+1; }
}
static void printStep(uint32_t a, uint32_t b) {
 labels=true; successors(unpack(states[a])); labels=false;
 for (auto&x:nexts) if (pack(x.s)==states[b]) { printf("      %s\n",x.label.c_str()); return; }
}
static void printTrace(uint32_t end) {
 vector<uint32_t> path; for (uint32_t x=end;x;x=parent[x]) path.push_back(x);
 path.push_back(0); reverse(path.begin(),path.end());
 for (size_t j=1;j<path.size();j++) printStep(path[j-1],path[j]);
 show(unpack(states[end]));
}

/// Looks for a loop without input from outside. A full disk does not count: `watch` tries again each second. Returns
/// true if there is no loop.
static bool comesToRest() {
 vector<Byte> colour(states.size(),0); vector<pair<uint32_t,vector<uint32_t>>> stack;
 auto open=[&](uint32_t i) {
  vector<uint32_t> r; State s=unpack(states[i]); successors(s); colour[i]=1;
  for (auto&x:nexts) if (x.internal&&!s.full) r.push_back(table[place(pack(x.s))]-1);
  stack.push_back({i,r});
 };
 for (uint32_t root=0;root<states.size();root++) if (!colour[root]) for (open(root);!stack.empty();) {
  auto&top=stack.back();
  if (top.second.empty()) { colour[top.first]=2; stack.pop_back(); continue; }
  uint32_t kid=top.second.back(); top.second.pop_back();
  if (!colour[kid]) open(kid);
  else if (colour[kid]==1) {
   size_t b=stack.size(); while (stack[--b].first!=kid) {}
   for (;b+1<stack.size();b++) printStep(stack[b].first,stack[b+1].first);
   printStep(stack.back().first,kid); return false;
  }
 }
 return true;
}
